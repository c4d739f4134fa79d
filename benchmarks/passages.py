"""Ablations of retrieval over kb/documents: sizes of passages, headings in their text, fusion, the verifier's order.

    python -m benchmarks.passages

The questions are those of tests/data/questions.jsonl that name sections which answer them. Recall@k is the share of
them with one of those sections among the first k.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.question import Question
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.scope import scope
from chatbot.verify import said_of
from index.encode import Encoder, Vectors, load_encoder
from index.keywords import KeywordIndex
from index.search import FUSION_DEPTH, fuse
from index.vectors import VectorIndex
from kb import split as splitting
from kb.document import Passage
from kb.load import load
from kb.treatment import Treatments, known_treatments

ROOT = Path(__file__).parent.parent
DOCUMENTS, QUESTIONS = ROOT / "kb" / "documents", ROOT / "tests" / "data" / "questions.jsonl"
SIZES = (350, 700, 1400)  # characters; the encoder reads about a thousand
DEPTHS = (1, 5)
K_RERANKED = 16  # passages, as the program gives the verifier

Ranking = list[str]  # passage ids, best first


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its vector, and the sections that answer it."""

    question: Question
    vector: Vectors
    sections: frozenset[str]


@dataclass(frozen=True, slots=True)
class Indexed:
    """Passages with their two indexes."""

    passages: dict[str, Passage]
    vectors: VectorIndex
    keywords: KeywordIndex


def main() -> None:
    """Print the table."""
    encoder, treatments = load_encoder(), known_treatments()
    asked = read_questions(encoder)
    print(f"{len(asked)} questions\n\n| passages | ranked by | recall@1 | recall@5 |\n|---|---|---:|---:|")
    chosen = splitting.MAX_PASSAGE_CHARS
    for size in SIZES:
        made = make(size, encoder, lambda passage: passage.context)
        report(f"up to {size} characters", made, asked, treatments)
    made = make(chosen, encoder, lambda passage: passage.text)
    report(f"up to {chosen}, without headings", made, asked, treatments)


def read_questions(encoder: Encoder) -> list[Asked]:
    """The labelled questions that name sections."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    named = [row for row in rows if row.get("sections")]
    vectors = encoder.encode([row["question"] for row in named])
    return [
        Asked(Question.parse(row["question"]), vector, frozenset(row["sections"]))
        for row, vector in zip(named, vectors, strict=True)
    ]


def make(max_chars: int, encoder: Encoder, text_of: Callable[[Passage], str]) -> Indexed:
    """Patients' documents in passages of a size, each indexed by what `text_of` gives."""
    was, splitting.MAX_PASSAGE_CHARS = splitting.MAX_PASSAGE_CHARS, max_chars
    try:
        patients = [document for document in load(DOCUMENTS).documents if document.audience == "patient"]
        passages = {passage.id: passage for document in patients for passage in splitting.split(document)}
    finally:
        splitting.MAX_PASSAGE_CHARS = was
    texts = [text_of(passage) for passage in passages.values()]
    vectors = VectorIndex.build(list(passages), encoder.encode(texts))
    return Indexed(passages, vectors, KeywordIndex.build(list(passages), texts))


def report(name: str, made: Indexed, asked: Sequence[Asked], treatments: Treatments) -> None:
    """Print a row for each way of ranking these passages."""
    found: dict[str, list[Ranking]] = {
        "meaning": [],
        "words": [],
        "both (the program's fusion)": [],
        "the verifier": [],
    }
    covered = frozenset(p.document.treatment for p in made.passages.values() if p.document.treatment)
    for one in asked:
        about = scope(one.question, treatments, covered)
        among = [passage_id for passage_id, passage in made.passages.items() if about.admits(passage)]
        cosines = made.vectors.search(one.vector, FUSION_DEPTH, among)
        keywords = made.keywords.search(one.question.text, FUSION_DEPTH, among)
        fused = fuse(made.vectors, one.vector, cosines, keywords)
        rankings = [cosines, keywords, fused, reranked(one.question.text, made, fused[:K_RERANKED])]
        for way, ranking in zip(found, rankings, strict=True):
            found[way].append([passage_id for passage_id, _ in ranking])
    for way, rankings_of in found.items():
        cells = [
            f"{np.mean([is_found(r[:k], made, one) for r, one in zip(rankings_of, asked, strict=True)]):.3f}"
            for k in DEPTHS
        ]
        print(f"| {name} ({len(made.passages)}) | {way} | {' | '.join(cells)} |", flush=True)


def reranked(question: str, made: Indexed, ranking: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Passages by the cross-encoder's logit of their best sentence, best first."""
    passages = [made.passages[passage_id] for passage_id, _ in ranking]
    said = [said_of(passage, start, end) for passage in passages for start, end in passage.sentences]
    owners = [passage.id for passage in passages for _ in passage.sentences]
    best: dict[str, float] = {}
    for owner, logit in zip(owners, load_cross_encoder().logits(question, said).tolist(), strict=True):
        best[owner] = max(logit, best.get(owner, logit))
    return sorted(best.items(), key=lambda pair: -pair[1])


def is_found(ranking: Ranking, made: Indexed, one: Asked) -> bool:
    """Whether a passage of this ranking is of a section that answers."""
    return any(made.passages[passage_id].section.id in one.sections for passage_id in ranking)


if __name__ == "__main__":
    main()
