"""Train the classifier beside the triage rules on data/exemplars.jsonl; write chatbot/reading/meaning.safetensors.

    python -m benchmarks.fit_triage

The exemplars are our own: messages as patients write them, each with its class. Trained are the last layers of
all-MiniLM-L6-v2 and a linear layer over the mean of its last hidden states; the layers below are left as they are, so
what they make of each message is computed once. What is kept is the mean of the weights of several trainings that
differ only in the order of the exemplars (Wortsman et al. 2022, "Model soups"): one by itself calls a few messages
otherwise than the next. The seeds are fixed; machines with other arithmetic differ a little.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from chatbot.reading.meaning import MAX_TOKENS, WEIGHTS, spoken
from chatbot.reading.message import read
from chatbot.reading.weights import note_sum
from chatbot.rules import load_rules
from index.encode import packaged_folder

EXEMPLARS = Path(__file__).with_name("data") / "exemplars.jsonl"
START = 0  # the seed of the new layer's first weights: trainings from different ones cannot be averaged
ORDERS = (0, 1)  # the seeds of the orders in which the exemplars come
TRAINED_LAYERS = 3  # of 6; benchmarks/README.md has what fewer and more give
EPOCHS = 4
BATCH = 32
LEARNING_RATE = 2e-4
WARM_UP_STEPS = 50
DROPOUT = 0.1
SMOOTHING = 0.05  # some labels are a matter of opinion
SORTED_BATCHES = 40  # messages of like length go together within so many batches, so that little is padded

Tensor = torch.Tensor


class Trainer:
    """The encoder cut in two: layers that stay, and layers that learn, with the linear layer above them."""

    def __init__(self, labels: Sequence[str]) -> None:
        folder = packaged_folder()
        self.labels = list(labels)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.bert: Any = AutoModel.from_pretrained(folder, local_files_only=True).requires_grad_(False).eval()
        layers = list(self.bert.encoder.layer)
        self._kept, self.trained = layers[:-TRAINED_LAYERS], torch.nn.ModuleList(layers[-TRAINED_LAYERS:])
        self.trained.requires_grad_(True)
        self.head = torch.nn.Linear(self.bert.config.hidden_size, len(self.labels))

    @torch.no_grad()
    def below(self, texts: Sequence[str]) -> list[Tensor]:
        """What the kept layers make of each text: (tokens, 384) float32 each."""
        ids = [self._tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"] for text in texts]
        made: list[Tensor] = []
        for one in ids:
            hidden = self.bert.embeddings(input_ids=torch.tensor([one]))
            made.append(_through(self._kept, hidden, None)[0])
        return made

    def logits(self, made: Sequence[Tensor]) -> Tensor:
        """(len(made), labels), from what the kept layers made."""
        hidden = torch.nn.utils.rnn.pad_sequence(list(made), batch_first=True)
        lengths = torch.tensor([len(one) for one in made])
        mask = (torch.arange(hidden.shape[1]) < lengths[:, None]).float()
        hidden = _through(self.trained, hidden, (1 - mask)[:, None, None, :] * torch.finfo(torch.float32).min)
        mean = (hidden * mask[:, :, None]).sum(1) / lengths[:, None]
        logits: Tensor = self.head(functional.dropout(mean, DROPOUT, self.trained.training))
        return logits

    @property
    def weights(self) -> dict[str, Tensor]:
        """What was trained, under the names that the encoder has for it."""
        trained = {id(parameter) for parameter in self.trained.parameters()}
        weights = {name: one.detach() for name, one in self.bert.named_parameters() if id(one) in trained}
        return weights | {f"head.{name}": one.detach() for name, one in self.head.named_parameters()}


def main() -> None:
    """Train, and write the weights."""
    rows = [json.loads(line) for line in EXEMPLARS.read_text(encoding="utf-8").splitlines()]
    rules = load_rules()
    texts = [spoken(read(row["text"], rules.spelling, rules.other_readings).text) for row in rows]
    labels = sorted({row["label"] for row in rows})
    wanted = torch.tensor([labels.index(row["label"]) for row in rows])
    trained = [train(labels, texts, wanted, order) for order in ORDERS]
    mean = {name: torch.stack([weights[name] for weights in trained]).mean(0).half() for name in trained[0]}
    save_file(mean, WEIGHTS, metadata={"labels": " ".join(labels)})
    note_sum(WEIGHTS)
    print(f"{len(rows)} exemplars, {len(labels)} classes: {WEIGHTS} ({WEIGHTS.stat().st_size / 1e6:.1f} MB)")


def train(labels: Sequence[str], texts: Sequence[str], wanted: Tensor, order: int) -> dict[str, Tensor]:
    """EPOCHS passes of AdamW over the exemplars, the rate rising first and then falling to nothing: the weights."""
    torch.manual_seed(START)
    trainer = Trainer(labels)
    made = trainer.below(texts)
    parameters = [*trainer.trained.parameters(), *trainer.head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(made) / BATCH)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, step / WARM_UP_STEPS) * (1 - step / steps))
    shuffled = np.random.default_rng(order)
    trainer.trained.train()
    for epoch in range(EPOCHS):
        started, losses = time.perf_counter(), []
        for batch in _batches([len(one) for one in made], shuffled):
            logits = trainer.logits([made[position] for position in batch])
            loss = functional.cross_entropy(logits, wanted[batch], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            rate.step()
            losses.append(float(loss))
        seconds = time.perf_counter() - started
        print(f"order {order}, epoch {epoch + 1}: loss {np.mean(losses):.3f}, {seconds:.0f} s", flush=True)
    return trainer.weights


def _through(layers: Sequence[Any] | torch.nn.ModuleList, hidden: Tensor, mask: Tensor | None) -> Tensor:
    for layer in layers:
        made = layer(hidden, mask)
        hidden = made[0] if isinstance(made, tuple) else made
    return hidden


def _batches(lengths: Sequence[int], shuffled: np.random.Generator) -> Iterator[list[int]]:
    """Positions in batches: shuffled, those of like length together, the batches shuffled again."""
    order = shuffled.permutation(len(lengths))
    batches: list[list[int]] = []
    for start in range(0, len(order), BATCH * SORTED_BATCHES):
        near = sorted(order[start : start + BATCH * SORTED_BATCHES].tolist(), key=lambda position: lengths[position])
        batches += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    for position in shuffled.permutation(len(batches)):
        yield batches[position]


if __name__ == "__main__":
    main()
