"""Exact and approximate search compared, on the sentences of real answers.

    python -m benchmarks.ann FOLDER [--cache DIR]

FOLDER holds files of JSON lines, each with a `question` and an `answer` (MedQuAD has this form). The answers' sentences
are the vectors, some of the questions ask. Tables go to standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from benchmarks.beir import K, cached_vectors
from benchmarks.run import table
from benchmarks.speed import percentile
from index.encode import Vectors, load_encoder
from index.search import FUSION_DEPTH
from index.vectors import VectorIndex, exact_index, graph_index
from kb.document import Paragraph
from kb.split import sentences_of

SIZES = (5_000, 10_000, 20_000, 45_000)
SHARES = (0.9, 0.7, 0.5, 0.3, 0.1, 0.01)
N_QUESTIONS = 500
MIN_SENTENCE, MAX_SENTENCE = 30, 400  # characters: what is shorter is often a heading, what is longer a list
SEED = 0

Found = list[list[str]]


@dataclass(frozen=True, slots=True)
class Searched:
    """One way to search, measured: for each question what it found, closest first, and the milliseconds it took."""

    found: Found
    times_ms: tuple[float, ...]


def read_texts(folder: Path) -> tuple[list[str], list[str]]:
    """(sentences, questions), each once, in an order drawn at random: at most max(SIZES) and N_QUESTIONS."""
    files = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.jsonl"))]
    rows = [json.loads(line) for file in files for line in file.split("\n") if line.strip()]
    sentences = (
        row["answer"][start:end]
        for row in rows
        for start, end in sentences_of(row["answer"], Paragraph(0, len(row["answer"])))
        if MIN_SENTENCE <= end - start <= MAX_SENTENCE
    )
    draw = np.random.default_rng(SEED)
    return _some(draw, sentences, max(SIZES)), _some(draw, (row["question"] for row in rows), N_QUESTIONS)


def _some(draw: np.random.Generator, texts: Iterable[str], n: int) -> list[str]:
    unique = list(dict.fromkeys(texts))
    return [unique[position] for position in draw.permutation(len(unique))[:n]]


def searched(index: VectorIndex, questions: Vectors, among: Sequence[str] | None = None) -> Searched:
    """Each question, shape (n, dim), asked one after another, as deep as the program asks."""
    found, times = [], []
    for question in questions:
        started = time.perf_counter()
        nearest = index.search(question, FUSION_DEPTH, among)
        times.append(1000 * (time.perf_counter() - started))
        found.append([name for name, _ in nearest])
    return Searched(found, tuple(times))


def mean_recall(found: Found, exact: Found) -> float:
    """The mean share, 0 to 1, of the exact first K that the first K found have."""
    shares = [len(set(a[:K]) & set(b[:K])) / len(b[:K]) for a, b in zip(found, exact, strict=True)]
    return sum(shares) / len(shares)


def size_table(vectors: Vectors, questions: Vectors, sizes: Sequence[int]) -> str:
    """Both indexes over the first vectors, a row a size: time to build, bytes, time to search, recall of the graph."""
    header = ["vectors"]
    header += [f"{what}, {way}" for what in ("build (s)", "MB", "p50 (ms)", "p95 (ms)") for way in ("exact", "graph")]
    rows = []
    for size in sizes:
        some, ids = np.ascontiguousarray(vectors[:size]), [str(row) for row in range(size)]
        times, megabytes, results = [], [], []
        for make in (exact_index, graph_index):
            started = time.perf_counter()
            made = make(some)
            times.append(time.perf_counter() - started)
            megabytes.append(faiss.serialize_index(made).nbytes / 1e6)  # in memory it is as large
            results.append(searched(VectorIndex(ids, made), questions))
        cells = [f"{seconds:.1f}" for seconds in times] + [f"{size_mb:.0f}" for size_mb in megabytes]
        cells += [f"{percentile(result.times_ms, percent):.2f}" for percent in (50, 95) for result in results]
        rows.append([str(size), *cells, f"{mean_recall(results[1].found, results[0].found):.3f}"])
    return table([*header, f"Recall@{K}, graph"], rows)


def share_table(vectors: Vectors, questions: Vectors, shares: Sequence[float]) -> str:
    """The index over all vectors asked among a share of the ids, a row a share, drawn at random."""
    ids = [str(row) for row in range(len(vectors))]
    exact, graph = (VectorIndex(ids, make(vectors)) for make in (exact_index, graph_index))
    draw, rows = np.random.default_rng(SEED), []
    for share in shares:
        among = [str(row) for row in draw.permutation(len(ids))[: int(share * len(ids))]]
        by_exact, by_graph = searched(exact, questions, among), searched(graph, questions, among)
        times = [f"{percentile(result.times_ms, 50):.2f}" for result in (by_exact, by_graph)]
        rows.append([f"{share:.0%}", *times, f"{mean_recall(by_graph.found, by_exact.found):.3f}"])
    return table([f"share of {len(ids)}", "p50 (ms), exact", "p50 (ms), program", f"Recall@{K}, program"], rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ann", description="Exact against approximate search.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="files of JSON lines with question and answer")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the sentences' vectors here")
    options = parser.parse_args(arguments)
    sentences, asked = read_texts(options.folder)
    if not sentences:
        parser.error(f"{options.folder}: no file of JSON lines with answers in it")
    encoder = load_encoder()
    vectors, questions = cached_vectors(sentences, encoder, options.cache), encoder.encode(asked)
    print(size_table(vectors, questions, [size for size in SIZES if size <= len(vectors)]), flush=True)
    print(share_table(vectors, questions, SHARES), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
