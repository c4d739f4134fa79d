"""Question → Hits, of the passages that may answer it."""

from __future__ import annotations

import re

from chatbot.scope import Scope
from index.encode import Vectors
from index.search import Choice, Hit, PassageIndex, search_among
from index.terms import distinct_terms, key_terms

K_HITS = 16  # the verifier weighs the sentences of each
K_ASKED = 4  # sections whose author wrote a question like this one beside them
ASKS_FOR_LIST = re.compile(
    r"\b(who|which|what)\b.*\b(should|can|may|must|are|have|wait)\b|\bcontra-?indications?\b|\blist\b"
)


def retrieve(question: str, subject: str, vector: Vectors, index: PassageIndex, scope: Scope) -> list[Hit]:
    """The best passages for a question, best first; `vector` is the encoded question, shape (dim,).

    After them come the passages of the sections that answer the nearest of their authors' questions and, for who asks
    for a list, each list whose headings are about the `subject`, the question without the names of treatments: long
    lists rank low, and a list of contraindications must not be missed.
    """
    choice = index.choice(scope, scope.admits)
    hits = search_among(index, vector, question, K_HITS, choice.ids)
    found = {hit.passage.id: hit for hit in [*_lists(subject, choice), *_asked(vector, index, choice)]}
    return hits + [hit for hit in found.values() if hit.passage.id not in {hit.passage.id for hit in hits}]


def _asked(vector: Vectors, index: PassageIndex, choice: Choice) -> list[Hit]:
    nearest = index.questions.nearest(vector, K_ASKED, choice.section_ids)
    return [Hit(p, 0.0, None, None) for section_id, _ in nearest for p in index.of_section[section_id]]


def asks_for_list(subject: str) -> bool:
    """Whether a question is answered by a list: who should not, what are the side effects, contraindications."""
    return ASKS_FOR_LIST.search(subject.lower()) is not None


def _lists(subject: str, choice: Choice) -> list[Hit]:
    keys = key_terms(subject) if asks_for_list(subject) else []
    if not keys:
        return []
    headings = [(passage, distinct_terms("\n".join(passage.headings))) for passage in choice.lists]
    about = [passage for passage, own in headings if all(not key.terms.isdisjoint(own) for key in keys)]
    return [Hit(passage, score=0.0, cosine=None, bm25=None) for passage in about]
