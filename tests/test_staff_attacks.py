"""What somebody tries at the staff's page: HTML in all that is shown, paths in names, formulas, others' things."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asked import ask_once
from gradio.components import HTML, Dataframe, Markdown
from handlers import AUTHOR, CALLER, HANDLERS, MARKUP, curated_answer, draft, filled_desk, page_of
from staff_visit import UPLOAD, Visit

from chatbot.desk import drafts, tokens
from chatbot.desk.desk import Desk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with filled_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def visit(desk: Desk) -> Iterator[Visit]:
    with page_of(desk) as visit:
        yield visit


# Words that are HTML. Whoever opens a page that shows them runs what is in them.


def html_of(visit: Visit, number: int, data: list[Any] | None) -> Iterator[str]:
    """What of an answer the browser takes for HTML."""
    for block, value in zip(visit.page.fns[number].outputs, data or [], strict=data is not None):
        if isinstance(block, HTML | Markdown):
            yield str(value)


def test_no_words_of_anybody_are_html(visit: Visit, desk: Desk) -> None:
    shown: dict[str, str] = {}
    for name, handler in HANDLERS.items():
        data, event = handler.given(visit, desk)
        number = visit.numbers[name][0]
        replies = [visit.queue(visit.body(number, data, event)) for _ in range(2)]  # the second has often an error
        shown[name] = "\n".join(
            text for reply in replies for text in (*html_of(visit, number, reply.data), *reply.notes, reply.error or "")
        )
    assert [name for name, html in shown.items() if MARKUP.partition(" ")[0] in html] == []
    escaped = {name for name, html in shown.items() if MARKUP.replace("<", "&lt;") in html}
    assert escaped >= {
        "curated_tab.show", "gaps_tab.choose", "gaps_tab.explained", "messages_tab.open_one", "_drafts.open_one",
        "publish_pane.do_look", "versions_pane.show", "saved_tab.show", "people_tab.on.handle: Add",
    }  # fmt: skip


def test_no_table_of_the_page_takes_a_cell_for_html(visit: Visit) -> None:
    tables = [block for block in visit.page.blocks.values() if isinstance(block, Dataframe)]
    assert tables
    for table in tables:
        kinds = {table.datatype} if isinstance(table.datatype, str) else {*table.datatype}
        assert kinds <= {"str", "number"}


# Names that are paths.


@pytest.mark.parametrize(
    "name",
    [
        "../../out.md",
        "/tmp/out.md",
        "..\\..\\out.md",
        "C:\\out.md",
        "out\0.md",
        "%2e%2e%2fout.md",
        "....//out.md",
        "..md",
    ],
)
def test_a_file_is_kept_under_a_plain_name_or_refused(name: str, visit: Visit, desk: Desk) -> None:
    before = set(desk.settings.data.parent.rglob("*"))
    content = b"# Out\n\n## Care\n\nStay in.\n"
    sent = visit.client.post(UPLOAD, files={"files": (name, content, "text/markdown")})
    assert sent.status_code in (200, 400, 422)
    for path in sent.json() if sent.status_code == 200 else []:
        assert ".." not in Path(path).parts
        visit.call("_drafts.do_upload", {"path": path, "meta": {"_type": "gradio.FileData"}}, "(a new document)")
    for one in drafts.open_drafts(desk, AUTHOR):
        assert not set(one.path) & {"/", "\\", "\0", ":"}
        assert not one.path.startswith(".")
        if one.owner == CALLER.name:
            drafts.discard(desk, CALLER, one)
    assert set(desk.settings.data.parent.rglob("*")) == before  # it is in the store, and nowhere else


# Formulas, which a spreadsheet would compute.


def test_a_patients_question_is_no_formula_in_the_file_of_gaps(visit: Visit, desk: Desk) -> None:
    ask_once(desk.store, '=HYPERLINK("https://evil.example","pay")', at=datetime.now(UTC))
    reply = visit.call("gaps_tab.saved", "Open")
    assert reply.data is not None
    (line,) = [line for line in reply.data[1].splitlines() if "HYPERLINK" in line]
    assert "\"'=HYPERLINK" in line


# What is somebody else's, or was never opened.


def test_nobody_ends_somebody_elses_token(visit: Visit, desk: Desk) -> None:
    token = tokens.make_token(desk.store, AUTHOR, "mine")
    (theirs,) = tokens.own_tokens(desk.store, AUTHOR)
    shown = visit.call("tokens_part.show")
    assert "mine" not in shown.text
    assert visit.call("tokens_part.end_one", theirs.key).error is not None
    assert tokens.person_with(desk.store, token, datetime.now(UTC)) is not None


def test_what_a_browser_says_that_it_has_open_counts_for_nothing(visit: Visit, desk: Desk) -> None:
    """The server keeps what was opened, so that what is approved is what was read."""
    answer, made = curated_answer(desk), draft(desk)
    seen = {name: getattr(made, name) for name in ("key", "state", "revision")}
    visit.load()
    approved = visit.call("curated_tab.approve_it", [answer, 2])
    assert (approved.data, approved.error) == (None, "Save it first, or choose one in the list.")
    for handler, typed in {"do_approve": ["Dr B. Example", "2999-01-01"], "do_discard": []}.items():
        reply = visit.call(f"_drafts.{handler}", seen, *typed)
        assert (reply.data, reply.error) == (None, "No draft is chosen. Choose one, or upload a file.")
    assert drafts.open_drafts(desk, AUTHOR)[-1] == made
