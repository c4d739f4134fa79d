"""Where an index lives: versions in folders, the current one named in a file that one rename replaces.

    HOME/CURRENT              the name of the current version
    HOME/versions/NAME/       manifest.json, documents.json, passages.json, vectors.faiss, sentences.npy,
                              questions.npy, keywords/, and checksums.json, which holds the sha256 of each of them

A crash at any moment leaves CURRENT naming the old version or the new one, each whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from index.encode import Vectors
from index.keywords import KeywordIndex
from index.manifest import FORMAT, Manifest, changed_files, sha256
from index.search import PassageIndex
from index.section_questions import SectionQuestions
from index.terms import terms_version
from index.vectors import VectorIndex
from kb.document import Document, Passage
from kb.treatment import Treatments

DOCUMENTS: TypeAdapter[list[Document]] = TypeAdapter(list[Document])
CHECKSUMS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage as it is written: its document and section by their ids."""

    id: str
    document_id: str
    section_id: str
    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]
    is_list: bool
    page: int | None


PASSAGES: TypeAdapter[list[PassageRow]] = TypeAdapter(list[PassageRow])


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of an index, float32 with unit rows, each in the manifest's order.

    `passages` has shape (passages, dim), `questions` (questions, dim), and `sentences` has one array (sentences of
    the passage, dim) a passage.
    """

    passages: Vectors
    sentences: list[Vectors]
    questions: Vectors


class UnusableIndexError(Exception):
    """The index cannot be served; the message names the command that mends it."""


class MissingIndexError(UnusableIndexError):
    """No index was built yet."""


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """A version read from its folder."""

    version: str
    manifest: Manifest
    documents: tuple[Document, ...]
    passages: PassageIndex
    treatments: Treatments

    @property
    def disputes(self) -> frozenset[str]:
        """The ids of the sections that dispute others."""
        return frozenset(caveat for document in self.documents for s in document.sections for caveat in s.caveats)

    @property
    def covered(self) -> frozenset[str]:
        """The treatments that patients' documents are about."""
        patient = (document for document in self.documents if document.audience == "patient")
        return frozenset(document.treatment for document in patient if document.treatment)


def index_home(indexes: Path, kb: Path) -> Path:
    """The folder of one knowledge base's index: each folder of documents has its own, kept apart."""
    path = kb.resolve()
    return indexes / f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:10]}"


def current_version(home: Path) -> str | None:
    """The name of the current version, or None when nothing was published."""
    try:
        return (home / "CURRENT").read_text(encoding="utf-8", errors="replace").strip() or None
    except FileNotFoundError:
        return None


def open_index(home: Path, mend: str) -> StoredIndex:
    """Read the current version, every file checked against its checksum. `mend` is the command that rebuilds it.

    Raises MissingIndexError when there is none, and UnusableIndexError when it is damaged or of an older format.
    """
    version = current_version(home)
    if version is None:
        raise MissingIndexError(f"There is no index yet. Build it: {mend}")
    folder = home / "versions" / version
    try:
        return _read_version(folder, _checked_manifest(folder, mend))
    except (OSError, RuntimeError) as error:  # FAISS raises RuntimeError for a file that it cannot read
        raise UnusableIndexError(f"The index in {folder} cannot be read ({error}). Rebuild it: {mend}") from error


def _read_version(folder: Path, manifest: Manifest) -> StoredIndex:
    documents = {d.id: d for d in DOCUMENTS.validate_json((folder / "documents.json").read_bytes())}
    rows = PASSAGES.validate_json((folder / "passages.json").read_bytes())
    ids = [row.id for row in rows]
    return StoredIndex(
        folder.name,
        manifest,
        tuple(documents.values()),
        PassageIndex(
            passages={row.id: _passage(row, documents[row.document_id]) for row in rows},
            vectors=VectorIndex.load(folder / "vectors.faiss", ids),
            keywords=KeywordIndex.load(folder / "keywords", ids),
            sentence_vectors=_by_passage(rows, np.load(folder / "sentences.npy")),
            questions=SectionQuestions(
                tuple(section_id for section_id, _ in manifest.questions), np.load(folder / "questions.npy")
            ),
        ),
        Treatments.of(documents.values()),
    )


def refuse_stale(manifest: Manifest, kb: Path, encoder_name: str, mend: str) -> None:
    """Raise UnusableIndexError when the documents or the encoder are no longer those of the index."""
    if manifest.encoder != encoder_name:
        raise UnusableIndexError(
            f"The index was built with the encoder {manifest.encoder}, the settings say {encoder_name}. "
            f"Rebuild it: {mend}"
        )
    if manifest.terms != terms_version():
        raise UnusableIndexError(
            f"The index was built with another index/concepts.yaml or kb/treatments.yaml. Rebuild it: {mend}"
        )
    changed = changed_files(kb, manifest.documents)
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise UnusableIndexError(
            f"The index is stale: {', '.join(changed[:5])}{more} changed since it was built. Rebuild it: {mend}"
        )


def publish(home: Path, manifest: Manifest, passages: list[Passage], embedded: Embedded) -> str:
    """Write a new version beside the current one and make it current by one rename; returns its name.

    The version that was current stays for readers that have just opened it; older ones go. What cannot be written
    to its end, as on a full disk, is taken away again.
    """
    previous = current_version(home)
    version = f"{manifest.built_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    folder = home / "versions" / version
    try:
        _write_version(folder, manifest, passages, embedded)
        write_current(home, version)
    except BaseException:
        if current_version(home) != version:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    _delete_versions(home, keep={version, previous})
    return version


def _write_version(folder: Path, manifest: Manifest, passages: list[Passage], embedded: Embedded) -> None:
    folder.mkdir(parents=True)
    ids = [passage.id for passage in passages]
    documents = {passage.document.id: passage.document for passage in passages}
    (folder / "documents.json").write_bytes(DOCUMENTS.dump_json(list(documents.values())))
    (folder / "passages.json").write_bytes(PASSAGES.dump_json([_row(passage) for passage in passages]))
    VectorIndex.build(ids, embedded.passages).save(folder / "vectors.faiss")
    np.save(folder / "sentences.npy", np.concatenate(embedded.sentences))
    np.save(folder / "questions.npy", embedded.questions)
    KeywordIndex.build(ids, [passage.context for passage in passages]).save(folder / "keywords")
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    checksums = {path.relative_to(folder).as_posix(): sha256(path) for path in _files(folder)}
    (folder / "checksums.json").write_bytes(CHECKSUMS.dump_json(checksums, indent=1))
    flush(folder)


def _checked_manifest(folder: Path, mend: str) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
        checksums = CHECKSUMS.validate_json((folder / "checksums.json").read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableIndexError(f"{folder} has no manifest that this program can read. Rebuild it: {mend}") from error
    if manifest.format != FORMAT:
        raise UnusableIndexError(
            f"The index has format {manifest.format}, this program reads format {FORMAT}. Rebuild it: {mend}"
        )
    for name, expected in checksums.items():
        path = folder / name
        if not path.exists() or sha256(path) != expected:
            raise UnusableIndexError(f"The index is damaged: {path} is not what was written. Rebuild it: {mend}")
    if not manifest.passages:
        raise UnusableIndexError(f"The index is empty. Add documents, then build it: {mend}")
    return manifest


def _row(passage: Passage) -> PassageRow:
    p = passage
    return PassageRow(p.id, p.document.id, p.section.id, p.start, p.end, p.sentences, p.is_list, p.page)


def _passage(row: PassageRow, document: Document) -> Passage:
    section = next(section for section in document.sections if section.id == row.section_id)
    return Passage(row.id, document, section, row.start, row.end, row.sentences, row.is_list, row.page)


def _by_passage(rows: list[PassageRow], sentences: Vectors) -> dict[str, Vectors]:
    ends = np.cumsum([len(row.sentences) for row in rows])
    return {row.id: sentences[end - len(row.sentences) : end] for row, end in zip(rows, ends.tolist(), strict=True)}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flush(folder: Path) -> None:
    """Force every file to the disk, so that the rename cannot overtake what it publishes."""
    for path in [*_files(folder), *(p for p in folder.rglob("*") if p.is_dir()), folder, folder.parent]:
        if os.name == "nt" and path.is_dir():
            continue  # Windows cannot open folders
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_current(home: Path, version: str) -> None:
    """Name this version the current one by one rename, which a crash cannot cut in two."""
    temporary = home / "CURRENT.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(version + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, home / "CURRENT")


def _delete_versions(home: Path, keep: set[str | None]) -> None:
    for folder in (home / "versions").iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
