"""Fit the gate on labelled questions and write chatbot/gate.json.

    python -m benchmarks.fit_gate

Each document of tests/data/clinic is a knowledge base of its own, with 35 questions that it answers and 35 that it
does not. The threshold is the one that is right most often, on average of both kinds, on documents held out in turn.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from chatbot.question import Question
from chatbot.retrieve import retrieve
from chatbot.scope import scope
from chatbot.verify import GATE, Gate, features, load_gate, verify
from index.build import build_index
from index.encode import Encoder, load_encoder
from index.store import StoredIndex, index_home, open_index

DATA = Path(__file__).parent.parent / "tests" / "data"
NAMES = ["cosine", "covered", "known", "not_given"]
REGULARISATION = 1.0


def main() -> None:
    """Fit, print what the held-out documents say, and write the file."""
    encoder = load_encoder()
    rows = [json.loads(line) for line in (DATA / "gate.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = sorted({row["document"] for row in rows})
    with tempfile.TemporaryDirectory() as scratch:
        tables = {name: _table(name, rows, encoder, Path(scratch)) for name in documents}
    held_out = np.concatenate([_predict_held_out(name, tables) for name in documents])
    labels = np.concatenate([tables[name][1] for name in documents])
    threshold, accuracy = _best_threshold(held_out, labels)
    auc = roc_auc_score(labels, held_out)
    print(f"held-out documents: AUC {auc:.3f}, balanced accuracy {accuracy:.3f} at {threshold:.2f}")
    model = _fit(list(tables.values()))
    gate = Gate(
        weights={name: round(float(w), 4) for name, w in zip(NAMES, model.coef_[0], strict=True)},
        bias=round(float(model.intercept_[0]), 4),
        min_probability=round(threshold, 2),
        reason=f"Logistic regression on {len(labels)} labelled questions (tests/data/gate.jsonl); the threshold has "
        f"the best balanced accuracy ({accuracy:.2f}) on documents held out in turn, AUC {auc:.2f}.",
    )
    GATE.write_text(json.dumps(gate.model_dump(), indent=2) + "\n", encoding="utf-8")


Table = tuple[np.ndarray, np.ndarray]


def _table(name: str, rows: list[dict[str, object]], encoder: Encoder, scratch: Path) -> Table:
    """Features (questions, len(NAMES)) and labels (questions,) of one document's questions."""
    kb = scratch / name
    kb.mkdir()
    shutil.copy(DATA / "clinic" / name, kb)
    home = index_home(scratch / "index", kb)
    build_index(kb, home, encoder)
    index = open_index(home, mend="")
    mine = [row for row in rows if row["document"] == name]
    found = [_features(str(row["question"]), index, encoder) for row in mine]
    return np.array(found), np.array([bool(row["answerable"]) for row in mine])


def _features(text: str, index: StoredIndex, encoder: Encoder) -> list[float]:
    question = Question(text)
    vector = encoder.encode([text])[0]
    hits = retrieve(question, vector, index.passages, scope(question, index.treatments, index.covered))
    evidence = verify(text, vector, hits, index.passages, load_gate()).evidence
    if not evidence:
        return [0.0] * len(NAMES)
    values = features(text, evidence, index.passages)
    return [values[name] for name in NAMES]


def _fit(tables: list[Table]) -> LogisticRegression:
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced")
    return model.fit(np.concatenate([t[0] for t in tables]), np.concatenate([t[1] for t in tables]))


def _predict_held_out(name: str, tables: dict[str, Table]) -> np.ndarray:
    others = [table for other, table in tables.items() if other != name]
    predicted: np.ndarray = _fit(others).predict_proba(tables[name][0])[:, 1]
    return predicted


def _best_threshold(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    candidates = np.linspace(0.05, 0.95, 91)
    accuracies = [((probabilities >= t)[labels].mean() + (probabilities < t)[~labels].mean()) / 2 for t in candidates]
    best = int(np.argmax(accuracies))
    return float(candidates[best]), float(accuracies[best])


if __name__ == "__main__":
    main()
