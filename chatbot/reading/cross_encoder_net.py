"""The layers of the cross-encoder. Importing this imports torch, which takes seconds: it is done late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from chatbot.reading.cross_encoder import (
    KEPT_LAYERS,
    MAX_CONTEXT_TOKENS,
    MAX_QUESTION_TOKENS,
    MAX_SENTENCE_TOKENS,
    Logits,
    Said,
)

BATCH = 64
AT_ONCE = 6  # pairs of like length are read together, so that one long sentence does not stretch them all
# Half the time where the processor calculates in bfloat16, as in training; elsewhere it would take longer.
READS_IN_BFLOAT16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
DROPOUT = 0.1
QUESTION, SENTENCE, CONTEXT = 0, 1, 2  # the three kinds of token that the upper layers tell apart

Tensor = torch.Tensor
Read = tuple[
    Tensor, Tensor
]  # of a text: what the lower layers make of it, half (tokens, dim), and the kind of each token


class Net(torch.nn.Module):
    """The encoder's lower layers as they are, its upper ones to be trained, and the linear layers above them."""

    def __init__(self, folder: Path) -> None:
        """The encoder of a folder, cut in two; the layers above it are new."""
        super().__init__()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        bert: Any = AutoModel.from_pretrained(folder, local_files_only=True)
        dim = bert.config.hidden_size
        self.below = torch.nn.ModuleList([bert.embeddings, *bert.encoder.layer[:KEPT_LAYERS]]).requires_grad_(False)
        self.upper = torch.nn.ModuleList(bert.encoder.layer[KEPT_LAYERS:])
        self.kinds = torch.nn.Embedding(3, dim)
        self.dense = torch.nn.Linear(dim, dim)
        self.head = torch.nn.Linear(dim, 1)
        # Training begins with what the encoder makes of the texts, hardly changed.
        torch.nn.init.normal_(self.kinds.weight, std=0.02)
        torch.nn.init.eye_(self.dense.weight)
        torch.nn.init.zeros_(self.dense.bias)

    @property
    def trained(self) -> dict[str, Tensor]:
        """The weights that are not the encoder's own, by name."""
        return {name: weights for name, weights in self.state_dict().items() if not name.startswith("below.")}

    def ready(self) -> Net:
        """The same net, from now on to read with and not to train."""
        if READS_IN_BFLOAT16:
            for part in (self.below, self.upper, self.kinds):
                part.bfloat16()
        return self.eval()

    def read_question(self, question: str) -> Read:
        """What the lower layers make of a question; of a long one, of its end."""
        return self.read_questions([question])[0]

    def read_questions(self, questions: Sequence[str]) -> list[Read]:
        """As `read_question`, of several."""
        rows = [_last(ids, MAX_QUESTION_TOKENS) for ids in self._tokenizer(list(questions))["input_ids"]]
        return self._read(rows, [[QUESTION] * len(row) for row in rows])

    def read_sentences(self, said: Sequence[Said]) -> list[Read]:
        """What the lower layers make of each sentence with its context."""
        sentences = self._ids([one.sentence for one in said], MAX_SENTENCE_TOKENS)
        contexts = [ids[1:] for ids in self._ids([one.context for one in said], MAX_CONTEXT_TOKENS)]
        kinds = [[SENTENCE] * len(s) + [CONTEXT] * len(c) for s, c in zip(sentences, contexts, strict=True)]
        return self._read([s + c for s, c in zip(sentences, contexts, strict=True)], kinds)

    def read_together(self, question: Read, sentences: Sequence[Read]) -> Logits:
        """float32 (len(sentences),): the logit that each answers the question."""
        logits: Logits = np.zeros(len(sentences), dtype=np.float32)
        order = sorted(range(len(sentences)), key=lambda position: len(sentences[position][0]))
        for start in range(0, len(order), AT_ONCE):
            batch = order[start : start + AT_ONCE]
            with torch.inference_mode():
                logits[batch] = self([question] * len(batch), [sentences[i] for i in batch]).numpy()
        return logits

    def forward(self, questions: Sequence[Read], sentences: Sequence[Read]) -> Tensor:
        """Logits, float32 (pairs,), of question and sentence pair by pair."""
        dtype = self.kinds.weight.dtype
        pairs = [torch.cat([q[0].to(dtype), s[0].to(dtype)]) for q, s in zip(questions, sentences, strict=True)]
        kinds = [torch.cat([q[1], s[1]]) for q, s in zip(questions, sentences, strict=True)]
        hidden = torch.nn.utils.rnn.pad_sequence(pairs, batch_first=True)
        kind = torch.nn.utils.rnn.pad_sequence(kinds, batch_first=True, padding_value=CONTEXT)
        there = _there([len(pair) for pair in pairs], hidden.shape[1])
        hidden = _through(self.upper[:-1], hidden + self.kinds(kind), there)
        # The question's own tokens are pooled: each has looked for its match in the sentence. The last layer makes
        # no others.
        n_asked = max(len(q[0]) for q in questions)
        hidden = _through_first(self.upper[-1], n_asked, hidden, there)
        asked = ((kind == QUESTION) & there.bool())[:, :n_asked].unsqueeze(-1).float()
        with torch.autocast("cpu", enabled=False):
            pooled = (hidden.float() * asked).sum(1) / asked.sum(1)
            pooled = torch.tanh(self.dense(functional.dropout(pooled, DROPOUT, self.training)))
            logits: Tensor = self.head(functional.dropout(pooled, DROPOUT, self.training)).squeeze(-1)
        return logits

    def _ids(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
        return ids

    @torch.no_grad()
    def _read(self, rows: Sequence[list[int]], kinds: Sequence[list[int]]) -> list[Read]:
        embeddings, *layers = self.below
        read: list[Read | None] = [None] * len(rows)
        order = sorted(range(len(rows)), key=lambda position: len(rows[position]))  # so that little is padded
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(rows[i]) for i in batch], batch_first=True)
            there = _there([len(rows[i]) for i in batch], ids.shape[1])
            hidden = _through(layers, embeddings(input_ids=ids), there)
            for made, i in zip(hidden, batch, strict=True):
                read[i] = (made[: len(rows[i])].half(), torch.tensor(kinds[i]))
        return [one for one in read if one is not None]


def load_net(folder: Path, weights: Path) -> Net:
    """The trained cross-encoder over the encoder of a folder."""
    net = Net(folder)
    stored, own = load_file(weights), net.trained
    if {name: w.shape for name, w in stored.items()} != {name: w.shape for name, w in own.items()}:
        raise ValueError(f"{weights}: these are not the weights of this cross-encoder. Train it: fit_verifier.py.")
    net.load_state_dict({name: w.float() for name, w in stored.items()}, strict=False)
    return net


def _last(ids: list[int], max_tokens: int) -> list[int]:
    """The first token, which stands for the whole, and the last ones."""
    return ids if len(ids) <= max_tokens else [ids[0], *ids[1 - max_tokens :]]


def _there(lengths: Sequence[int], longest: int) -> Tensor:
    """(len(lengths), longest): 1 for a token, 0 for what fills up."""
    return (torch.arange(longest) < torch.tensor(lengths)[:, None]).float()


def _through(layers: Any, hidden: Tensor, there: Tensor) -> Tensor:
    mask = _mask(hidden, there)
    for layer in layers:
        made = layer(hidden, mask)
        hidden = made[0] if isinstance(made, tuple) else made
    return hidden


def _through_first(layer: Any, n: int, hidden: Tensor, there: Tensor) -> Tensor:
    """What one layer makes of the first `n` tokens, which look at all of them: shape (batch, n, dim)."""
    attention = layer.attention
    first, own = hidden[:, :n], attention.self

    def heads(made: Tensor) -> Tensor:
        return made.view(*made.shape[:2], own.num_attention_heads, -1).transpose(1, 2)

    looked = functional.scaled_dot_product_attention(
        heads(own.query(first)), heads(own.key(hidden)), heads(own.value(hidden)), attn_mask=_mask(hidden, there)
    )
    seen = attention.output(looked.transpose(1, 2).flatten(2), first)
    made: Tensor = layer.output(layer.intermediate(seen), seen)
    return made


def _mask(hidden: Tensor, there: Tensor) -> Tensor:
    return (1 - there).to(hidden.dtype)[:, None, None, :] * torch.finfo(hidden.dtype).min
