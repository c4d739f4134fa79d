"""Folder → Documents, and what could not be read, each with the reason and the remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from kb.caveats import resolve_caveats
from kb.compose import compose
from kb.document import Document, Problem, Source
from kb.front_matter import FrontMatter
from kb.questions import place_questions
from kb.read import Contents, UnreadableError, read, sidecar
from kb.treatment import known_treatments, words

MIN_TREATMENT_MENTIONS = 2
NAME_END = re.compile(r"[:,|]| [-–] ")  # what follows one of these in a title explains the name
GENERIC_WORDS = frozenset(
    "guide information leaflet for patients your about what is aftercare advice the a to and of treatment consent form"
    " faq".split()
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A folder's documents, in the order of their paths, and the problems met."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


def document_paths(folder: Path) -> list[Path]:
    """Every file below the folder that may be a document, sorted; hidden files, sidecars and those whose name is not
    UTF-8 are left out.

    Raises FileNotFoundError or NotADirectoryError, with the remedy, when there is no such folder.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder. Give --kb a folder that holds your documents.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: not a folder. Give --kb the folder that holds your documents.")
    paths = {path for path in files_below(folder) if path.is_file() and _is_utf8(path.relative_to(folder))}
    return sorted(paths - {sidecar(path) for path in paths})


def files_below(folder: Path) -> Iterator[Path]:
    """Every file and dangling link below the folder that is not hidden, those of linked folders among them.

    A link to a folder that it stands in is not followed: it would never end.
    """
    above = {str(folder): frozenset([os.path.realpath(folder)])}
    for place, folders, files in os.walk(folder, followlinks=True):
        real = {name: os.path.realpath(Path(place, name)) for name in folders if not name.startswith(".")}
        folders[:] = [name for name, target in real.items() if target not in above[place]]
        above.update({os.path.join(place, name): above[place] | {real[name]} for name in folders})
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _is_utf8(path: Path) -> bool:
    return _shown(path) == path.as_posix()


def _shown(path: Path) -> str:
    """The path as text that can be printed and stored, whatever the bytes of its name."""
    return os.fsencode(path.as_posix()).decode("utf-8", errors="replace")


def _unreachable(folder: Path) -> Iterator[Problem]:
    """Links to nowhere, and files whose names no other part of the program could write down."""
    for path in sorted(files_below(folder)):
        name = path.relative_to(folder)
        if not _is_utf8(name):
            yield Problem(_shown(name), "its name is not UTF-8", "Rename it.")
        elif path.is_symlink() and not path.exists():
            yield Problem(name.as_posix(), "a link to nowhere", "Correct the link, or delete it.")


def load(folder: Path) -> Loaded:
    """Load every document below the folder. A file that cannot be used is a problem; the rest is loaded.

    Raises FileNotFoundError or NotADirectoryError when there is no such folder.
    """
    documents: dict[str, Document] = {}
    paths = document_paths(folder)
    problems = list(_unreachable(folder))
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            document, misplaced = _load_file(path, name)
            if document.id in documents:
                raise UnreadableError(
                    f"its id '{document.id}' is already the id of {documents[document.id].path}",
                    "Give one of the two another `id` in its front matter.",
                )
            documents[document.id] = document
            problems += misplaced
        except UnreadableError as error:
            problems.append(Problem(name, error.what, error.remedy))
    resolved, broken = resolve_caveats(list(_with_one_spelling(documents.values())))
    return Loaded(tuple(resolved), (*problems, *broken))


def _with_one_spelling(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents, a treatment's name spelt each time as in the first of them."""
    spellings: dict[tuple[str, ...], str] = {}
    for document in documents:
        name = document.treatment
        yield replace(document, treatment=spellings.setdefault(words(name) or (name,), name)) if name else document


def _load_file(path: Path, name: str) -> tuple[Document, list[Problem]]:
    """The document, and what is wrong with its questions, which does not keep it from being used."""
    contents = read(path)
    document = _document(contents, name)
    if not any(section.paragraphs for section in document.sections):
        is_pdf = path.suffix.lower() == ".pdf"
        remedy = "A scan? Run text recognition (OCR) on it." if is_pdf else "Write its text, or delete it."
        raise UnreadableError("no text was found in it", remedy)
    return place_questions(document, contents.front_matter.questions if contents.front_matter else {})


def _document(contents: Contents, name: str) -> Document:
    matter = contents.front_matter or FrontMatter()
    document_id = matter.id or name
    composed = compose(contents.parts, document_id)
    headings = [section.headings[0] for section in composed.sections if section.headings]
    title = matter.title or (headings[0] if headings else contents.title or _title_from(name))
    unknown = {key for mark in composed.marks for key in mark.sources} - set(matter.sources)
    if unknown:
        raise UnreadableError(
            f"it cites sources that its front matter does not name: {', '.join(sorted(unknown))}",
            "Add them under `sources`, or correct the footnotes.",
        )
    return Document(
        id=document_id,
        title=title,
        path=name,
        text=composed.text,
        sections=composed.sections,
        treatment=_treatment(matter, title, composed.text),
        other_names=matter.other_names,
        audience=matter.audience,
        sources=tuple((key, Source(**dict(source))) for key, source in matter.sources.items()),
        marks=composed.marks,
        reviewed_by=matter.reviewed_by,
        reviewed_on=matter.reviewed_on,
        review_due=matter.review_due,
    )


def _title_from(name: str) -> str:
    return PurePosixPath(name).stem.replace("-", " ").replace("_", " ").strip().capitalize()


def _treatment(matter: FrontMatter, title: str, text: str) -> str | None:
    """What the front matter says; else the treatment that the title names, or that the text names most. A document
    about none of the known treatments is about the one that its title introduces.
    """
    treatments = known_treatments()
    if "treatment" in matter.model_fields_set:
        return treatments.canonical(matter.treatment) if matter.treatment else None
    for place, min_mentions in ((title, 1), (text, MIN_TREATMENT_MENTIONS)):
        most = treatments.named(place).most_common(1)
        if most and most[0][1] >= min_mentions:
            return most[0][0]
    return _distinctive(title)


def _distinctive(title: str) -> str:
    """The name in a title such as "Your guide to Frostpeel: what to know"; the whole title if it has none."""
    name = NAME_END.split(title)[0].split()
    while name and _is_generic(name[-1]):
        name.pop()
    while name and _is_generic(name[0]):
        name.pop(0)
    return " ".join(name).rstrip("?!. ") or title


def _is_generic(word: str) -> bool:
    return word.lower().rstrip("?!.") in GENERIC_WORDS
