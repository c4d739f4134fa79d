"""Fit the gate on labelled questions and write chatbot/gate.json.

    python -m benchmarks.fit_gate

Each document of tests/data/clinic is a knowledge base of its own, with as many questions that it answers as it does
not; kb/documents is one more, with its own questions. What is fitted on some is judged on the one held out.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from chatbot.question import Question
from chatbot.retrieve import retrieve
from chatbot.scope import scope
from chatbot.verify import GATE, Gate, verify
from index.build import build_index
from index.encode import Encoder, load_encoder
from index.store import StoredIndex, index_home, open_index

ROOT = Path(__file__).parent.parent
DATA, DOCUMENTS = ROOT / "tests" / "data", ROOT / "kb" / "documents"
NAMES = ["stands_out", "covered", "known", "not_given"]
REGULARISATION = 1.0
MIN_PROBABILITY = 0.55  # a little above as likely as not: a wrong answer does more harm than none
UNFITTED = Gate(weights={}, bias=0.0, min_probability=MIN_PROBABILITY, reason="only the evidence is wanted")


def main() -> None:
    """Fit, print what the held-out documents say, and write the file."""
    encoder = load_encoder()
    with tempfile.TemporaryDirectory() as scratch:
        tables = {name: _table(name, rows, encoder, Path(scratch)) for name, rows in _questions().items()}
    held_out = np.concatenate([_predict_held_out(name, tables) for name in tables])
    labels = np.concatenate([table[1] for table in tables.values()])
    answered, abstained = (held_out >= MIN_PROBABILITY)[labels].mean(), (held_out < MIN_PROBABILITY)[~labels].mean()
    auc = roc_auc_score(labels, held_out)
    found = f"AUC {auc:.2f}; answered {answered:.0%} of what they answer, abstained from {abstained:.0%} of the rest"
    print(f"documents held out in turn: {found}")
    model = _fit(list(tables.values()))
    gate = Gate(
        weights={name: round(float(w), 4) for name, w in zip(NAMES, model.coef_[0], strict=True)},
        bias=round(float(model.intercept_[0]), 4),
        min_probability=MIN_PROBABILITY,
        reason=f"Logistic regression on {len(labels)} labelled questions, both kinds weighing the same; the threshold "
        f"is a little above as likely as not, since a wrong answer does more harm than none. On documents held out in "
        f"turn: {found}.",
    )
    GATE.write_text(json.dumps(gate.model_dump(), indent=2) + "\n", encoding="utf-8")


Rows = list[tuple[str, bool]]
Table = tuple[np.ndarray, np.ndarray]


def _questions() -> dict[Path, Rows]:
    """A document, or folder of documents → its questions, each with whether it answers them."""
    questions: dict[Path, Rows] = {}
    for row in _read(DATA / "gate.jsonl"):
        questions.setdefault(DATA / "clinic" / row["document"], []).append((row["question"], row["answerable"]))
    questions[DOCUMENTS] = [(r["question"], r["status"] != "abstained") for r in _read(DATA / "questions.jsonl")]
    return questions


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _table(source: Path, rows: Rows, encoder: Encoder, scratch: Path) -> Table:
    """Features (questions, len(NAMES)) and labels (questions,) of one knowledge base's questions."""
    kb = source
    if source.is_file():
        kb = scratch / source.stem
        kb.mkdir()
        shutil.copy(source, kb)
    home = index_home(scratch / "index", kb)
    build_index(kb, home, encoder)
    index = open_index(home, mend="")
    return np.array([_features(text, index, encoder) for text, _ in rows]), np.array([label for _, label in rows])


def _features(text: str, index: StoredIndex, encoder: Encoder) -> list[float]:
    question = Question(text)
    about = scope(question, index.treatments, index.covered)
    vector = encoder.encode([text])[0]
    subject = index.treatments.without(text)
    hits = retrieve(question, subject, vector, index.passages, about)
    seen = verify(subject, vector, hits, index.passages, UNFITTED, about.keep(index.treatments)).features
    return [seen.get(name, 0.0) for name in NAMES]


def _fit(tables: list[Table]) -> LogisticRegression:
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced")
    return model.fit(np.concatenate([t[0] for t in tables]), np.concatenate([t[1] for t in tables]))


def _predict_held_out(name: Path, tables: dict[Path, Table]) -> np.ndarray:
    others = [table for other, table in tables.items() if other != name]
    predicted: np.ndarray = _fit(others).predict_proba(tables[name][0])[:, 1]
    return predicted


if __name__ == "__main__":
    main()
