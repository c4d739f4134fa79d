"""What somebody is typing → what is looked for: the last word may be half a word, and any may be misspelt."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.reading.spelling import dictionary, spelt_right
from index.terms import STOP_WORDS, words
from index.vocabulary import Vocabulary

MIN_BEGUN = 3  # letters: two begin too many words
MAX_COMPLETIONS = 4


@dataclass(frozen=True, slots=True)
class Typed:
    """What is looked for by meaning, and by words: those typed, those mended, and how the last may go on."""

    meaning: str
    words: str


def read_typed(text: str, vocabulary: Vocabulary) -> Typed:
    """Read what is typed so far. A word that the documents or a dictionary know is never taken for another."""
    said = words(text)
    mended = [_mended(word, vocabulary) for word in said[:-1]]
    last = said[-1:]
    goes_on: list[str] = []
    if last and text[-1:].isalnum():
        goes_on = _completions(last[0], vocabulary)
        mended += goes_on[:1] if not _is_known(last[0], vocabulary) and goes_on else last
    else:
        mended += [_mended(word, vocabulary) for word in last]
    return Typed(text if mended == said else " ".join(mended), " ".join([text, *mended, *goes_on]))


def _completions(word: str, vocabulary: Vocabulary) -> list[str]:
    """How a word that is being typed may go on; one that the documents have is whole."""
    if word in vocabulary or word in STOP_WORDS or len(word) < MIN_BEGUN:
        return []
    if found := vocabulary.completions(word, MAX_COMPLETIONS):
        return found
    near = None if _is_known(word, vocabulary) else vocabulary.nearest(word, may_go_on=True)
    return [near] if near else []


def _mended(word: str, vocabulary: Vocabulary) -> str:
    return word if _is_known(word, vocabulary) else vocabulary.nearest(word) or word


def _is_known(word: str, vocabulary: Vocabulary) -> bool:
    return word in vocabulary or word in STOP_WORDS or word in dictionary() or word in spelt_right()
