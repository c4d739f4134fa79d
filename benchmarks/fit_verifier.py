"""Train the cross-encoder on labelled pairs of question and sentence; write chatbot/reading/cross_encoder.safetensors.

    python -m benchmarks.fit_verifier SQUAD.jsonl COVID_QA_FOLDER MEDQUAD.jsonl CLINC_FOLDER

The leaflets (`leaflets.py`, our own) are most of the data: of each question all sentences that answer it, and as many
others, those of its document nearest in meaning, one of it by chance and one of another document, drawn anew in each
epoch. The public sets (`public.py`: SQuAD 2.0, CC BY-SA 4.0; COVID-QA, CC BY 4.0; MedQuAD, CC BY 4.0) keep it from
reading our style alone; what people ask of a bank or an airline (CLINC150, CC BY 3.0) is answered by no leaflet.
Trained are the upper layers of all-MiniLM-L6-v2 and the layers above them; what the lower ones make of each text is
computed once. Seeds are fixed; other arithmetic gives slightly other weights.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from benchmarks.leaflets import Labelled, read_leaflets
from benchmarks.public import read_lines, read_public
from chatbot.reading.cross_encoder import WEIGHTS, Said
from chatbot.reading.cross_encoder_net import Net, Read
from chatbot.reading.weights import note_sum
from index.encode import load_encoder, packaged_folder

SEED = 0
EPOCHS = 2
PAIRS = 48  # a batch, about
LEARNING_RATE = 3e-4
WARM_UP_STEPS = 100
MAX_ANSWERING = 3  # sentences of a question; more of the same teach nothing new
NEAR_OTHERS, CHANCE_OTHERS = 3, 1
N_PUBLIC = 1200  # questions of the public sets, drawn once
N_OFF_TOPIC = 1500  # questions of CLINC150, drawn once, ...
N_NEAREST = 4  # ... each with the sentences of the leaflets that are nearest to it
ANSWERING_WEIGHT = 2.0  # there are twice as many others
SMOOTHING = 0.03  # some labels are a matter of opinion
LISTWISE = 0.5  # the weight of the loss over all sentences of a question beside that over each
SORTED_BATCHES = 320  # questions of like length go together within so many, so that little is padded

Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class Group:
    """A question with sentences, and of each whether it answers: what is learnt from at once."""

    question: str
    said: tuple[Said, ...]
    answers: tuple[bool, ...]


class Pairs:
    """What the lower layers make of every question and sentence, computed once."""

    def __init__(self, net: Net, questions: Sequence[str], said: Sequence[Said]) -> None:
        unique = list(dict.fromkeys(questions))
        self.questions: dict[str, Read] = dict(zip(unique, net.read_questions(unique), strict=True))
        sentences = list(dict.fromkeys(said))
        self.said: dict[Said, Read] = dict(zip(sentences, net.read_sentences(sentences), strict=True))

    def length(self, group: Group) -> int:
        """Tokens of a group's longest pair."""
        return len(self.questions[group.question][0]) + max(len(self.said[one][0]) for one in group.said)


def main() -> None:
    """Train, and write the weights."""
    folders = sys.argv[1:]
    if len(folders) != 4:
        sys.exit(__doc__)
    torch.manual_seed(SEED)
    rows = ranked([row for leaflet in read_leaflets() if not leaflet.is_held_out for row in leaflet.questions])
    squad, covid_qa, medquad, clinc = map(Path, folders)
    public = [Group(*group) for group in read_public(squad, covid_qa, medquad, N_PUBLIC, SEED)]
    public += off_topic(clinc, [one for row in rows for one in row.others], random.Random(SEED))
    net = Net(packaged_folder())
    started = time.perf_counter()
    said = [one for row in rows for one in (*row.answering, *row.others)] + [one for g in public for one in g.said]
    pairs = Pairs(net, [row.question for row in rows] + [group.question for group in public], said)
    print(f"{len(rows)} + {len(public)} questions, read in {time.perf_counter() - started:.0f} s", flush=True)
    train(net, pairs, rows, public, random.Random(SEED))
    save_file({name: weights.half().contiguous() for name, weights in net.trained.items()}, WEIGHTS)
    note_sum(WEIGHTS)
    print(f"{WEIGHTS} ({WEIGHTS.stat().st_size / 1e6:.1f} MB)")


def ranked(rows: Sequence[Labelled]) -> list[Labelled]:
    """The same, the sentences that do not answer nearest in meaning first."""
    encoder = load_encoder()
    every = list(dict.fromkeys(one for row in rows for one in row.others))
    vectors = dict(zip(every, encoder.encode([f"{one.context}\n{one.sentence}" for one in every]), strict=True))
    asked = encoder.encode([row.question for row in rows])
    return [
        Labelled(row.question, row.kind, row.answering, _nearest_first(row.others, vector, vectors))
        for row, vector in zip(rows, asked, strict=True)
    ]


def _nearest_first(others: Sequence[Said], vector: np.ndarray, vectors: dict[Said, np.ndarray]) -> tuple[Said, ...]:
    return tuple(sorted(others, key=lambda one: -float(vectors[one] @ vector)))


def train(net: Net, pairs: Pairs, rows: Sequence[Labelled], public: Sequence[Group], draw: random.Random) -> None:
    """EPOCHS passes of AdamW, the rate rising first and then falling to nothing."""
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
    epochs = [batches([*drawn(rows, draw), *public], pairs, draw) for _ in range(EPOCHS)]
    steps = sum(map(len, epochs))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP_STEPS) * (1 - step / steps)
    )
    net.train()
    for number, epoch in enumerate(epochs, start=1):
        started, losses = time.perf_counter(), []
        for batch in epoch:
            loss = _loss(net, pairs, batch)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            rate.step()
            losses.append(float(loss.detach()))
            if len(losses) % 100 == 0:
                print(f"  {len(losses)} of {len(epoch)}: loss {np.mean(losses[-100:]):.3f}", flush=True)
        seconds = time.perf_counter() - started
        print(f"epoch {number}: loss {np.mean(losses):.3f}, {seconds:.0f} s", flush=True)


def off_topic(clinc: Path, said: Sequence[Said], draw: random.Random) -> list[Group]:
    """Questions that no clinic's document answers, each with the nearest of the sentences."""
    encoder = load_encoder()
    questions = draw.sample([row["text"] for row in read_lines(clinc / "train.jsonl")], N_OFF_TOPIC)
    every = list(dict.fromkeys(said))
    vectors = encoder.encode([f"{one.context}\n{one.sentence}" for one in every])
    groups = []
    for question, vector in zip(questions, encoder.encode(questions), strict=True):
        nearest = np.argsort(-(vectors @ vector))[:N_NEAREST].tolist()
        groups.append(Group(question, tuple(every[i] for i in nearest), (False,) * len(nearest)))
    return groups


def drawn(rows: Sequence[Labelled], draw: random.Random) -> Iterator[Group]:
    """Of each question what answers it, the nearest of the others, one by chance, and one of another document."""
    for row in rows:
        elsewhere = draw.choice(rows)
        near, far = row.others[:NEAR_OTHERS], row.others[NEAR_OTHERS:]
        answering = row.answering[:MAX_ANSWERING]
        others = (*near, *draw.sample(far, min(CHANCE_OTHERS, len(far))))
        if not set(elsewhere.others) & set(row.others):
            others += (draw.choice(elsewhere.others),)
        yield Group(row.question, (*answering, *others), (True,) * len(answering) + (False,) * len(others))


def batches(groups: Sequence[Group], pairs: Pairs, draw: random.Random) -> list[list[Group]]:
    """The groups in batches of about PAIRS pairs: shuffled, those of like length together, the batches shuffled."""
    order = list(groups)
    draw.shuffle(order)
    made: list[list[Group]] = []
    for start in range(0, len(order), SORTED_BATCHES):
        batch: list[Group] = []
        for group in sorted(order[start : start + SORTED_BATCHES], key=pairs.length):
            batch.append(group)
            if sum(len(one.said) for one in batch) >= PAIRS:
                made.append(batch)
                batch = []
        made += [batch] if batch else []
    draw.shuffle(made)
    return made


def _loss(net: Net, pairs: Pairs, batch: Sequence[Group]) -> Tensor:
    """Over each pair, whether it answers; over each question, which sentence does, or none."""
    questions = [pairs.questions[group.question] for group in batch for _ in group.said]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits: Tensor = net(questions, [pairs.said[one] for group in batch for one in group.said]).float()
    answers = torch.tensor([answer for group in batch for answer in group.answers], dtype=torch.float)
    weights = torch.where(answers > 0, ANSWERING_WEIGHT, 1.0)
    smooth = answers * (1 - 2 * SMOOTHING) + SMOOTHING
    of_pairs = (functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none") * weights).mean()
    sizes = [len(group.said) for group in batch]
    of_questions = [
        _listwise(own, wanted)
        for own, wanted in zip(torch.split(logits, sizes), torch.split(answers, sizes), strict=True)
    ]
    return of_pairs + LISTWISE * torch.stack(of_questions).mean()


def _listwise(logits: Tensor, answers: Tensor) -> Tensor:
    """Cross-entropy over a question's sentences, with a logit of 0 for "none of them"."""
    with_none = torch.cat([logits, torch.zeros(1)])
    is_answered = answers.sum() > 0
    wanted = torch.cat([answers / answers.sum().clamp(min=1), torch.tensor([0.0 if is_answered else 1.0])])
    return -(wanted * functional.log_softmax(with_none, 0)).sum()


if __name__ == "__main__":
    main()
