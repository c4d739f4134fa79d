"""Does this sentence answer this question? A cross-encoder reads both together.

It is all-MiniLM-L6-v2 cut in two, as MacAvaney et al. (2020, "PreTTR") cut BERT: the lower layers, which are the
encoder's own, read question and sentence apart, so that what they make of a sentence is kept for the next question; the
upper ones, trained here, read both together. `benchmarks/fit_verifier.py` trains it and writes
`cross_encoder.safetensors`: the trained layers alone, in half precision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from index.encode import packaged_folder

WEIGHTS = Path(__file__).with_name("cross_encoder.safetensors")
KEPT_LAYERS = 3  # of 6: they read a text by itself; benchmarks/README.md has what the cut costs
MAX_QUESTION_TOKENS = 64  # of a longer one its end is read: people tell first and ask last
MAX_SENTENCE_TOKENS = 80
MAX_CONTEXT_TOKENS = 32
MAX_KEPT_SENTENCES = 4096  # about 100 MB; the sentences of a few hundred pages
AHEAD_AT_ONCE = 8  # few enough that a question which comes in between does not wait

Logits = npt.NDArray[np.float32]


class Said(NamedTuple):
    """A sentence, and what it stands under: its heading, what leads into its list, or the sentence before it."""

    sentence: str
    context: str


class CrossEncoder(Protocol):
    """Tells how likely each of some sentences answers a question."""

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        """float32 (len(said),): above 0 for "it answers", 1 / (1 + exp(-logit)) is the probability."""
        ...


class TrainedCrossEncoder:
    """The trained cross-encoder, loaded at its first use."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._weights = weights
        self._kept: OrderedDict[Said, Any] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def _net(self) -> Any:
        from chatbot.reading.cross_encoder_net import load_net

        return load_net(packaged_folder(), self._weights).ready()

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        if not said:
            return np.zeros(0, dtype=np.float32)
        read = self._read(said)
        found: Logits = self._net.read_together(self._net.read_question(question), read)
        return found

    def read_ahead(self, said: Sequence[Said]) -> None:
        """Read what may be asked about later; of more than are kept, the first."""
        ahead = said[:MAX_KEPT_SENTENCES]
        for start in range(0, len(ahead), AHEAD_AT_ONCE):
            self._read(ahead[start : start + AHEAD_AT_ONCE])

    def _read(self, said: Sequence[Said]) -> list[Any]:
        """What the lower layers make of each sentence, kept for the next question."""
        with self._lock:  # the page and the API ask in threads
            if new := [one for one in dict.fromkeys(said) if one not in self._kept]:
                self._kept.update(zip(new, self._net.read_sentences(new), strict=True))
            read = [self._kept[one] for one in said]
            for one in said:
                self._kept.move_to_end(one)
            while len(self._kept) > MAX_KEPT_SENTENCES:
                self._kept.popitem(last=False)
        return read


@cache
def load_cross_encoder() -> TrainedCrossEncoder:
    """The cross-encoder that the program ships."""
    return TrainedCrossEncoder()
