"""Before the first question: what a server loads and reads, so that nobody waits for it."""

from __future__ import annotations

from chatbot.bot import Bot
from chatbot.identifying.lexicon import names
from chatbot.reading.cross_encoder import Said, TrainedCrossEncoder
from chatbot.verify import said_of
from index.store import StoredIndex
from kb.claims import packaged_disputes


def load_all(bot: Bot) -> None:
    """Load what would else be loaded at the first question. Whatever is wrong with the files is raised.

    Questions are answered on a thread each: two that work on one short text wait for each other longer than they work.
    """
    import faiss
    import torch

    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    packaged_disputes()
    names()
    bot.encoder.encode(["hello"])
    bot.meaning.probabilities(["hello"])
    bot.cross_encoder.logits("hello", [Said("hello", "")])


def read_ahead(cross_encoder: TrainedCrossEncoder, index: StoredIndex) -> None:
    """Let the cross-encoder read the sentences of patients' documents. Questions are answered meanwhile."""
    patients = [p for p in index.passages.passages.values() if p.document.audience == "patient"]
    cross_encoder.read_ahead([said_of(p, start, end) for p in patients for start, end in p.sentences])
