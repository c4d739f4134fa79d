"""Question → Hits, of the passages that may answer it."""

from __future__ import annotations

from chatbot.question import Question
from chatbot.scope import Scope
from index.encode import Vectors
from index.search import Hit, PassageIndex, search_vector

K_HITS = 16  # the verifier reads each; the right passage is hardly ever lower (benchmarks/README.md)


def retrieve(question: Question, vector: Vectors, index: PassageIndex, scope: Scope) -> list[Hit]:
    """The best passages for a question, best first; `vector` is the encoded question, shape (dim,)."""
    return search_vector(index, vector, question.text, K_HITS, scope.admits)
