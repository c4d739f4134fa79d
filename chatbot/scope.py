"""Which treatments a question is about, and which of those the documents cover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from chatbot.question import Question
from kb.document import Passage
from kb.treatment import Treatments

Keep = Callable[[Passage, int, int], bool]  # may document.text[start:end] of this passage be evidence?


@dataclass(frozen=True, slots=True)
class Scope:
    """The treatments that a question names, split by whether there are documents about them.

    With none named, every document may answer.
    """

    covered: frozenset[str]
    missing: frozenset[str]

    @property
    def is_named(self) -> bool:
        return bool(self.covered or self.missing)

    def admits(self, passage: Passage) -> bool:
        """Whether a patient's question of this scope may be answered from this passage: where a treatment has no
        document, another one's may still mention it ("is it better than microneedling?"); `keep` says which sentences.
        """
        if passage.document.audience != "patient":
            return False
        treatment = passage.document.treatment
        return not self.is_named or treatment is None or treatment in self.covered or bool(self.missing)

    def keep(self, treatments: Treatments) -> Keep:
        """Says of a span whether it is about a treatment asked about, or about its document's own; a sentence that
        names only others is no answer, and of a treatment without documents only what names it.
        """

        def is_about(passage: Passage, start: int, end: int) -> bool:
            span = passage.document.text[start:end]
            said = span if passage.is_list else f"{passage.headings[-1]}\n{span}"
            named = _named_in(treatments, said)
            treatment = passage.document.treatment
            is_own = treatment in self.covered or not self.missing or (treatment is None and bool(self.covered))
            if not is_own:
                return not named.isdisjoint(self.missing)
            return not named or not named.isdisjoint(self.covered | self.missing or {treatment})

        return is_about


@lru_cache(maxsize=65536)  # sentences of documents, which are read again for every question
def _named_in(treatments: Treatments, said: str) -> frozenset[str]:
    return frozenset(treatments.named(said, exactly=True))


def scope(question: Question, treatments: Treatments, loaded: frozenset[str]) -> Scope:
    """The scope of a question: what it names itself; else the treatment of the page it was asked on."""
    named = frozenset(treatments.named(question.text))
    if not named and question.treatment:
        named = frozenset([treatments.canonical(question.treatment)])
    return Scope(covered=named & loaded, missing=named - loaded)
