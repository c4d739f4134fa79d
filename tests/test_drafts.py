"""Drafts: uploaded, previewed, edited, approved; two people at once; reviews that nobody can claim for themselves."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import date, timedelta

import docx
import pytest
import yaml
from conftest import fill_disk, rows_of

from chatbot.desk import drafts, publish
from chatbot.desk.audit import entries
from chatbot.desk.candidate import Preview, preview
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import Draft, DraftConflictError, DraftError
from chatbot.desk.library import Library, LibraryError
from chatbot.desk.listing import listed
from chatbot.desk.matter import as_files, matter_of
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.desk.uploads import UploadError
from chatbot.store import StoreError, transaction

ED, EVE = Person("Ed", "editor"), Person("Eve", "editor")
APP, READ = Person("Ann", "approver"), Person("Rea", "reader")
DUE = date.today() + timedelta(days=365)
NEW = b"# Moon bath\n\n## Recovery\n\nRest for two days. Then bathe.\n\n- Do not swim\n- Do not ski\n"


def uploaded(desk: Desk, content: bytes = NEW, name: str = "moon.md", by: Person = ED) -> Draft:
    return drafts.upload(desk, by, name, content, {})


def seen(desk: Desk, draft: Draft) -> Preview:
    return preview(desk, ED, draft)


def test_an_upload_is_kept_with_its_hash_and_shown_as_it_would_be_read(library_desk: Desk) -> None:
    draft = uploaded(library_desk)
    assert (draft.path, draft.state, draft.owner, draft.revision, draft.base) == ("moon.md", "draft", "Ed", 1, "")
    assert len(draft.sha256) == 64
    found = seen(library_desk, draft)
    assert [passage.text for passage in found.passages] == [
        "Rest for two days. Then bathe.", "- Do not swim\n- Do not ski",
    ]  # fmt: skip
    assert found.extract.document is not None
    assert found.extract.document.treatment == "Moon bath"
    assert [problem.what for problem in found.extract.problems] == [
        "no clinician has reviewed it",
        "it names no source",
    ]
    with transaction(library_desk.store) as connection:
        assert drafts.content_of(connection, draft) == NEW


def test_the_fields_filled_in_at_the_desk_stand_in_its_front_matter(library_desk: Desk) -> None:
    matter = {"treatment": "Chemical peel", "audience": "staff", "sources": {"us": {"name": "Us", "kind": "clinic"}}}
    draft = drafts.upload(library_desk, ED, "moon.md", NEW, matter)
    document = seen(library_desk, draft).extract.document
    assert document is not None
    assert (document.treatment, document.audience, document.sources[0][1].name) == ("Chemical peel", "staff", "Us")


def test_fields_that_front_matter_cannot_have_are_refused(library_desk: Desk) -> None:
    with pytest.raises(DraftError, match="audience"):
        drafts.upload(library_desk, ED, "moon.md", NEW, {"audience": "everybody"})


def test_a_link_to_a_served_document_leads_there_in_the_preview(library_desk: Desk) -> None:
    text = b"# More\n\n## Scars\n\nThey go.\n\nCaveat: [studies](laser.md#what-studies-found)\n"
    document = seen(library_desk, uploaded(library_desk, text)).extract.document
    assert document is not None
    assert document.sections[-1].caveats == ("laser#what-studies-found",)


def test_an_id_that_is_taken_is_a_problem_in_the_preview(library_desk: Desk) -> None:
    found = seen(library_desk, uploaded(library_desk, b"---\nid: laser\n---\n\n# Moon\n\nText.\n"))
    assert "already the id of laser.md" in found.extract.problems[0].what


def test_a_review_that_a_file_claims_for_itself_counts_for_nothing(library_desk: Desk) -> None:
    claims = b"---\nreviewed_by: Dr Nobody\nreviewed_on: 2026-01-01\nreview_due: 2099-01-01\n---\n\n" + NEW
    draft = uploaded(library_desk, claims)
    document = seen(library_desk, draft).extract.document
    assert document is not None
    assert (document.reviewed_by, document.reviewed_on, document.review_due) == (None, None, None)
    drafts.approve(library_desk, APP, draft, "Dr B. Example", DUE)
    publish.publish(library_desk, APP, publish.prepared(library_desk, ED).version)
    served = next(d for d in library_desk.bot.index.current().documents if d.path == "moon.md")
    assert (served.reviewed_by, served.reviewed_on, served.review_due) == ("Dr B. Example", date.today(), DUE)


def test_a_word_file_has_its_review_in_the_file_beside_it(library_desk: Desk) -> None:
    made, document = io.BytesIO(), docx.Document()
    document.add_heading("Moon bath", 1)
    document.add_paragraph("Rest for two days.")
    document.save(made)
    draft = uploaded(library_desk, made.getvalue(), "moon.docx")
    drafts.approve(library_desk, APP, draft, "Dr B. Example", DUE)
    publish.publish(library_desk, APP, publish.prepared(library_desk, ED).version)
    content, beside = Library.of(library_desk.settings).files("moon.docx")
    assert content == made.getvalue()
    assert beside is not None
    assert yaml.safe_load(beside) == {"reviewed_by": "Dr B. Example", "reviewed_on": date.today(), "review_due": DUE}


def test_a_served_document_can_be_reviewed_again_as_it_is(library_desk: Desk) -> None:
    draft = drafts.take_up(library_desk, ED, "peel.md")
    drafts.approve(library_desk, APP, draft, "Dr B. Example", DUE)
    candidate = publish.prepared(library_desk, ED)
    assert candidate.report.embedded == 0
    publish.publish(library_desk, APP, candidate.version)
    (peel,) = [one for one in listed(library_desk, ED) if one.path == "peel.md"]
    assert (peel.review, peel.reviewer, peel.review_due, peel.passages) == ("approved", "Dr B. Example", DUE, 2)


@pytest.mark.parametrize(
    ("reviewer", "due", "wrong"),
    [("  ", DUE, "Nobody is named"), ("Dr B.", date.today(), "not after today")],
    ids=["nobody", "due today"],
)
def test_an_approval_names_a_reviewer_and_a_later_day(library_desk: Desk, reviewer: str, due: date, wrong: str) -> None:
    draft = uploaded(library_desk)
    with pytest.raises(DraftError, match=wrong):
        drafts.approve(library_desk, APP, draft, reviewer, due)
    assert drafts.open_drafts(library_desk, ED) == [draft]


def test_an_edit_takes_the_approval_back(library_desk: Desk) -> None:
    approved = drafts.approve(library_desk, APP, uploaded(library_desk), "Dr B. Example", DUE)
    edited = drafts.edit(library_desk, ED, approved, b"# Moon bath\n\nOther text.\n", {})
    assert (edited.state, edited.reviewer, edited.review_due) == ("draft", None, None)
    with pytest.raises(DraftError, match="Approve a draft first"):
        publish.prepared(library_desk, ED)


# Two people at once


def test_of_two_who_edit_one_draft_the_second_is_told_and_nothing_is_lost(library_desk: Desk) -> None:
    draft = uploaded(library_desk)
    first = drafts.edit(library_desk, EVE, draft, b"# Moon\n\nEve's text.\n", {})
    acts: list[Callable[[], Draft]] = [
        lambda: drafts.edit(library_desk, ED, draft, b"# Moon\n\nEd's text.\n", {}),
        lambda: drafts.approve(library_desk, APP, draft, "Dr B. Example", DUE),  # who has not seen Eve's
        lambda: drafts.discard(library_desk, ED, draft),
    ]
    for act in acts:
        with pytest.raises(DraftConflictError, match="was changed meanwhile by Eve"):
            act()
    assert drafts.open_drafts(library_desk, ED) == [first]
    assert drafts.text_of(library_desk, ED, first) == "# Moon\n\nEve's text.\n"


def test_of_many_who_begin_a_draft_of_one_document_at_once_one_does_and_the_others_are_told(library_desk: Desk) -> None:
    begun: list[Draft] = []
    refused: list[str] = []

    def begin(number: int) -> None:
        try:
            begun.append(drafts.take_up(library_desk, Person(f"Ed {number}", "editor"), "peel.md"))
        except DraftConflictError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(begun), len(refused)) == (1, 5)
    assert all("Nothing of yours was stored" in said for said in refused)
    assert len(rows_of(library_desk.store, drafts.drafts)) == 1


def test_of_many_who_save_one_draft_at_once_one_does_and_the_others_are_told(library_desk: Desk) -> None:
    draft = uploaded(library_desk)
    saved: list[Draft] = []
    refused: list[str] = []

    def save(number: int) -> None:
        by = Person(f"Ed {number}", "editor")
        try:
            saved.append(drafts.edit(library_desk, by, draft, f"# Moon\n\nText {number}.\n".encode(), {}))
        except DraftConflictError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(saved), len(refused)) == (1, 5)
    assert all(f"changed meanwhile by {saved[0].owner}" in said for said in refused)
    assert drafts.open_drafts(library_desk, ED) == saved


def test_a_full_disk_keeps_no_half_of_an_upload_and_says_so(library_desk: Desk) -> None:
    store = library_desk.store
    kept = [uploaded(library_desk)]
    fill_disk(store, drafts.drafts)

    def upload_without_end() -> None:
        for number in range(100):
            kept.append(uploaded(library_desk, b"Water. " * 2000, f"large {number}.md"))

    with pytest.raises(StoreError, match="disk is full"):
        upload_without_end()
    assert drafts.open_drafts(library_desk, ED) == kept
    assert [entry["subject"] for entry in rows_of(store, entries)] == [draft.path for draft in kept]


def test_a_name_that_differs_in_capitals_is_the_same_document(library_desk: Desk) -> None:
    with pytest.raises(DraftConflictError, match="Say that the file replaces it"):
        uploaded(library_desk, name="LASER.md")
    uploaded(library_desk)
    with pytest.raises(DraftConflictError, match="There is an open draft"):
        uploaded(library_desk, name="Moon.md")


def test_a_file_of_another_type_does_not_replace_a_document(library_desk: Desk) -> None:
    with pytest.raises(UploadError, match="of another type"):
        drafts.upload(library_desk, ED, "laser.txt", b"Text.", {}, replaces="laser.md")


@pytest.mark.parametrize("path", ["../clinic/laser.md", "/etc/passwd", "laser.md/../peel.md", "", "gone.md"])
def test_only_a_served_document_can_be_taken_up_retired_or_replaced(library_desk: Desk, path: str) -> None:
    acts: list[Callable[[], Draft]] = [
        lambda: drafts.take_up(library_desk, ED, path),
        lambda: drafts.retire(library_desk, APP, path),
        lambda: drafts.upload(library_desk, ED, "laser.md", NEW, {}, replaces=path),
    ]
    for act in acts:
        with pytest.raises((LibraryError, DraftConflictError), match="served"):
            act()
    assert rows_of(library_desk.store, drafts.drafts) == []


def test_a_document_to_be_retired_is_neither_edited_nor_approved(library_desk: Desk) -> None:
    retired = drafts.retire(library_desk, APP, "peel.md")
    with pytest.raises(DraftError, match="Take that back first"):
        drafts.edit(library_desk, ED, retired, NEW, {})
    with pytest.raises(DraftError, match="Take that back first"):
        drafts.approve(library_desk, APP, retired, "Dr B. Example", DUE)
    with pytest.raises(NotAllowedError):
        drafts.discard(library_desk, ED, retired)
    assert drafts.discard(library_desk, APP, retired).state == "discarded"
    drafts.take_up(library_desk, ED, "peel.md")


def test_each_act_asks_for_its_role(library_desk: Desk) -> None:
    draft = uploaded(library_desk)
    acts: list[tuple[Person, Callable[[Person], object]]] = [
        (READ, lambda by: drafts.upload(library_desk, by, "a.md", NEW, {})),
        (READ, lambda by: drafts.take_up(library_desk, by, "peel.md")),
        (READ, lambda by: drafts.edit(library_desk, by, draft, NEW, {})),
        (READ, lambda by: drafts.discard(library_desk, by, draft)),
        (READ, lambda by: drafts.open_drafts(library_desk, by)),
        (READ, lambda by: drafts.text_of(library_desk, by, draft)),
        (READ, lambda by: preview(library_desk, by, draft)),
        (READ, lambda by: listed(library_desk, by)),
        (READ, lambda by: publish.prepared(library_desk, by)),
        (READ, lambda by: publish.releases_so_far(library_desk, by)),
        (ED, lambda by: drafts.approve(library_desk, by, draft, "Dr B.", DUE)),
        (ED, lambda by: drafts.retire(library_desk, by, "peel.md")),
    ]
    for by, act in acts:
        with pytest.raises(NotAllowedError):
            act(by)
    assert drafts.open_drafts(library_desk, ED) == [draft]


# Front matter


def test_a_replaced_document_hands_its_front_matter_on_to_a_text_without_one() -> None:
    replaced = {"id": "laser", "sources": {"us": {"name": "Us"}}, "reviewed_by": "Dr A."}
    (content,) = as_files("a.md", b"# New\n", {"reviewed_by": None, "treatment": "IPL"}, replaced).values()
    assert content == b"---\nid: laser\nsources:\n  us:\n    name: Us\ntreatment: IPL\n---\n\n# New\n"


def test_a_text_with_front_matter_of_its_own_takes_over_the_id_alone() -> None:
    files = as_files("a.md", b"---\ntitle: New\n---\n\n# New\n", {}, {"id": "laser", "treatment": "IPL"})
    assert matter_of("a.md", files["a.md"], None) == {"id": "laser", "title": "New"}


def test_a_text_to_which_nothing_is_added_stays_byte_for_byte() -> None:
    content = "# Été\r\n\r\nText.\r\n".encode()
    assert as_files("a.md", content, {"reviewed_by": None}, {}) == {"a.md": content}


@pytest.mark.parametrize(
    ("matter", "wrong"),
    [
        ("a: [", "not valid YAML"),
        ("title: &a x\nquestions: {x: [*a, *a]}", "aliases"),
        ("title: " + "x" * 60_000, "longer than"),
        ("title: " + "[" * 20_000, "nested more than 10 deep"),
        ("title: !!python/object/apply:os.system [id]", "not valid YAML"),
    ],
    ids=["broken", "aliases", "long", "deep", "code"],
)
def test_front_matter_that_cannot_be_read_or_grows_as_it_is_read_is_named(matter: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        as_files("a.md", f"---\n{matter}\n---\n\nText.\n".encode(), {"treatment": "IPL"}, {})
