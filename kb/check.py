"""What is wrong with a folder of documents: every problem with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from kb.document import Document, Problem, Section
from kb.load import load
from kb.review import review_state, this_day


def check(folder: Path, today: date | None = None) -> list[Problem]:
    """Every problem of the folder's documents, errors first. Raises as `load` does for a wrong folder."""
    today = today or this_day()
    loaded = load(folder)
    found = list(loaded.problems)
    if not loaded.documents:
        found.append(
            Problem(str(folder), "the folder holds no readable document", "Put your treatment documents in it.")
        )
    for document in loaded.documents:
        found += problems_of(document, today)
    return sorted(found, key=lambda problem: (problem.severity, problem.path))


def problems_of(document: Document, today: date) -> list[Problem]:
    """Every problem of a document that could be loaded."""
    return [*_review(document, today), *_sources(document), *_empty_sections(document), *_questions(document)]


def _review(document: Document, today: date) -> Iterator[Problem]:
    if document.reviewed_by is None:
        remedy = "Have a clinician review it, then set `reviewed_by`, `reviewed_on` and `review_due`."
        yield Problem(document.path, "no clinician has reviewed it", remedy, "warning")
    for field in ("reviewed_on", "review_due"):
        if document.reviewed_by and getattr(document, field) is None:
            what = f"it names a reviewer but no `{field}`"
            yield Problem(document.path, what, f"Set `{field}` in {_where(document)}.", "warning")
    if document.review_due and review_state(document, today) == "overdue":
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


def _questions(document: Document) -> Iterator[Problem]:
    """Questions that lead nowhere or to two places, and text that was taken for one."""
    first: dict[str, Section] = {}
    for section in document.sections:
        name = _name(document, section)
        if section.questions and not section.paragraphs:
            what = f"section '{name}' has questions, but no text that answers them"
            yield Problem(document.path, what, "Move them to the section that does.", "warning")
        for question in section.questions:
            other = first.setdefault(question.casefold().rstrip("?! "), section)
            if other is not section:
                what = f"sections '{_name(document, other)}' and '{name}' have the same question, '{question}'"
                yield Problem(document.path, what, "Keep it where it is answered better.", "warning")
            if question.endswith("."):
                what = f"section '{name}' has a question that ends as a statement, '{question}', and is not shown"
                yield Problem(
                    document.path, what, "Text needs an empty line between the questions and itself.", "warning"
                )


def _name(document: Document, section: Section) -> str:
    return section.headings[-1] if section.headings else document.title
