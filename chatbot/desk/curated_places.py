"""Curated answers as places: what staff look up shows them among the documents."""

from __future__ import annotations

from chatbot.desk.curated_look_up import look_up_curated
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.place import Place
from chatbot.shelf import Filters
from chatbot.withheld import is_withheld
from index.encode import Vectors
from kb.document import Passage

K_CURATED = 3  # beside the documents' own places
# Of the other wordings in tests/data/curated.jsonl, 94 in 100 reach it with their own answer; 80 would reach 0.7. Staff
# see at once what is of another subject: a result too many costs them less than one too few.
MIN_SCORE = 0.5


def curated_places(desk: Desk, by: Person, text: str, vector: Vectors, filters: Filters) -> list[Place]:
    """The approved answers nearest to a text and its vector, shape (dim,), best first. Raises NotAllowedError."""
    if filters.topic is not None:
        return []
    hits = look_up_curated(desk, text, vector, K_CURATED, by)
    passages = [hit.version.passage for hit in hits if hit.score >= MIN_SCORE]
    return [_place(passage, desk) for passage in passages if _is_left(passage, filters)]


def _is_left(passage: Passage, filters: Filters) -> bool:
    document = passage.document
    if filters.treatment and document.treatment not in (filters.treatment, None):
        return False
    return filters.audience in (document.audience, None)


def _place(passage: Passage, desk: Desk) -> Place:
    span = passage.start, passage.end
    is_dose = is_withheld(passage.document, *span, desk.bot.rules.never_quoted_patterns)
    return Place(passage, *span, marked=span, caveats=(), is_withheld=is_dose)
