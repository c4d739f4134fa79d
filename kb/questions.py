"""Questions that sections answer, as their author wrote them: beside the section, or in the front matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kb.compose import anchor, clean
from kb.document import Document, Problem, Section

ByHeading = Mapping[str, Sequence[str]]


def place_questions(document: Document, by_heading: ByHeading) -> tuple[Document, list[Problem]]:
    """The document with the front matter's questions at the sections of their headings, and what is wrong with them.

    Of several sections with one heading, the heading means the first, and its anchor ("risks-1") means another. A
    heading that the document does not have and an empty list are problems; neither leaves a question.
    """
    known = {section.id for section in document.sections}
    missing = [heading for heading in by_heading if _section_id(document, heading) not in known]
    sections = [_with_questions(document, section, by_heading) for section in document.sections]
    problems = [
        *(_no_such_heading(document, heading) for heading in missing),
        *(_empty_list(document, section) for section in sections if "" in section.questions),
    ]
    asked = tuple(replace(section, questions=tuple(filter(None, section.questions))) for section in sections)
    return replace(document, sections=asked), problems


def _section_id(document: Document, heading: str) -> str:
    return f"{document.id}#{anchor(clean(heading))}"


def _with_questions(document: Document, section: Section, by_heading: ByHeading) -> Section:
    """The section with those of its heading after its own; an empty list is an empty question, as beside a section."""
    added = [
        clean(question)
        for heading, questions in by_heading.items()
        if _section_id(document, heading) == section.id
        for question in questions or [""]
    ]
    return replace(section, questions=tuple(dict.fromkeys([*section.questions, *added])))


def _no_such_heading(document: Document, heading: str) -> Problem:
    what = f"its front matter has questions for the heading '{heading}', which it does not have"
    return Problem(document.path, what, "Write the heading as the document does, or delete its questions.")


def _empty_list(document: Document, section: Section) -> Problem:
    heading = section.headings[-1] if section.headings else document.title
    what = f"section '{heading}' has an empty list of questions"
    return Problem(document.path, what, 'Write the questions, with "·" between them, or delete the list.')
