"""Caveat links: a disputed section is tied to the sections that dispute it, or withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

from kb.document import Document, Problem, Section


def resolve_caveats(documents: Sequence[Document]) -> tuple[list[Document], list[Problem]]:
    """Turn each caveat link, such as `../other/file.md#heading`, into the id of the section it points to.

    A section is no caveat to itself: it may inherit a link to itself from the heading above it.

    A section whose caveat cannot be shown is withheld: a disputed claim never stands without the dispute. So is
    then each section that has a withheld one as its caveat.
    """
    by_path = {document.path: document for document in documents}
    links = {
        section.id: {link: _target(link, document, by_path) for link in section.caveats}
        for document in documents
        for section in document.sections
    }
    withheld = _withheld(links)
    problems = [
        _problem(document, section, links[section.id], withheld)
        for document in documents
        for section in document.sections
        if section.id in withheld
    ]
    return [_with_caveats(document, links, withheld) for document in documents], problems


Links = Mapping[str, Mapping[str, str | None]]


def _withheld(links: Links) -> set[str]:
    """The sections with a link to nowhere or to a withheld section."""
    withheld: set[str] = set()
    while more := {
        section_id
        for section_id, targets in links.items()
        if section_id not in withheld and any(t is None or t in withheld for t in targets.values())
    }:
        withheld |= more
    return withheld


def _with_caveats(document: Document, links: Links, withheld: set[str]) -> Document:
    sections = tuple(
        replace(section, caveats=tuple(t for t in links[section.id].values() if t and t != section.id))
        for section in document.sections
        if section.id not in withheld
    )
    return replace(document, sections=sections)


def _target(link: str, document: Document, by_path: Mapping[str, Document]) -> str | None:
    """The id of the section that a link points to; None for no such section, or one that patients may not see."""
    address, _, slug = (unquote(part) for part in link.partition("#"))
    folder = PurePosixPath(document.path).parent
    target = by_path.get(normpath(str(folder / address))) if address else document
    if target is None or (target.audience == "staff" and document.audience == "patient"):
        return None
    section_id = f"{target.id}#{slug}"
    return section_id if slug and any(s.id == section_id and s.paragraphs for s in target.sections) else None


def _problem(document: Document, section: Section, targets: Mapping[str, str | None], withheld: set[str]) -> Problem:
    heading = section.headings[-1] if section.headings else document.title
    broken = [link or "no link" for link, target in targets.items() if target is None or target in withheld]
    return Problem(
        document.path,
        f"section '{heading}' is withheld: its caveat link leads nowhere ({', '.join(broken)})",
        "Correct the link: file.md#heading-in-lower-case-with-hyphens, to a section with text for the same readers.",
    )
