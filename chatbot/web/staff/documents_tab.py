"""The tab of the documents: what is served, drafts with their preview, approving, publishing, rolling back."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.desk import drafts
from chatbot.desk.candidate import preview
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import Draft, DraftError
from chatbot.desk.listing import Listed, listed
from chatbot.desk.matter import Matter, holds_its_own
from chatbot.desk.permissions import Person
from chatbot.web.staff.document_views import preview_html, table_html
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of
from chatbot.web.staff.publish_pane import publish_pane, versions_pane
from kb.read import READERS

COLUMNS = ["Document", "Title", "Treatment", "For", "Review", "Passages", "Next version"]
NEW = "(a new document)"
AS_IT_SAYS = "as the file says"
AUDIENCES = [(AS_IT_SAYS, ""), ("patients and staff", "patient"), ("staff only", "staff")]
KINDS = [(AS_IT_SAYS, ""), ("the clinic", "clinic"), ("a vendor", "vendor"), ("clinical literature", "clinical")]
SOURCE = "source"  # the key of the one that is filled in here
A_YEAR = timedelta(days=365)
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
EMPTY = "<p>Choose a draft, or upload a file: what is read in it stands here before anything is published.</p>"


def documents_tab(desk: Desk) -> None:
    """The list, and below it the three steps: drafts, publishing, earlier versions."""
    table = gr.HTML("", elem_id="documents", padding=False)
    with gr.Tabs(elem_id="document-steps"):
        with gr.Tab("1 Drafts", elem_id="step-drafts"):
            refresh = _drafts(desk, table)
        with gr.Tab("2 Publish", elem_id="step-publish"):
            publish_pane(desk, refresh)
        with gr.Tab("3 Earlier versions", elem_id="step-versions"):
            versions_pane(desk, refresh)


def _drafts(desk: Desk, table: gr.HTML) -> gr.Button:
    """Start a draft, and what can be done with the chosen one. Returns the button that shows the list anew."""
    with gr.Row():
        with gr.Column():
            gr.Markdown("### Upload a file")
            file = gr.File(label="PDF, Word (.docx), HTML, Markdown or text", file_types=list(READERS), height=150,
                elem_id="document-file")  # fmt: skip
            replaces = gr.Dropdown([NEW], value=NEW, label="In place of", elem_id="replaces")
            upload = gr.Button("Upload and preview", variant="primary", elem_id="upload")
        with gr.Column():
            gr.Markdown("### Or begin with a document that is served")
            served = gr.Dropdown([], label="Document", elem_id="served")
            with gr.Row():
                take_up = gr.Button("Edit, or review again", elem_id="take-up")
                retire = gr.Button("Retire", elem_id="retire")
    gr.Markdown("### Drafts")
    with gr.Row():
        chosen = gr.Dropdown([], label="Draft", elem_id="draft", scale=4)
        refresh = gr.Button("Read again", size="sm", scale=0, min_width=120, elem_id="refresh-documents")
    seen = gr.State(None)
    with gr.Row():
        with gr.Column():
            text = gr.Textbox(label="Text (Markdown)", lines=14, max_lines=24, visible=False, elem_id="draft-text")
            with gr.Row():
                treatment = gr.Textbox(label="Treatment", placeholder=AS_IT_SAYS, max_lines=1)
                audience = gr.Dropdown(AUDIENCES, value="", label="For")
            with gr.Row():
                source = gr.Textbox(label="Source", placeholder=AS_IT_SAYS, max_lines=1)
                kind = gr.Dropdown(KINDS, value="", label="Kind of source")
            with gr.Row():
                save = gr.Button("Save and preview", elem_id="save-draft")
                discard = gr.Button("Discard", elem_id="discard-draft")
            with gr.Row(equal_height=True):
                reviewer = gr.Textbox(label="Reviewed by", placeholder="Dr A. Example", max_lines=1, elem_id="reviewer")
                due = gr.Textbox(
                    label="Next review due",
                    max_lines=1,
                    elem_id="due",
                )
            approve = gr.Button("Approve for the next version", variant="primary", elem_id="approve")
        with gr.Column():
            shown_preview = gr.HTML(EMPTY, elem_id="preview")
    fields: list[Any] = [treatment, audience, source, kind]
    whole: list[Any] = [table, replaces, served, chosen]
    draft: list[Any] = [chosen, seen, text, *fields, shown_preview]

    def show(request: gr.Request) -> list[Any]:
        by = person_of(request)
        if not by.may("edit"):  # the page asks as it opens, for whoever opens it
            return ["", gr.skip(), gr.skip(), gr.skip()]
        with shown():
            everything = listed(desk, by)
        paths = [one.path for one in everything if one.title]
        open_ones = [(f"{one.path} ({one.draft.state})", one.draft.key) for one in everything if one.draft]
        rows = [_row(one) for one in everything]
        said = table_html("Documents", COLUMNS, rows, "There is no document yet.")
        return [said, gr.Dropdown([NEW, *paths]), gr.Dropdown(paths), gr.Dropdown(open_ones)]

    def open_one(key: int | None, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            return _opened(desk, by, _draft(desk, by, key))

    def leave_what_is_gone(seen: Draft | None, request: gr.Request) -> list[Any]:
        """Publishing closes drafts, here and in others' browsers."""
        by = person_of(request)
        with shown():
            is_open = seen is None or seen.key in {one.key for one in drafts.open_drafts(desk, by)}
        return [gr.skip() for _ in draft] if is_open else _closed()

    def do_upload(file: str | None, replaces: str, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            if file is None or not (path := Path(file)).exists():
                raise DraftError("No file is chosen yet. Choose one, or drop it there.")
            in_place_of = None if replaces == NEW else replaces
            draft = drafts.upload(desk, by, path.name, path.read_bytes(), {}, in_place_of)
            path.unlink(missing_ok=True)  # it is in the store: no copy of it is left lying about
            return [None, *_opened(desk, by, draft)]

    def do_take_up(path: str | None, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            return _opened(desk, by, drafts.take_up(desk, by, _named(path)))

    def do_retire(path: str | None, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            retired = drafts.retire(desk, by, _named(path))
        gr.Info(f"“{escape(retired.path)}” is left out of the next version. Discard that to keep it.")
        return _opened(desk, by, retired)

    def do_save(
        seen: Draft | None, text: str, treatment: str, audience: str, source: str, kind: str, request: gr.Request
    ) -> list[Any]:
        by = person_of(request)
        with shown():
            one = _chosen(seen)
            content = text.encode() if holds_its_own(one.path) else None
            matter = _matter(one, treatment, audience, source, kind)
            return _opened(desk, by, drafts.edit(desk, by, one, content, matter))

    def do_discard(seen: Draft | None, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            drafts.discard(desk, by, _chosen(seen))
        return _closed()

    def do_approve(seen: Draft | None, reviewer: str, due: str, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            approved = drafts.approve(desk, by, _chosen(seen), reviewer, _day(due))
        gr.Info(f"“{escape(approved.path)}” goes into the next version.", title="Approved")
        return _opened(desk, by, approved)

    gr.on(None, show, None, whole, **QUIET)
    gr.on(None, _in_a_year, None, due, **QUIET)  # reckoned anew by each visit
    refresh.click(show, None, whole, **QUIET).success(leave_what_is_gone, seen, draft, **QUIET)
    chosen.input(open_one, chosen, draft, **QUIET)
    seen_on: dict[str, Any] = {"show_progress_on": shown_preview, "api_visibility": "private"}
    acts = [
        upload.click(do_upload, [file, replaces], [file, *draft], **seen_on),
        take_up.click(do_take_up, served, draft, **seen_on),
        retire.click(do_retire, served, draft, **seen_on),
        save.click(do_save, [seen, text, *fields], draft, **seen_on),
        discard.click(do_discard, seen, draft, **seen_on),
        approve.click(do_approve, [seen, reviewer, due], draft, **seen_on),
    ]
    for act in acts:
        act.success(show, None, whole, **QUIET)
    return refresh


def _in_a_year() -> str:
    return (date.today() + A_YEAR).isoformat()


def _row(one: Listed) -> list[str]:
    """A document as the table shows it."""
    if not one.title:
        return [one.path, "", "", "", "", "", f"new: {one.draft.state}" if one.draft else ""]
    audience = "staff only" if one.audience == "staff" and not one.withheld else "patients and staff"
    due = f", due {one.review_due.isoformat()}" if one.review_due else ""
    review = f"{one.review} ({one.reviewer}{due})" if one.reviewer else one.review or ""
    return [
        one.path, one.title, one.treatment or "every treatment",
        "withheld from patients" if one.withheld else audience, review, str(one.passages),
        one.draft.state if one.draft else "unchanged",
    ]  # fmt: skip


def _opened(desk: Desk, by: Person, draft: Draft) -> list[Any]:
    """A draft in the editor, with its preview."""
    key = gr.Dropdown([(f"{draft.path} ({draft.state})", draft.key)], value=draft.key)
    if draft.state == "retired":
        said = f"<p>“{escape(draft.path)}” is left out of the next version. Discard that to keep it.</p>"
        return [key, draft, gr.Textbox("", visible=False), "", "", "", "", said]
    is_text = holds_its_own(draft.path)
    text = drafts.text_of(desk, by, draft) if is_text else ""
    source = draft.matter.get("sources", {}).get(SOURCE, {})
    fields = [draft.matter.get("treatment"), draft.matter.get("audience"), source.get("name"), source.get("kind")]
    said = preview_html(preview(desk, by, draft))
    return [key, draft, gr.Textbox(text, visible=is_text), *(field or "" for field in fields), said]


def _closed() -> list[Any]:
    """No draft in the editor."""
    return [gr.Dropdown(value=None), None, gr.Textbox("", visible=False), "", "", "", "", EMPTY]


def _matter(draft: Draft, treatment: str, audience: str, source: str, kind: str) -> Matter:
    """The fields that were filled in; what is empty stays as the file says."""
    sources = {SOURCE: {"name": source.strip(), "kind": kind or None}} if source.strip() else None
    filled = {"treatment": treatment.strip() or None, "audience": audience or None, "sources": sources}
    return {name: value for name, value in {**draft.matter, **filled}.items() if value is not None}


def _draft(desk: Desk, by: Person, key: int | None) -> Draft:
    found = [draft for draft in drafts.open_drafts(desk, by) if draft.key == key]
    if not found:
        raise DraftError("This draft is not open any more. Choose another.")
    return found[0]


def _chosen(seen: Draft | None) -> Draft:
    if seen is None:
        raise DraftError("No draft is chosen. Choose one, or upload a file.")
    return seen


def _named(path: str | None) -> str:
    if not path:
        raise DraftError("No document is chosen. Choose one first.")
    return path


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise DraftError(f"“{text}” is no day. Write it as {(date.today() + A_YEAR).isoformat()}.") from error
