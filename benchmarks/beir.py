"""Retrieval on public question sets in BEIR's form: how good the first ten documents are.

BEIR's form is a folder with `corpus.jsonl` (_id, title, text), `queries.jsonl` (_id, text) and `qrels/test.tsv` or
`qrels_test.tsv`: under a header, a query-id, a corpus-id and a score, which is the grade, a line.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.encode import Encoder, Vectors
from index.keywords import KeywordIndex
from index.search import FUSION_DEPTH, fuse
from index.vectors import VectorIndex
from kb.document import Document, Paragraph, Section
from kb.split import split

K = 10
WAYS = ("dense", "BM25", "fused")


class BeirError(Exception):
    """A folder is not in BEIR's form; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A corpus, id → document; the judged questions, id → text; for each question its relevant documents, id → grade.

    A grade is 1 upwards, higher is more relevant; what is not judged relevant is not there.
    """

    name: str
    corpus: dict[str, Document]
    questions: dict[str, str]
    grades: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions of a set, each 0 to 1: `ndcg` is nDCG@10, `recall` is Recall@10."""

    ndcg: float
    recall: float


def read_beir(folder: Path) -> QuestionSet:
    """Read a folder. Raises BeirError when it is not in BEIR's form."""
    try:
        rows = [row for row in _rows(folder / "corpus.jsonl") if (row["text"] + row.get("title", "")).strip()]
        corpus = {row["_id"]: _document(row) for row in rows}  # Cranfield has two without a word
        texts = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
        grades = _grades(folder)
        questions = {question_id: texts[question_id] for question_id in grades}
    except FileNotFoundError as error:
        raise BeirError(f"{error.filename}: no such file. {folder} is not a folder in BEIR's form.") from error
    except (KeyError, ValueError) as error:
        raise BeirError(f"{folder}: {error!r}. It is not in BEIR's form (see benchmarks/beir.py).") from error
    if not questions:
        raise BeirError(f"{folder}: no question has a relevant document.")
    return QuestionSet(folder.resolve().name, corpus, questions, grades)


def measure(questions: QuestionSet, encoder: Encoder, cache: Path | None = None) -> dict[str, Quality]:
    """The quality of each of WAYS: the program's own two indexes, and its fusion of them.

    A document is read as the program reads one, in passages, and found as a whole: its vector is the mean of its
    passages' vectors, its words are all of its words. `cache` is a folder that keeps vectors for the next run.
    """
    ids = list(questions.corpus)
    nearest = VectorIndex.build(ids, document_vectors(questions.corpus.values(), encoder, cache))
    keywords = KeywordIndex.build(ids, [_whole(document) for document in questions.corpus.values()])
    vectors = encoder.encode(list(questions.questions.values()))
    judged: dict[str, list[Quality]] = {way: [] for way in WAYS}
    for (question_id, text), vector in zip(questions.questions.items(), vectors, strict=True):
        dense, bm25 = nearest.search(vector, FUSION_DEPTH), keywords.search(text, FUSION_DEPTH)
        for way, ranking in zip(WAYS, (dense, bm25, fuse(nearest, vector, dense, bm25)), strict=True):
            found = [document_id for document_id, _ in ranking]
            grades = questions.grades[question_id]
            judged[way].append(Quality(ndcg(found, grades, K), recall(found, grades, K)))
    return {way: _mean(some) for way, some in judged.items()}


def document_vectors(documents: Iterable[Document], encoder: Encoder, cache: Path | None) -> Vectors:
    """One vector a document, float32 of shape (documents, dim), unit rows: the mean of its passages' vectors."""
    passages = [split(document) for document in documents]
    texts = [passage.context.strip() for some in passages for passage in some]
    vectors = cached_vectors(texts, encoder, cache)
    starts = np.cumsum([0, *(len(some) for some in passages[:-1])])
    sums = np.add.reduceat(vectors, starts, axis=0)
    means: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return means


def ndcg(found: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, 0 to 1, as trec_eval's ndcg_cut computes it.

    A document's gain is its grade, divided by log2(rank + 1); 1 is the best order there could be. What the
    program ranked first counts as first: documents of equal score are not reordered (trec_eval does, by id).
    """
    gain = _discounted([grades.get(document_id, 0) for document_id in found[:k]])
    return gain / _discounted(sorted(grades.values(), reverse=True)[:k])


def recall(found: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """The share of the relevant documents that are among the first `k`, 0 to 1."""
    return len(grades.keys() & set(found[:k])) / len(grades)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(some: Sequence[Quality]) -> Quality:
    return Quality(sum(q.ndcg for q in some) / len(some), sum(q.recall for q in some) / len(some))


def cached_vectors(texts: list[str], encoder: Encoder, cache: Path | None) -> Vectors:
    """Vectors of the texts, shape (n, dim); read from the cache when the same encoder embedded the same texts."""
    if cache is None:
        return encoder.encode(texts)
    key = hashlib.sha256("\0".join([encoder.name, *texts]).encode()).hexdigest()[:16]
    path = cache / f"{key}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, encoder.encode(texts))
    vectors: Vectors = np.load(path)
    return vectors


def _document(row: Mapping[str, str]) -> Document:
    """A document of one section; one that is nothing but a title is its text."""
    title, text = row.get("title", "").strip(), row["text"].strip()
    title, text = (title, text) if text else ("", title)
    section = Section(row["_id"], (), 0, len(text), (Paragraph(0, len(text)),))
    return Document(row["_id"], title, path="", text=text, sections=(section,))


def _whole(document: Document) -> str:
    return f"{document.title}\n{document.text}".strip()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _grades(folder: Path) -> dict[str, dict[str, int]]:
    nested, flat = folder / "qrels" / "test.tsv", folder / "qrels_test.tsv"
    grades: dict[str, dict[str, int]] = {}
    with (nested if nested.exists() else flat).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                grades.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return grades
