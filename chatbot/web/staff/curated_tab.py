"""The tab of curated answers: find one, write and try it, see it as a patient will, approve and retire it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

from chatbot.desk.curated import (
    Curated,
    EditConflictError,
    UnknownCuratedError,
    approve,
    curated_answer,
    edit,
    every_curated,
    history,
    retire,
    write,
)
from chatbot.desk.curated_check import WordingError
from chatbot.desk.curated_look_up import try_question
from chatbot.desk.curated_uses import Thumbs, thumbs, uses_of
from chatbot.desk.curated_wording import Wording
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import NotAllowedError
from chatbot.question import Question, QuestionError
from chatbot.store import StoreError
from chatbot.web.staff import curated_html as html
from chatbot.web.staff.guard import person_of

EVERY = "Every treatment"
ANY_STATE, OVERDUE, WAITING = "any state", "review overdue", "waits for approval"
STATES = [ANY_STATE, WAITING, "draft", "approved", "retired", OVERDUE]
REVIEW_DAYS = 365  # until the next review, if nobody writes another day
PATIENT, STAFF = "patients", "staff only"
EXPECTED = (
    NotAllowedError, WordingError, EditConflictError, UnknownCuratedError, QuestionError, StoreError,
)  # fmt: skip
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
LIVE: dict[str, Any] = {**QUIET, "queue": False, "trigger_mode": "always_last"}  # with every key


def curated_tab(desk: Desk) -> None:
    """The list with its filters, and below it the editor beside what a patient will see."""
    treatments = sorted(desk.bot.index.current().covered)
    gr.HTML(html.STYLE, padding=False)
    with gr.Row():
        state = gr.Dropdown(STATES, value=ANY_STATE, label="State", elem_id="curated-state", min_width=140)
        about = gr.Dropdown(["any", EVERY, *treatments], value="any", label="Treatment", min_width=140)
        words = gr.Textbox(label="Words in it", max_lines=1, elem_id="curated-words", min_width=140)
        new = gr.Button("New answer", elem_id="curated-new", min_width=110)
    # A list of radio buttons: the arrow keys go through it, and a click opens as well.
    chosen = gr.Radio([], label="Curated answers", elem_id="curated-list")
    opened = gr.State(None)  # (id, version) of what is in the editor; none for a new one
    with gr.Row():
        with gr.Column(scale=3, min_width=340):
            title = gr.Markdown("### New answer")
            questions = gr.Textbox(
                label="Questions, one a line", lines=3, max_lines=12, elem_id="curated-questions",
                info="as patients ask it; the first is shown as the title. More wordings find it more often.",
            )  # fmt: skip
            text = gr.Textbox(label="Answer", lines=4, max_lines=14, elem_id="curated-text")
            with gr.Row():
                treatment = gr.Dropdown([EVERY, *treatments], value=EVERY, label="Treatment of the answer")
                audience = gr.Radio([PATIENT, STAFF], value=PATIENT, label="For")
            with gr.Row():
                owner = gr.Textbox(label="Owner", max_lines=1, elem_id="curated-owner")
                due = gr.Textbox(_in_a_year(), label="Next review", info="such as 2027-05-31", max_lines=1)
            with gr.Row():
                source = gr.Textbox(label="Source", info="of its facts", max_lines=1, elem_id="curated-source")
                address = gr.Textbox(label="Its address", info="https://…, or nothing", max_lines=1)
            with gr.Row():
                save = gr.Button("Save draft", variant="primary", elem_id="curated-save", min_width=110)
                approving = gr.Button("Approve", elem_id="curated-approve", visible=False, min_width=110)
                retiring = gr.Button("Retire", variant="stop", visible=False, min_width=110)
        with gr.Column(scale=2, min_width=300):
            gr.Markdown("### As a patient will see it")
            shown = gr.HTML("", elem_id="curated-preview", padding=False)
            trying = gr.Textbox(label="Try a question", info="Enter asks it", max_lines=2, elem_id="curated-try")
            reasons = gr.HTML("", elem_id="curated-why", padding=False)
    both = gr.HTML("", elem_id="curated-conflict", padding=False)
    story = gr.HTML("", elem_id="curated-story", padding=False)
    form: list[Any] = [questions, text, treatment, audience, owner, due, source, address]
    editor = [opened, title, *form, shown, story, both, approving, retiring]

    def listed(state: str, about: str, words: str, opened: tuple[str, int] | None, request: gr.Request) -> Any:
        by = person_of(request)
        if not by.may("edit"):  # the page asks as it opens, for whoever opens it
            return gr.Radio([])
        with _told():
            found = [one for one in every_curated(desk, by) if _is_wanted(one, state, about, words)]
            votes = thumbs(desk, by)
        choices = [(_line(one, votes.get(one.id)), one.id) for one in found]
        is_listed = opened is not None and opened[0] in {one.id for one in found}
        count = "1 answer" if len(choices) == 1 else f"{len(choices)} answers"
        return gr.Radio(choices, value=opened[0] if opened and is_listed else None, label=count)

    def show(curated_id: str, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with _told():
            one, versions = curated_answer(desk, curated_id, by), history(desk, curated_id, by)
            told = html.told(one, versions, uses_of(desk, curated_id, by), thumbs(desk, by).get(curated_id))
        wording, may = one.latest.wording, by.may("approve")
        can_approve = may and (one.serving is None or one.has_draft)
        return [
            (one.id, one.latest.number), f"### Version {one.latest.number}: {_state(one)}", *_fields(wording),
            html.preview(wording, desk.bot.clinic, by.name), told, "",
            gr.update(visible=can_approve), gr.update(visible=may and one.serving is not None),
        ]  # fmt: skip

    def start(request: gr.Request) -> list[Any]:
        by = person_of(request)
        empty = ["", "", EVERY, PATIENT, by.name, _in_a_year(), "", ""]
        hidden = gr.update(visible=False)
        return [None, "### New answer", *empty, "", "", "", hidden, hidden]

    def save_draft(request: gr.Request, opened: tuple[str, int] | None, *values: Any) -> list[Any]:
        by = person_of(request)
        try:
            with _told(but=EditConflictError):
                wording = _wording(values)
                saved = edit(desk, *opened, wording, by) if opened else write(desk, wording, by)
        except EditConflictError as error:
            gr.Warning(escape(str(error)), title="Somebody else saved first")
            kept: list[Any] = [gr.skip()] * len(editor)
            kept[0] = (error.theirs.id, error.theirs.number)  # whoever saves again has seen theirs
            kept[editor.index(both)] = html.conflict(error)
            return kept
        gr.Info(f"Version {saved.number} is saved as a draft.", title="Saved")
        return show(saved.id, request)

    def approve_it(request: gr.Request, opened: tuple[str, int] | None) -> list[Any]:
        with _told():
            approve(desk, *_chosen(opened), by=person_of(request))
        gr.Info("It answers from the next question on.", title="Approved")
        return show(_chosen(opened)[0], request)

    def retire_it(request: gr.Request, opened: tuple[str, int] | None) -> list[Any]:
        with _told():
            retire(desk, _chosen(opened)[0], by=person_of(request))
        gr.Info("It answers no more.", title="Retired")
        return show(_chosen(opened)[0], request)

    def see(request: gr.Request, *values: Any) -> str:
        by = person_of(request)
        return html.preview(_draft(values), desk.bot.clinic, by.name)

    def attempt(request: gr.Request, asked: str, opened: tuple[str, int] | None, *values: Any) -> str:
        with _told():
            draft, edited = _draft(values), opened[0] if opened else None
            has_draft = bool(draft.questions and draft.text)
            by = person_of(request)
            tried = try_question(desk, Question.parse(asked), by, draft if has_draft else None, edited)
        return html.why(tried)

    filters = [state, about, words, opened]
    gr.on(None, start, None, editor, **QUIET)
    gr.on(None, listed, filters, chosen, **QUIET)
    gr.on([state.input, about.input, words.change], listed, filters, chosen, **LIVE)
    chosen.input(show, chosen, editor, trigger_mode="always_last", **QUIET)
    new.click(start, None, editor, **QUIET).success(listed, filters, chosen, **QUIET)
    for act, button, inputs in (
        (save_draft, save, [opened, *form]), (approve_it, approving, [opened]), (retire_it, retiring, [opened])
    ):  # fmt: skip
        button.click(act, inputs, editor, **QUIET).success(listed, filters, chosen, **QUIET)
    # `change` and not `input`: what is pasted counts as well.
    gr.on([*(one.change for one in (questions, text)), audience.input], see, form, shown, **LIVE)
    trying.submit(attempt, [trying, opened, *form], reasons, **QUIET)


@contextmanager
def _told(but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Show an expected error on the page, without a trace; Gradio takes the text for HTML."""
    try:
        yield
    except but:
        raise
    except EXPECTED as error:
        said = escape(str(error)).replace("\n", "<br>")
        raise gr.Error(said, title="That was not done", print_exception=False) from error


def _chosen(opened: tuple[str, int] | None) -> tuple[str, int]:
    if opened is None:
        raise UnknownCuratedError("Save it first, or choose one in the list.")
    return opened


def _draft(values: Sequence[Any]) -> Wording:
    """What stands in the form now, whatever day is typed."""
    return _wording([*values[:5], _in_a_year(), *values[6:]])


def _wording(values: Sequence[Any]) -> Wording:
    questions, text, treatment, audience, owner, due, source, address = values
    try:
        day = date.fromisoformat((due or "").strip())
    except ValueError as error:
        raise WordingError("The day of the next review is no day. Write it as 2027-05-31.") from error
    return Wording(
        questions=tuple(line.strip() for line in (questions or "").splitlines() if line.strip()),
        text=(text or "").strip(),
        treatment=None if treatment in (None, EVERY) else treatment,
        audience="staff" if audience == STAFF else "patient",
        owner=owner or "",
        review_due=day,
        source=source or "",
        address=address or None,
    )


def _fields(wording: Wording) -> list[Any]:
    return [
        "\n".join(wording.questions), wording.text, wording.treatment or EVERY,
        STAFF if wording.audience == "staff" else PATIENT, wording.owner, wording.review_due.isoformat(),
        wording.source, wording.address or "",
    ]  # fmt: skip


def _is_wanted(one: Curated, state: str, about: str, words: str) -> bool:
    wording = one.latest.wording
    if state == OVERDUE and not one.is_overdue(_today()):
        return False
    if state == WAITING and not (one.has_draft or one.state == "draft"):
        return False
    if state not in (ANY_STATE, OVERDUE, WAITING) and one.state != state:
        return False
    said = "\n".join([*wording.questions, wording.text, wording.owner]).lower()
    return about in ("any", wording.treatment or EVERY) and all(word in said for word in (words or "").lower().split())


def _line(one: Curated, votes: Thumbs | None) -> str:
    """What the list says of it in one line."""
    wording = one.latest.wording
    overdue = ", review overdue" if one.is_overdue(_today()) else ""
    last = f", last on {one.last_used_at:%Y-%m-%d}" if one.last_used_at else ""
    used = f"answered {html.times(one.used)}{last}" if one.used else "not asked yet"
    counted = f", {votes.up} thumbs up, {votes.down} down" if votes else ""
    about = wording.treatment or EVERY
    return f"{wording.questions[0]} · {about} · {_state(one)}{overdue} · {used}{counted}"


def _state(one: Curated) -> str:
    for_staff = ", staff only" if one.latest.wording.audience == "staff" else ""
    return f"{one.state}{', changes wait for approval' if one.has_draft else ''}{for_staff}"


def _in_a_year() -> str:
    return (_today() + timedelta(days=REVIEW_DAYS)).isoformat()


def _today() -> date:
    return datetime.now(UTC).date()
