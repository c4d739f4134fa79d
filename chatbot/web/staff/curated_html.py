"""What the tab of curated answers shows: how a patient will see one, why a question matches, what changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from html import escape

from chatbot.answer import cited, with_quotes
from chatbot.desk.curated import Curated, EditConflictError
from chatbot.desk.curated_look_up import TRIED, Tried, in_words
from chatbot.desk.curated_match import CuratedMatch
from chatbot.desk.curated_uses import Thumbs, Use
from chatbot.desk.curated_wording import Version, Wording
from chatbot.question import Question
from chatbot.settings import Clinic
from chatbot.web import render

STYLE = """<style>
.curated-shown { border: 1px solid var(--border-color-primary); border-radius: 8px; padding: .5rem .9rem; }
.curated-shown p, .curated-told p { margin: .3rem 0; overflow-wrap: anywhere; }
.curated-shown.staff { border-left: 6px solid #b91c1c; }
.curated-told table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .3rem 0; }
.curated-told :is(th, td) { text-align: left; vertical-align: top; padding: .25rem .6rem; overflow-wrap: anywhere;
  border-bottom: 1px solid var(--border-color-primary); }
.curated-told th { white-space: nowrap; }
.curated-told ul { list-style: disc; padding-left: 1.2rem; }
.curated-told .sure { font-weight: 700; }
.curated-told .words { white-space: pre-wrap; border-left: 4px solid var(--color-accent); padding: .2rem .8rem; }
.curated-told ins { background: #bbf7d0; color: #14532d; }
.curated-told del { background: #fecaca; color: #7f1d1d; }
.curated-told summary { cursor: pointer; padding: .25rem 0; }
.curated-told .conflict { border-left: 4px solid #b45309; background: rgba(180, 83, 9, .1); padding: .3rem .8rem; }
#curated-list .wrap { flex-direction: column; flex-wrap: nowrap; gap: .25rem; max-height: 15rem; overflow-y: auto; }
#curated-list .wrap label { width: 100%; padding: .3rem .6rem; }
#curated-list .wrap label:focus-within { outline: 3px solid var(--color-accent); outline-offset: -3px; }
</style>"""
NAMES = {
    "questions": "Questions", "text": "Text", "treatment": "Treatment", "audience": "For", "owner": "Owner",
    "review_due": "Next review", "source": "Source", "address": "Address",
}  # fmt: skip
FIRST = {
    "urgent": "This is urgent: patients are told what to do now, and no curated answer is asked",
    "refused": "This is never answered here: patients are told why, and no curated answer is asked",
    "smalltalk": "This is a courtesy: it is answered as one, and no curated answer is asked",
}
PERSONAL = (
    "This is about somebody's own case: what is quoted is followed by who decides, and a text that says yes is not "
    "quoted at all."
)


def preview(wording: Wording, clinic: Clinic, by: str) -> str:
    """The answer as a patient will see it; of one for staff, that no patient will."""
    if not wording.text.strip():
        return "<p>Nothing is written yet.</p>"
    version = Version(TRIED, 1, wording, by, _now(), by, _now())
    match = CuratedMatch(version, "", 1.0, True, {})
    asked = Question(wording.questions[0] if wording.questions else "")
    answer = with_quotes(asked, "answered", 1.0, [cited(match, 1)], "", None, None)
    for_staff = wording.audience == "staff"
    note = "<p><strong>For staff only: no patient is shown this.</strong></p>" if for_staff else ""
    return f"{note}<div class='curated-shown{' staff' if for_staff else ''}'>{render.message(answer, clinic)}</div>"


def why(tried: Tried) -> str:
    """Whether the question would get a curated answer, which, and how near the next ones are."""
    if tried.triage in FIRST:
        said = f"{FIRST[tried.triage]} (rule {escape(str(tried.rule))})."
        return f"<div class='curated-told'><p class='sure'>{said}</p></div>"
    personal = f"<p>{PERSONAL}</p>" if tried.triage == "personal" else ""
    return f"<div class='curated-told'>{personal}{''.join(_part(*part, tried.least) for part in tried.parts)}</div>"


def _part(text: str, matches: Sequence[CuratedMatch], least: float) -> str:
    if not matches:
        said = "No curated answer is for this treatment and for patients: the documents are asked"
        return f"<p>“{escape(text)}”</p><p class='sure'>{said}.</p>"
    best = matches[0]
    said = (
        f"Answered by {_name(best)}"
        if best.is_sure
        else f"Not answered by any: the nearest is below the cut-off, {least:.2f}. The documents are asked"
    )
    nearest = "".join(
        f"<li><b>{one.probability:.2f}</b> {_name(one)}, nearest question “{escape(one.variant)}”: {in_words(one)}</li>"
        for one in matches[:3]
    )
    return f"<p>“{escape(text)}”</p><p class='sure'>{said}.</p><ul>{nearest}</ul>"


def _name(one: CuratedMatch) -> str:
    if one.version.id == TRIED:
        return "the one that you are writing"
    return f"“{escape(one.version.wording.questions[0])}”"


def told(one: Curated, versions: Sequence[Version], uses: Sequence[Use], votes: Thumbs | None) -> str:
    """How often it answered and what, and its versions, each with what it changed."""
    last = f", last on {one.last_used_at:%Y-%m-%d %H:%M} UTC" if one.last_used_at else ""
    thumbs = f" Thumbs up: {votes.up}, down: {votes.down}." if votes else ""
    rows = "".join(
        f"<tr><td>{use.at:%Y-%m-%d %H:%M}</td><td>{use.number}</td><td>{use.probability:.2f}</td>"
        f"<td>{escape(use.question) if use.question else 'not kept'}</td></tr>"
        for use in uses
    )
    head = "<tr><th>When</th><th>Version</th><th>Score</th><th>Question</th></tr>"
    asked = f"<details><summary>The last questions</summary><table>{head}{rows}</table></details>" if rows else ""
    older = [*versions[1:], None]
    story = "".join(_version(version, before) for version, before in zip(versions, older, strict=True))
    used = f"<p>It answered {times(one.used)}{last}.{thumbs}</p>"
    return f"<div class='curated-told'>{used}{asked}<h3>Versions</h3>{story}</div>"


def times(count: int) -> str:
    """A number of times in words."""
    return "once" if count == 1 else f"{count} times"


def _version(version: Version, before: Version | None) -> str:
    approved = f", approved by {escape(version.approved_by)}" if version.approved_by else ""
    title = f"Version {version.number}: {version.written_at:%Y-%m-%d %H:%M} UTC, {escape(version.written_by)}{approved}"
    changes = changed(before.wording if before else None, version.wording)
    return f"<details><summary>{title}</summary>{changes}</details>"


def conflict(error: EditConflictError) -> str:
    """Both wordings: theirs, which is saved, and what differs from it in yours, which stands in the form."""
    if error.yours is None:
        return ""
    theirs = error.theirs
    return (
        f"<div class='curated-told'><div class='conflict'><p class='sure'>{escape(str(error))}</p>"
        f"<p>Saved by {escape(theirs.written_by)}:</p><div class='words'>{escape(theirs.wording.text)}</div>"
        f"<p>What yours, in the form, changes of it:</p>{changed(theirs.wording, error.yours)}</div></div>"
    )


def changed(before: Wording | None, after: Wording) -> str:
    """What differs, field by field, words struck out and words put in."""
    rows = []
    for field in fields(Wording):
        old, new = (_said(getattr(one, field.name)) if one else "" for one in (before, after))
        if old != new:
            rows.append(f"<tr><th>{NAMES[field.name]}</th><td class='words'>{differences(old, new)}</td></tr>")
    return f"<table>{''.join(rows)}</table>" if rows else "<p>Nothing.</p>"


def differences(old: str, new: str) -> str:
    """The new words with the old ones struck out beside them, as HTML."""
    one, other = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    pieces = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(escape("".join(one[a:b])))
            continue
        pieces += [f"<del>{escape(''.join(one[a:b]))}</del>"] if a < b else []
        pieces += [f"<ins>{escape(''.join(other[c:d]))}</ins>"] if c < d else []
    return "".join(pieces)


def _said(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
