"""Spelling: only a word that no dictionary knows is read as another, and only as a word of the vocabulary."""

from __future__ import annotations

import pytest

from chatbot.reading.spelling import Spelling, dictionary, spelt_right

VOCABULARY = ["breathe", "chest", "fever", "itch", "pus", "swell", "swollen", "temperature", "throat"]
REPAIRED = {
    "fevar": "fever",  # another letter
    "feverr": "fever",  # one more
    "swolen": "swollen",  # one less
    "itchh": "itch",
    "thraot": "throat",  # two that changed places
    "tempreture": "temperature",  # two slips in a long word
    "breahtee": "breathe",
    "cantbreathe": "cant breathe",  # two words, the rules know one
    "chestpain": "chest pain",
}
LEFT_AS_IT_IS = {
    "fever": "a word of the vocabulary",
    "sever": "a word of English, one slip from fever",
    "swells": "a word of English, one slip from swell",
    "itc": "a word too short to mend",
    "pux": "a word too short to be near another",
    "fevvar": "two slips in a short word",
    "temperchar": "three slips",
    "bothhands": "two words, neither of the vocabulary",
    "fiever1": "with a figure",
    "févr": "with an accent",
    "发烧": "of another script",
    "": "nothing",
}


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling(VOCABULARY)


@pytest.mark.parametrize(("typed", "meant"), REPAIRED.items(), ids=REPAIRED)
def test_a_misspelt_word_is_read_as_the_nearest_of_the_vocabulary(typed: str, meant: str, spelling: Spelling) -> None:
    assert spelling.repair(typed) == meant


@pytest.mark.parametrize("word", LEFT_AS_IT_IS, ids=LEFT_AS_IT_IS.values())
def test_a_word_is_left_as_it_is(word: str, spelling: Spelling) -> None:
    assert spelling.repair(word) == word


def test_the_fewest_slips_decide_between_two_words_whatever_their_order() -> None:
    for vocabulary in (["breath", "breathe"], ["breathe", "breath"]):
        assert Spelling(vocabulary).repair("breathee") == "breathe"


def test_what_people_write_is_no_mistake_although_the_dictionary_lacks_it() -> None:
    assert "fraxel" in spelt_right() - dictionary().keys()
    assert Spelling(["traxel"]).repair("fraxel") == "fraxel"
    assert Spelling(["traxel"]).repair("draxel") == "traxel"


def test_without_a_vocabulary_nothing_is_repaired() -> None:
    assert [Spelling([]).repair(word) for word in REPAIRED] == list(REPAIRED)


def test_a_phrase_or_a_word_of_another_script_in_the_vocabulary_is_no_harm() -> None:
    assert Spelling(["sore throat", "过敏", "e45", "fever"]).repair("feverr") == "fever"


def test_the_dictionary_has_a_count_for_each_word_of_english() -> None:
    assert dictionary()["the"] > dictionary()["fever"] > 0
    assert "fevar" not in dictionary()


def test_what_is_spelt_right_is_in_lower_case_without_apostrophes_as_messages_are_read() -> None:
    assert all(word.isalnum() and word == word.lower() for word in spelt_right())
