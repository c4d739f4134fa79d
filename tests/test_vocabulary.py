"""The words of the passages: how one may go on, and which one a misspelt word is."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.vocabulary import Vocabulary

WORDS = Vocabulary({"pregnancy": 5, "pregnant": 9, "press": 1, "peel": 30, "peeling": 12, "bed": 3, "bleeding": 2})


def test_a_beginning_is_completed_by_the_most_frequent_words_first() -> None:
    assert WORDS.completions("pre", most=9) == ["pregnant", "pregnancy", "press"]
    assert WORDS.completions("pre", most=1) == ["pregnant"]
    assert WORDS.completions("peel", most=9) == ["peel", "peeling"]
    assert WORDS.completions("x", most=9) == []


def test_completions_are_those_of_a_scan_past_all_words() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    vocabulary = Vocabulary.of([text])
    every = vocabulary.completions("", most=100_000)
    assert len(every) > 400
    for beginning in ("a", "do", "pat", "treatm", "zz"):
        assert set(vocabulary.completions(beginning, most=100_000)) == {w for w in every if w.startswith(beginning)}


@pytest.mark.parametrize(
    ("word", "meant"),
    [("pregnantt", "pregnant"), ("bleding", "bleeding"), ("peling", "peeling"), ("bad", None), ("qwertz", None)],
)
def test_a_misspelt_word_is_the_nearest_one_unless_it_is_short_or_far(word: str, meant: str | None) -> None:
    assert WORDS.nearest(word) == meant


def test_the_misspelt_beginning_of_a_word_is_that_of_the_most_frequent_one() -> None:
    assert WORDS.nearest("pregen") is None
    assert WORDS.nearest("pregen", may_go_on=True) == "pregnant"


def test_numbers_are_no_words() -> None:
    vocabulary = Vocabulary.of(["CO2 laser, 48 hours"])
    assert "hours" in vocabulary
    assert "48" not in vocabulary
    assert "co2" not in vocabulary
