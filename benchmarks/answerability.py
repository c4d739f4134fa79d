"""Can the gate tell what is answered from what is not, on public sets? Figures are AUCs: 0.5 is a guess, 1 perfect.

    python -m benchmarks.answerability SQUAD.jsonl MEDQUAD.jsonl CLINC_FOLDER

SQuAD 2.0: the questions of the articles kept back from training, each with the sentences of its own paragraph; half of
them were written to look answerable. MedQuAD: the answers on the diseases kept back are the knowledge base; each of N
questions is asked twice, once with its own answers withheld. CLINC150: requests of 150 kinds against requests of none,
each judged by the nearest question that is known, as the questions beside sections are found.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.public import is_kept_back, read_lines, squad_rows
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.verify import load_gate, verify
from index.build import build_index
from index.encode import load_encoder
from index.search import search_vector
from index.section_questions import SectionQuestions
from index.store import open_index
from kb.document import Passage

N_MEDQUAD = 400  # questions, drawn with the seed
SEED = 0
K_HITS = 16
ACCEPTED = 0.95  # of what is in scope: then this share of what is not must be recognised


def main() -> None:
    """Print the three."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    squad, medquad, clinc = map(Path, sys.argv[1:])
    print(f"SQuAD 2.0: {squad_auc(squad):.3f}", flush=True)
    cosine, gate = medquad_aucs(medquad)
    print(f"MedQuAD, own answers withheld: best cosine {cosine:.3f}, gate {gate:.3f}", flush=True)
    auc, recall = clinc_scores(clinc)
    print(f"CLINC150: AUC {auc:.3f}; of what is out of scope, recognised at {ACCEPTED:.0%} accepted: {recall:.3f}")


def squad_auc(path: Path) -> float:
    """The best logit of a question's sentences, against whether one of them answers."""
    cross_encoder = load_cross_encoder()
    rows = squad_rows(path, kept_back=True)
    best = [cross_encoder.logits(question, said).max() for question, said, _ in rows]
    return float(roc_auc_score([any(answers) for _, _, answers in rows], best))


def medquad_aucs(path: Path) -> tuple[float, float]:
    """The best passage's cosine, and the gate's probability, with a question's answers there and withheld."""
    pairs = [row for row in read_lines(path) if is_kept_back(row["focus"])]
    asked = random.Random(SEED).sample(range(len(pairs)), N_MEDQUAD)
    encoder, cross_encoder, gate = load_encoder(), load_cross_encoder(), load_gate()
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch) / "kb", Path(scratch) / "index"
        folder.mkdir()
        for number, row in enumerate(pairs):
            (folder / f"{number:05}.txt").write_text(row["answer"], encoding="utf-8")
        build_index(folder, home, encoder)
        index = open_index(home, mend="").passages
    cosines, probabilities, labels = [], [], []
    for number in asked:
        question, wanted = pairs[number]["question"], (pairs[number]["focus"], pairs[number]["qtype"])
        own = {f"{i:05}.txt" for i, row in enumerate(pairs) if (row["focus"], row["qtype"]) == wanted}
        vector = encoder.encode([question])[0]
        for is_withheld in (False, True):

            def keep(passage: Passage, withheld: bool = is_withheld, own: set[str] = own) -> bool:
                return not (withheld and passage.document.path in own)

            hits = search_vector(index, vector, question, K_HITS, keep)
            verdict = verify(question, question, vector, hits, index, gate, cross_encoder)
            cosines.append(max(hit.cosine or 0.0 for hit in hits))
            probabilities.append(verdict.probability)
            labels.append(not is_withheld)
    return float(roc_auc_score(labels, cosines)), float(roc_auc_score(labels, probabilities))


def clinc_scores(folder: Path) -> tuple[float, float]:
    """AUC of the nearest known question's cosine, and the recall of what is out of scope at ACCEPTED."""
    encoder = load_encoder()
    known = [row["text"] for row in read_lines(folder / "train.jsonl")]
    questions = SectionQuestions(tuple(map(str, range(len(known)))), encoder.encode(known))

    def nearest(name: str) -> Sequence[float]:
        vectors = encoder.encode([row["text"] for row in read_lines(folder / name)])
        return [float((questions.vectors @ vector).max()) for vector in vectors]

    inside, outside = nearest("test.jsonl"), nearest("oos_test.jsonl")
    auc = roc_auc_score([True] * len(inside) + [False] * len(outside), [*inside, *outside])
    threshold = np.quantile(inside, 1 - ACCEPTED)
    return float(auc), float(np.mean(np.array(outside) < threshold))


if __name__ == "__main__":
    main()
