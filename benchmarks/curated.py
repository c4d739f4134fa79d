"""Fit and measure the gate of curated answers: does a question in other words find its answer, and a near one not?

    python -m benchmarks.curated [--fit] [--show]

A row of tests/data/curated.jsonl is a curated answer with its variants (`questions`); `same` are three other ways to
ask for it: misspelt, short, long; `other` three questions that are near and ask for something else; `also` those of
this file and of questions.jsonl that it happens to answer. All answers are active at once. The half that is not
`held_out` is fitted, and its cut-off is the lowest one with which at most 1 % of the questions get a wrong answer;
the other half judges. The questions of questions.jsonl, none of which was written for these answers, are divided too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from chatbot.desk.curated_live import index_of
from chatbot.desk.curated_match import CERTAIN, GATE, CuratedIndex, CuratedMatch, load_curated_gate, match
from chatbot.desk.curated_wording import Version, Wording
from chatbot.question import Question
from chatbot.reading.cross_encoder import CrossEncoder, Logits, Said, load_cross_encoder
from chatbot.scope import scope
from chatbot.verify import Gate
from index.build import build_index
from index.encode import Encoder, load_encoder
from index.store import StoredIndex, index_home, open_index

ROOT = Path(__file__).parent.parent
DATA, OWN = ROOT / "tests" / "data" / "curated.jsonl", ROOT / "tests" / "data" / "questions.jsonl"
DOCUMENTS = ROOT / "kb" / "documents"
MAX_WRONG = 0.01  # of the questions of the fitted half
REGULARISATION = 1.0
UNFITTED = Gate(weights={"cosine": 10.0}, bias=-5.0, min_probability=0.5, reason="only the features are wanted")
HALVES = {False: "fitted", True: "held out"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the benchmark: its kind ("same", "other" or "own"), its half, and the ids of the right answers."""

    text: str
    kind: str
    held_out: bool
    right: frozenset[str]


class Remembering:
    """A cross-encoder that reads no pair twice: the questions are asked before and after fitting."""

    def __init__(self, inner: CrossEncoder) -> None:
        self._inner = inner
        self._known: dict[tuple[str, Said], float] = {}

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        new = [one for one in dict.fromkeys(said) if (question, one) not in self._known]
        if new:
            pairs = [(question, one) for one in new]
            self._known.update(zip(pairs, map(float, self._inner.logits(question, new)), strict=True))
        return np.array([self._known[question, one] for one in said], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and with what."""

    asked: list[Asked]
    curated: CuratedIndex
    documents: StoredIndex
    encoder: Encoder
    cross_encoder: CrossEncoder

    def found(self, gate: Gate) -> list[list[CuratedMatch]]:
        """The matches of each question, best first."""
        curated, treatments = replace(self.curated, gate=gate), self.documents.treatments
        every = []
        for one in self.asked:
            about = scope(Question.parse(one.text), treatments, self.documents.covered)
            every.append(match(curated, one.text, about, treatments, self.encoder, self.cross_encoder))
        return every


def read_bench(scratch: Path, encoder: Encoder) -> Bench:
    """The questions and the answers, all approved, over the shipped documents."""
    rows, own = _read(DATA), _read(OWN)
    right: dict[str, set[str]] = {}
    for row in rows:
        for text in [*row["same"], *row["also"], *row["questions"]]:
            right.setdefault(text, set()).add(row["id"])
    asked = [
        Asked(text, kind, row["held_out"], frozenset(right.get(text, ())))
        for row in rows
        for kind in ("same", "other")
        for text in row[kind]
    ]
    asked += [
        Asked(row["question"], "own", place % 2 == 1, frozenset(right.get(row["question"], ())))
        for place, row in enumerate(own)
    ]
    home = index_home(scratch, DOCUMENTS)
    build_index(DOCUMENTS, home, encoder)
    index = open_index(home, "python -m benchmarks.curated")
    curated = index_of([_version(row) for row in rows], encoder, UNFITTED)
    return Bench(asked, curated, index, encoder, Remembering(load_cross_encoder()))


def fit(bench: Bench) -> Gate:
    """A gate from the fitted half."""
    found = bench.found(UNFITTED)
    fitted = [
        (one.features, one.version.id in asked.right)
        for asked, matches in zip(bench.asked, found, strict=True)
        for one in matches
        if not asked.held_out and one.features and one.probability
    ]
    names = list(fitted[0][0])
    features = np.array([[row[name] for name in names] for row, _ in fitted])
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(features, [label for _, label in fitted])
    weights = {name: round(float(w), 4) for name, w in zip(names, model.coef_[0], strict=True)}
    gate = Gate(weights=weights, bias=round(float(model.intercept_[0]), 4), min_probability=0.5, reason="")
    return _with_cut_off(gate, bench)


def _with_cut_off(gate: Gate, bench: Bench) -> Gate:
    """The gate with the lowest cut-off that keeps wrong answers to MAX_WRONG on the fitted half, and its reason."""
    found = bench.found(gate)
    first = [(asked, matches[0]) for asked, matches in zip(bench.asked, found, strict=True) if matches]
    half = [(asked, one) for asked, one in first if not asked.held_out]
    most = MAX_WRONG * sum(not asked.held_out for asked in bench.asked)
    wrong = sorted((one.probability for asked, one in half if one.version.id not in asked.right), reverse=True)
    inexact = [p for p in wrong if p < CERTAIN]
    cut_off = np.ceil((inexact[int(most)] + 1e-4) * 1000) / 1000 if len(inexact) > most else 0.5
    gate = gate.model_copy(update={"min_probability": float(cut_off)})
    said = "; ".join(f"{HALVES[h]}: {_figures(bench.asked, found, cut_off, h)}" for h in HALVES)
    reason = (
        f"Logistic regression on the fitted half of {len(bench.curated.versions)} answers and {len(bench.asked)} "
        f"questions. The cut-off is the lowest with which at most {MAX_WRONG:.0%} of its questions get a wrong answer: "
        f"{said}."
    )
    return gate.model_copy(update={"reason": reason})


def _figures(asked: Sequence[Asked], found: Sequence[Sequence[CuratedMatch]], cut_off: float, held_out: bool) -> str:
    """Precision, recall and wrong answers of one half."""
    rows = [(a, m[0] if m else None) for a, m in zip(asked, found, strict=True) if a.held_out == held_out]
    given = [(a, one) for a, one in rows if one is not None and one.probability >= cut_off]
    right = sum(one.version.id in a.right for a, one in given)
    wanted = sum(bool(a.right) for a, _ in rows)
    wrong = Counter(a.kind for a, one in given if one.version.id not in a.right)
    return (
        f"precision {right / max(len(given), 1):.3f}, recall {right / wanted:.3f}, "
        f"{sum(wrong.values())} of {len(rows)} questions answered wrongly ({wrong['other']} near ones, "
        f"{wrong['own']} of the own questions)"
    )


def _version(row: dict[str, Any]) -> Version:
    due = date(2999, 1, 1)
    wording = Wording(tuple(row["questions"]), row["text"], row["treatment"], "patient", "Reception", due, "The clinic")
    return Version(row["id"], 1, wording, "benchmark", datetime(2026, 1, 1), "benchmark", datetime(2026, 1, 1))


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _show(bench: Bench, found: Sequence[Sequence[CuratedMatch]], cut_off: float) -> None:
    for asked, matches in zip(bench.asked, found, strict=True):
        best = matches[0] if matches else None
        is_given = best is not None and best.probability >= cut_off
        is_right = best is not None and best.version.id in asked.right
        if is_given and not is_right:
            verdict = "WRONG"
        elif asked.right and not (is_given and is_right):
            verdict = "MISSED"
        else:
            continue
        nearest = f"{best.probability:.3f} {best.variant}" if best else "nothing"
        print(f"{verdict:6} {HALVES[asked.held_out]:8} {asked.kind:5} {asked.text} → {nearest}")


def main() -> None:
    """Print both halves; on demand fit and write the gate, and print each question that went wrong."""
    parser = argparse.ArgumentParser(description="Measure curated answers.")
    parser.add_argument("--fit", action="store_true", help="fit the gate first and write it")
    parser.add_argument("--show", action="store_true", help="print what was answered wrongly or missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bench = read_bench(Path(scratch), load_encoder())
    if options.fit:
        GATE.write_text(json.dumps(fit(bench).model_dump(), indent=2) + "\n", encoding="utf-8")
        load_curated_gate.cache_clear()
    gate = load_curated_gate()
    found = bench.found(gate)
    for held_out, name in HALVES.items():
        print(f"{name}: {_figures(bench.asked, found, gate.min_probability, held_out)}")
    own = [(a, m[0]) for a, m in zip(bench.asked, found, strict=True) if a.kind == "own" and m and m[0].is_sure]
    wrong = sum(one.version.id not in asked.right for asked, one in own)
    print(f"own questions: {len(own)} of 240 get a curated answer, {wrong} of them a wrong one")
    if options.show:
        _show(bench, found, gate.min_probability)


if __name__ == "__main__":
    main()
