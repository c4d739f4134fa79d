"""Folder → Documents, and what could not be read, each with the reason and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kb.caveats import resolve_caveats
from kb.compose import compose
from kb.document import Document, Problem, Source
from kb.front_matter import FrontMatter
from kb.read import Contents, UnreadableError, read, sidecar
from kb.treatment import known_treatments

MIN_TREATMENT_MENTIONS = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A folder's documents, in the order of their paths, and the problems met."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


def document_paths(folder: Path) -> list[Path]:
    """Every file below the folder that may be a document, sorted; hidden files and sidecars are left out.

    Raises FileNotFoundError or NotADirectoryError, with the remedy, when there is no such folder.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder. Give --kb a folder that holds your documents.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: not a folder. Give --kb the folder that holds your documents.")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    sidecars = {sidecar(path) for path in paths}
    hidden = {path for path in paths if any(part.startswith(".") for part in path.relative_to(folder).parts)}
    return sorted(set(paths) - sidecars - hidden)


def load(folder: Path) -> Loaded:
    """Load every document below the folder. A file that cannot be used is a problem; the rest is loaded.

    Raises FileNotFoundError or NotADirectoryError when there is no such folder.
    """
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for path in document_paths(folder):
        name = path.relative_to(folder).as_posix()
        try:
            document = _load_file(path, name)
            if document.id in documents:
                raise UnreadableError(
                    f"its id '{document.id}' is already the id of {documents[document.id].path}",
                    "Give one of the two another `id` in its front matter.",
                )
            documents[document.id] = document
        except UnreadableError as error:
            problems.append(Problem(name, error.what, error.remedy))
    resolved, broken = resolve_caveats(list(documents.values()))
    return Loaded(tuple(resolved), (*problems, *broken))


def _load_file(path: Path, name: str) -> Document:
    document = _document(read(path), name)
    if not any(section.paragraphs for section in document.sections):
        is_pdf = path.suffix.lower() == ".pdf"
        remedy = "A scan? Run text recognition (OCR) on it." if is_pdf else "Write its text, or delete it."
        raise UnreadableError("no text was found in it", remedy)
    return document


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
    about none of the known treatments is its own.
    """
    treatments = known_treatments()
    if "treatment" in matter.model_fields_set:
        return treatments.canonical(matter.treatment) if matter.treatment else None
    for place, min_mentions in ((title, 1), (text, MIN_TREATMENT_MENTIONS)):
        most = treatments.named(place).most_common(1)
        if most and most[0][1] >= min_mentions:
            return most[0][0]
    return title
