"""What a message means, in the classes of the exemplars: a vote beside the rules, for words that no rule has.

The classifier is all-MiniLM-L6-v2 whose last layers were trained on the project's own exemplars, with a linear layer
over the mean of its last hidden states, as Reimers and Gurevych (2019) pool. `benchmarks/fit_triage.py` trains it and
writes `meaning.safetensors`: the trained layers alone, in half precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from cachetools import TTLCache

from chatbot.reading.message import Message
from index.encode import packaged_folder

WEIGHTS = Path(__file__).with_name("meaning.safetensors")
MAX_TOKENS = 256  # of one piece; the encoder was made for so many
MAX_WORDS = 70  # seventy names of medicines have fewer tokens than that
MAX_PIECES = 16  # a message that has more is far too long to be a question; the rules read all of it
# Many visitors ask the same, and it is heard for emergencies each time; in memory only, and not for long.
MAX_KEPT, KEPT_S = 2000, 600.0

Probabilities = npt.NDArray[np.float32]


class Meaning(Protocol):
    """Tells for texts how probable each class of the exemplars is."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the columns."""
        ...

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Of each text, the probability of each class: float32 (len(texts), len(labels)), rows that add up to 1."""
        ...


class TrainedMeaning:
    """The trained classifier, loaded at its first use."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._weights = weights
        self._kept: TTLCache[tuple[str, ...], Probabilities] = TTLCache(MAX_KEPT, KEPT_S)
        self._lock = Lock()

    @property
    def labels(self) -> tuple[str, ...]:
        labels: tuple[str, ...] = self._loaded[3]
        return labels

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any, tuple[str, ...]]:
        """Tokenizer, encoder, linear layer, labels."""
        import torch
        from safetensors import safe_open
        from safetensors.torch import load_file
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        hide_progress: Callable[[], None] = logging.disable_progress_bar  # transformers leaves it untyped
        hide_progress()
        folder = packaged_folder()
        bert = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        with safe_open(self._weights, framework="pt") as file:
            labels = tuple(file.metadata()["labels"].split())
        stored = {name: weights.float() for name, weights in load_file(self._weights).items()}
        head = torch.nn.Linear(bert.config.hidden_size, len(labels))
        head.load_state_dict({"weight": stored.pop("head.weight"), "bias": stored.pop("head.bias")})
        if unplaced := bert.load_state_dict(stored, strict=False).unexpected_keys:
            raise ValueError(f"{self._weights}: the encoder has no {', '.join(unplaced)}. Train it: fit_triage.py.")
        return AutoTokenizer.from_pretrained(folder, local_files_only=True), bert, head, labels

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        with self._lock:
            known = self._kept.get(tuple(texts))
        if known is None:
            known = self._read(texts)
            with self._lock:
                self._kept[tuple(texts)] = known
        return known

    def _read(self, texts: Sequence[str]) -> Probabilities:
        import torch

        tokenizer, bert, head, _ = self._loaded
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            hidden = bert(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            found: Probabilities = torch.softmax(head((hidden * mask).sum(1) / mask.sum(1)), dim=-1).numpy()
        return found


@cache
def load_meaning() -> TrainedMeaning:
    """The classifier that the program ships."""
    return TrainedMeaning()


def pieces(message: Message) -> list[str]:
    """What is read of a message at a time: the whole or, of a long story, as many sentences as the encoder takes in.

    A sentence by itself is not read: without the others, "my lips are my living" may mean anything.
    """
    parts: list[list[str]] = [[]]
    for sentence in message.sentences:
        for run in _runs(sentence.split()):
            if parts[-1] and sum(len(one.split()) for one in parts[-1]) + len(run) > MAX_WORDS:
                parts.append([])
            parts[-1].append(" ".join(run))
    return [spoken("\n".join(part)) for part in parts]


def _runs(words: list[str]) -> list[list[str]]:
    return [words[start : start + MAX_WORDS] for start in range(0, len(words), MAX_WORDS)]


def is_readable(message: Message) -> bool:
    """Whether a message is in the script of the exemplars: at least half of its letters."""
    letters = [char for char in message.text if char.isalpha()]
    return bool(letters) and sum(char.isascii() for char in letters) >= len(letters) / 2


def spoken(text: str) -> str:
    """A message's text as the encoder reads it: sentences with their stops."""
    return text.replace("\n", ". ").replace(" ,", ",")
