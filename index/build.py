"""Folder of documents → index: unchanged text is never embedded twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from index.encode import Encoder, Span, Vectors
from index.manifest import FORMAT, Manifest, file_states, passage_hash, question_hash
from index.store import Embedded, StoredIndex, UnusableIndexError, current_version, open_index, publish, refuse_stale
from index.terms import terms_version
from kb.document import Passage, Problem
from kb.load import load
from kb.split import MAX_PASSAGE_CHARS, split

MAX_WAIT_S = 600.0  # for another process that is indexing the same folder


Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """No progress shown."""


class EmptyKnowledgeBaseError(Exception):
    """The folder holds no text that could be indexed."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: numbers of passages, the files it could not use, seconds."""

    new: int
    changed: int
    kept: int
    removed: int
    embedded: int
    problems: tuple[Problem, ...]
    seconds: float


def build_index(
    kb: Path, home: Path, encoder: Encoder, progress: Progress = silent, kin: StoredIndex | None = None
) -> BuildReport:
    """Bring the index of a folder up to date and publish it; an index that is up to date is left alone.

    `progress` is called with (passages embedded so far, passages to embed). `kin` is the index of another folder with
    much of the same text, whose vectors are taken over. Raises FileNotFoundError or NotADirectoryError for a wrong
    folder, EmptyKnowledgeBaseError when nothing in it can be indexed.
    """
    started = time.perf_counter()
    states = file_states(kb)  # before loading: a file edited in between is then seen as changed
    loaded = load(kb)
    passages = [passage for document in loaded.documents for passage in split(document)]
    if not passages:
        reasons = "".join(f"\n  {problem}" for problem in loaded.problems)
        raise EmptyKnowledgeBaseError(f"{kb}: no document in it could be read. Add your documents.{reasons}")
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / "lock", timeout=MAX_WAIT_S):
            old = _whole_index(home)
            embedded = 0
            if old is None or not _is_up_to_date(old, kb, encoder):
                known = _known_vectors(kin, encoder) | _known_vectors(old, encoder)
                vectors, sentences, embedded = _vectors(passages, known, encoder, progress)
                asked = _asked(passages)
                known_questions = _known_questions(kin, encoder) | _known_questions(old, encoder)
                questions = _question_vectors(asked, known_questions, encoder, vectors.shape[1])
                manifest = Manifest(
                    format=FORMAT,
                    encoder=encoder.name,
                    dim=vectors.shape[1],
                    terms=terms_version(),
                    built_at=datetime.now(UTC),
                    documents=states,
                    passages=[(passage.id, passage_hash(passage)) for passage in passages],
                    questions=[(section_id, question_hash(question)) for section_id, question in asked],
                )
                publish(home, manifest, passages, Embedded(vectors, sentences, questions))
    except Timeout as error:
        raise UnusableIndexError(
            f"Another process has been indexing {kb} for {MAX_WAIT_S:.0f} s; end it first."
        ) from error
    before = dict(old.manifest.passages) if old else {}
    return _report(before, passages, embedded, loaded.problems, time.perf_counter() - started)


def _whole_index(home: Path) -> StoredIndex | None:
    """The index that is there, to take unchanged vectors from; None when there is none or it is damaged."""
    try:
        return open_index(home, mend="") if current_version(home) else None
    except UnusableIndexError:
        return None


def _is_up_to_date(old: StoredIndex, kb: Path, encoder: Encoder) -> bool:
    try:
        refuse_stale(old.manifest, kb, encoder.name, mend="")
    except UnusableIndexError:
        return False
    return True


Known = dict[str, tuple[Vectors, Vectors]]


def _known_vectors(old: StoredIndex | None, encoder: Encoder) -> Known:
    """Passage hash → (its vector, its sentences' vectors), of the same encoder."""
    if old is None or old.manifest.encoder != encoder.name:
        return {}
    rows = old.passages.vectors.vectors
    return {
        digest: (row, old.passages.sentence_vectors[passage_id])
        for (passage_id, digest), row in zip(old.manifest.passages, rows, strict=True)
    }


def _vectors(
    passages: list[Passage], known: Known, encoder: Encoder, progress: Progress
) -> tuple[Vectors, list[Vectors], int]:
    """Vectors of passages, shape (n, dim), and of their sentences; how many passages had to be embedded."""
    hashes = [passage_hash(passage) for passage in passages]
    missing = {digest: passage for digest, passage in zip(hashes, passages, strict=True) if digest not in known}
    if missing:  # else the encoder need not even be loaded
        known = known | embed(list(missing.values()), encoder, progress)
    vectors = np.stack([known[digest][0] for digest in hashes])
    return vectors, [known[digest][1] for digest in hashes], len(missing)


def _asked(passages: list[Passage]) -> list[tuple[str, str]]:
    """(section id, question) of every question that a section with text answers, in the sections' order."""
    sections = {passage.section.id: passage.section for passage in passages}
    return [(section.id, question) for section in sections.values() for question in section.questions]


def _known_questions(old: StoredIndex | None, encoder: Encoder) -> dict[str, Vectors]:
    """Question hash → its vector, of the same encoder."""
    if old is None or old.manifest.encoder != encoder.name:
        return {}
    hashes = [digest for _, digest in old.manifest.questions]
    return dict(zip(hashes, old.passages.questions.vectors, strict=True))


def _question_vectors(asked: list[tuple[str, str]], known: dict[str, Vectors], encoder: Encoder, dim: int) -> Vectors:
    """Vectors of questions, each encoded alone, shape (n, dim); n may be 0."""
    hashes = [question_hash(question) for _, question in asked]
    missing = {digest: q for digest, (_, q) in zip(hashes, asked, strict=True) if digest not in known}
    if missing:  # else the encoder need not even be loaded
        known = known | dict(zip(missing, encoder.encode(list(missing.values())), strict=True))
    return np.array([known[digest] for digest in hashes], dtype=np.float32).reshape(len(hashes), dim)


def embed(passages: list[Passage], encoder: Encoder, progress: Progress = silent) -> Known:
    """Passage hash → (vector, sentences' vectors). A long list is read in windows, each under its headings."""
    windows = [(passage, first, text, spans) for passage in passages for first, text, spans in _windows(passage)]
    done = 0

    def advance(texts: int) -> None:
        nonlocal done
        done += texts
        progress(done * len(passages) // len(windows), len(passages))

    texts, spans = [window[2] for window in windows], [window[3] for window in windows]
    whole, of_spans = encoder.encode_spans(texts, spans, advance)
    rows: dict[str, list[Vectors]] = {}
    sentences: dict[str, list[Vectors]] = {}
    for (passage, _, _, _), vector, part in zip(windows, whole, of_spans, strict=True):
        rows.setdefault(passage_hash(passage), []).append(vector)
        sentences.setdefault(passage_hash(passage), []).append(part)
    return {digest: (_mean(rows[digest]), np.concatenate(sentences[digest])) for digest in rows}


def _windows(passage: Passage) -> list[tuple[int, str, list[Span]]]:
    """(number of its first sentence, text under the headings, offsets of its sentences in that text) a window."""
    heading = "\n".join(passage.headings) + "\n"
    text = passage.document.text
    windows: list[tuple[int, str, list[Span]]] = []
    first = 0
    for number in range(1, len(passage.sentences) + 1):
        is_last = number == len(passage.sentences)
        if is_last or passage.sentences[number][1] - passage.sentences[first][0] > MAX_PASSAGE_CHARS:
            spans = passage.sentences[first:number]
            start, end = spans[0][0], spans[-1][1]
            shifted = [(a - start + len(heading), b - start + len(heading)) for a, b in spans]
            windows.append((first, heading + text[start:end], shifted))
            first = number
    return windows


def _mean(rows: list[Vectors]) -> Vectors:
    mean = np.mean(rows, axis=0)
    unit: Vectors = (mean / np.linalg.norm(mean)).astype(np.float32)
    return unit


def _report(
    before: dict[str, str], passages: list[Passage], embedded: int, problems: tuple[Problem, ...], seconds: float
) -> BuildReport:
    after = {passage.id: passage_hash(passage) for passage in passages}
    new = sum(passage_id not in before for passage_id in after)
    kept = sum(before.get(passage_id) == digest for passage_id, digest in after.items())
    return BuildReport(
        new=new,
        changed=len(after) - new - kept,
        kept=kept,
        removed=len(before.keys() - after.keys()),
        embedded=embedded,
        problems=problems,
        seconds=seconds,
    )
