"""What is wrong with a folder of documents: every problem with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from kb.document import Document, Problem
from kb.load import load


def check(folder: Path, today: date | None = None) -> list[Problem]:
    """Every problem of the folder's documents, errors first. Raises as `load` does for a wrong folder."""
    today = today or datetime.now(UTC).astimezone().date()
    loaded = load(folder)
    found = list(loaded.problems)
    if not loaded.documents:
        found.append(
            Problem(str(folder), "the folder holds no readable document", "Put your treatment documents in it.")
        )
    for document in loaded.documents:
        found += [*_review(document, today), *_sources(document), *_empty_sections(document)]
    return sorted(found, key=lambda problem: (problem.severity, problem.path))


def _review(document: Document, today: date) -> Iterator[Problem]:
    if document.reviewed_by is None:
        remedy = "Have a clinician review it, then set `reviewed_by`, `reviewed_on` and `review_due`."
        yield Problem(document.path, "no clinician has reviewed it", remedy, "warning")
    for field in ("reviewed_on", "review_due"):
        if document.reviewed_by and getattr(document, field) is None:
            what = f"it names a reviewer but no `{field}`"
            yield Problem(document.path, what, f"Set `{field}` in {_where(document)}.", "warning")
    if document.review_due and document.review_due < today:
        what = f"its review was due on {document.review_due.isoformat()}"
        yield Problem(document.path, what, "Have it reviewed again, then set a new `review_due`.")


def _where(document: Document) -> str:
    """Where the document's front matter stands."""
    return "its front matter" if document.path.endswith((".md", ".markdown", ".txt")) else f"{document.path}.yaml"


def _sources(document: Document) -> Iterator[Problem]:
    where = _where(document)
    if not document.sources:
        yield Problem(document.path, "it names no source", f"Name its `sources` in {where}.", "warning")
    for key, source in document.sources:
        if source.kind is None or source.address is None:
            missing = "kind" if source.kind is None else "address"
            yield Problem(
                document.path, f"source '{key}' has no {missing}", f"Add its {missing} in {where}.", "warning"
            )


def _empty_sections(document: Document) -> Iterator[Problem]:
    sections = document.sections
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        has_parts = following is not None and following.headings[: len(section.headings)] == section.headings
        if not section.paragraphs and not has_parts:
            what = f"section '{section.headings[-1]}' is empty"
            yield Problem(document.path, what, "Write its text, or delete the heading.", "warning")
