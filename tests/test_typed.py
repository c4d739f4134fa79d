"""What somebody is typing: half a word is completed, a misspelt one is mended, and what is known stays."""

from __future__ import annotations

import pytest

from chatbot.typed import read_typed
from index.vocabulary import Vocabulary

WORDS = Vocabulary(
    {
        "pregnancy": 5,
        "pregnant": 9,
        "peel": 30,
        "peeling": 12,
        "microneedling": 8,
        "swimming": 4,
        "redness": 3,
        "red": 1,
    }
)


@pytest.mark.parametrize(
    ("typed", "meaning"),
    [
        ("pregn", "pregnant"),
        ("can I swimm", "can i swimming"),
        ("pregen", "pregnant"),
        ("microneedeling and pregn", "microneedling and pregnant"),
        ("Can I have a peel?", "Can I have a peel?"),
    ],
)
def test_what_is_typed_is_read_as_it_is_likely_meant(typed: str, meaning: str) -> None:
    assert read_typed(typed, WORDS).meaning == meaning


@pytest.mark.parametrize("typed", ["cost", "the cost of it", "re", "what if I was to"])
def test_a_word_that_a_dictionary_knows_is_never_taken_for_another(typed: str) -> None:
    assert read_typed(typed, WORDS).meaning == typed


def test_a_word_that_the_documents_have_is_whole_and_one_that_ends_is_not_completed() -> None:
    assert "redness" not in read_typed("red", WORDS).words
    assert "pregnancy" not in read_typed("pregn ", WORDS).words


def test_words_are_looked_for_as_typed_as_mended_and_as_they_may_go_on() -> None:
    said = set(read_typed("microneedeling pregn", WORDS).words.split())
    assert said == {"microneedeling", "microneedling", "pregn", "pregnant", "pregnancy"}


@pytest.mark.parametrize("typed", ["", "   ", "?!", "é"])
def test_what_has_no_word_is_read_as_it_is(typed: str) -> None:
    assert read_typed(typed, WORDS).meaning == typed
