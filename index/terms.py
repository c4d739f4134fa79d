"""Text → terms: word stems without stop words, and the concepts that its words stand for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import Stemmer
import yaml
from bm25s.stopwords import STOPWORDS_EN

from kb.treatment import LEXICON

CONCEPTS = Path(__file__).with_name("concepts.yaml")
STOP_WORDS = frozenset(STOPWORDS_EN)
# Words of a question that say nothing of its subject, over and above the language's stop words.
ASKING = frozenset(Path(__file__).with_name("asking.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """A word of a question, or a concept in it, and its terms: a text that has any of them covers it."""

    surface: str
    terms: frozenset[str]


@cache
def terms_version() -> str:
    """Changes with the lists of concepts and treatments: an index made with older ones does not fit newer questions."""
    return hashlib.sha256(CONCEPTS.read_bytes() + LEXICON.read_bytes()).hexdigest()[:12]


def words(text: str) -> list[str]:
    """Lower-case words, in order; contractions are one word ("i'm" is "im"), and so are nouns such as make-up."""
    text = re.sub(r"'s\b|-(?=up\b)", "", text.lower().replace("’", "'"))
    return re.findall(r"\w+", text.replace("'", ""))


def terms(text: str) -> list[str]:
    """The terms of a text: stems of its words, repeats kept, then its concepts, each once, as "=name"."""
    tokens = words(text)
    stems = _stems(tokens)
    plain = [stem for word, stem in zip(tokens, stems, strict=True) if word not in STOP_WORDS]
    return plain + list(dict.fromkeys(name for _, _, names in _phrases(stems) for name in names))


@lru_cache(maxsize=65536)  # the same passages, headings and sentences are compared with every question
def distinct_terms(text: str) -> frozenset[str]:
    """The terms of a text of the documents, each once."""
    return frozenset(terms(text))


def key_terms(question: str) -> list[KeyTerm]:
    """What carries the question's subject, each once: its concepts, and the words beside them.

    Numbers, stop words and words of asking are left out: "can I have it?" has none.
    """
    tokens = words(question)
    stems = _stems(tokens)
    keys: list[KeyTerm] = []
    in_phrase: set[int] = set()
    for start, length, names in _phrases(stems):
        in_phrase.update(range(start, start + length))
        keys.append(KeyTerm(min(names)[1:], names))
    for position, (word, stem) in enumerate(zip(tokens, stems, strict=True)):
        if position not in in_phrase and word not in STOP_WORDS | ASKING and not word.isdigit():
            keys.append(KeyTerm(word, frozenset([stem])))
    unique = {key.terms: key for key in reversed(keys)}
    return list(reversed(unique.values()))


def _phrases(stems: list[str]) -> Iterator[tuple[int, int, frozenset[str]]]:
    """(start, number of words, concepts) of each concept's phrase; a phrase inside a longer one does not count."""
    concepts = _concepts()
    longest = max(len(phrase) for phrase in concepts)
    start = 0
    while start < len(stems):
        for length in range(min(longest, len(stems) - start), 0, -1):
            if names := concepts.get(tuple(stems[start : start + length])):
                yield start, length, names
                start += length - 1
                break
        start += 1


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def _stems(tokens: list[str]) -> list[str]:
    stems: list[str] = _stemmer().stemWords(tokens)
    return stems


@cache
def _concepts() -> dict[tuple[str, ...], frozenset[str]]:
    """Stems of a phrase → the concepts it stands for."""
    lines: dict[str, list[str]] = yaml.safe_load(CONCEPTS.read_text(encoding="utf-8"))
    phrases: dict[tuple[str, ...], frozenset[str]] = {}
    for name, synonyms in lines.items():
        for phrase in synonyms:
            key = tuple(_stems(words(phrase)))
            phrases[key] = phrases.get(key, frozenset()) | {f"={name}"}
    return phrases
