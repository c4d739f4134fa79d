"""What an index was built from, and whether it still stands for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kb.document import Passage
from kb.load import document_paths
from kb.read import sidecar

# Raise this when passages, vectors or files change their meaning: older indexes are then refused.
FORMAT = 2


class FileState(BaseModel):
    """A document's file as it was when it was indexed. `mtime_ns` and `size` spare hashing it again.

    `sha256` is empty for a file that could not be opened; loading it reports that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int
    mtime_ns: int
    sha256: str


class Manifest(BaseModel):
    """What an index was built from.

    `passages` are (id, hash) in the order of the vectors, `questions` (section id, hash) in the order of theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int
    encoder: str
    dim: int
    terms: str
    built_at: datetime
    documents: dict[str, FileState]
    passages: list[tuple[str, str]]
    questions: list[tuple[str, str]]


def passage_hash(passage: Passage) -> str:
    """Changes when what is embedded changes: the headings, the text, or where its sentences end."""
    spans = [(start - passage.start, end - passage.start) for start, end in passage.sentences]
    return hashlib.sha256(f"{passage.context}\n{spans}".encode()).hexdigest()


def question_hash(question: str) -> str:
    """Changes when the question does: it is embedded alone, whatever section it belongs to."""
    return hashlib.sha256(question.encode()).hexdigest()


def file_states(folder: Path) -> dict[str, FileState]:
    """The state of every file that the documents of a folder are loaded from, under its path in the folder."""
    paths = document_paths(folder)
    paths += [sidecar(path) for path in paths if sidecar(path).exists()]
    return {path.relative_to(folder).as_posix(): _state(path) for path in paths}


def changed_files(folder: Path, known: dict[str, FileState]) -> Sequence[str]:
    """The paths of files that were added, removed or edited since, sorted."""
    paths = document_paths(folder)
    paths += [sidecar(path) for path in paths if sidecar(path).exists()]
    now = {path.relative_to(folder).as_posix(): path for path in paths}
    edited = [name for name in now.keys() & known.keys() if _differs(now[name], known[name])]
    return sorted([*(now.keys() ^ known.keys()), *edited])


def _state(path: Path) -> FileState:
    stat = path.stat()
    return FileState(size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=_hash(path))


def _differs(path: Path, known: FileState) -> bool:
    stat = path.stat()
    if known.sha256 and (stat.st_size, stat.st_mtime_ns) == (known.size, known.mtime_ns):
        return False
    return stat.st_size != known.size or _hash(path) != known.sha256


def _hash(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:
        return ""


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
