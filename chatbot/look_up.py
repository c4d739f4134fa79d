"""Passages for whoever looks something up: each with its scores, and with the passages that dispute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatbot.bot import Bot
from chatbot.citation import section_name
from chatbot.quote import disputes_of
from index.search import Hit, search
from kb.document import Passage
from kb.review import ReviewState, review_state, this_day


@dataclass(frozen=True, slots=True)
class Found:
    """A hit, and the passages that dispute it: they are never shown apart."""

    hit: Hit
    caveats: tuple[Passage, ...]

    @property
    def review(self) -> ReviewState:
        """Whether a clinician stands behind the document today; no patient is told."""
        return review_state(self.hit.passage.document, this_day())

    def to_json(self) -> dict[str, Any]:
        """The hit as the API and `search --json` give it."""
        hit, passage = self.hit, self.hit.passage
        return {
            "passage_id": passage.id,
            "document_title": passage.document.title,
            "section": section_name(passage),
            "page": passage.page,
            "text": passage.text,
            "caveats": [caveat.text for caveat in self.caveats],
            "score": round(hit.score, 6),
            "cosine": None if hit.cosine is None else round(hit.cosine, 4),
            "bm25": None if hit.bm25 is None else round(hit.bm25, 4),
        }


def look_up(bot: Bot, text: str, k: int, keep: Callable[[Passage], bool] = lambda _: True) -> list[Found]:
    """The best `k` passages for a text, best first, of those that `keep` lets through."""
    index = bot.index.current()
    hits = search(index.passages, bot.encoder, text, k, keep)
    return [Found(hit, tuple(disputes_of(hit.passage, hit.passage.start, hit.passage.end, index))) for hit in hits]
