"""Wordings: words that stand near each other make a sign, unless they are denied."""

from __future__ import annotations

import pytest

from chatbot.reading.message import Message
from chatbot.reading.wording import MAX_DENIED, NEAR, Families, Reader, Wording, compiled

FAMILIES = Families(
    {
        "EYE": ["eye", "eyes"],
        "SORE": ["sore", "hurt*", "very sore"],
        "FEVER": ["fever", "chills", "high temperature"],
        "PUS": ["pus", "green stuff"],
        "BLEED": ["bleed*"],
        "NOT_STOPPING": ["not stopping", "wont stop"],
        "TOOK": ["took"],
        "PILLS": ["tablet", "tablets"],
    }
)
NEAR_EACH_OTHER = [
    "my eye is sore",
    "sore , my left eye",
    "both eyes hurting",
    "it hurts in the eye",
    "eye 1 2 3 4 5 6 7 sore",  # NEAR words from the first to the last
]
NOT_NEAR = [
    "eye 1 2 3 4 5 6 7 8 sore",
    "my eye\nis sore",  # two sentences
    "my eyebrow is sore",  # another word
    "unsore eye",
    "eye",
    "",
]
DENIED = [
    "no fever",
    "i have no fever",
    "not a fever",
    "without fever",
    "i never had chills",
    "i dont have a fever",
    "there isnt any fever",
    "neither pus nor fever",
    "zero fever",
    "no sign of any fever",
    "no pus or fever",
    "no swelling and no fever",
    "no pus , chills , fever",
    "no redness , fever or pain",
    "not 1 2 3 4 5 fever",  # MAX_DENIED words before
]
NOT_DENIED = [
    "fever",
    "fever , no pus",
    "no pus but a fever",
    "no pus just a fever",
    "no pus although i have chills",
    "no pus still a fever",
    "no pus now fever",
    "no pus and a fever",
    "no pus because of the fever",
    "no , fever",
    "no , i have a fever",
    "no pus , i have a fever",
    "no pus\nfever",
    "no idea why i have a fever",
    "no doubt a fever",
    "not only chills",
    "not sure if it is a fever",
    "i dont know if this is a fever",
    "not 1 2 3 4 5 6 fever",
]
MORE_THAN_5 = {
    "took 6 tablets": True,
    "took twelve tablets": True,
    "took a dozen tablets": True,
    "took 20 of the tablets": True,
    "took 5.5 tablets": True,
    "took 5 tablets": False,
    "took five tablets": False,
    "took a tablet": False,
    "took 20 of all the tablets": False,  # more than two words between
    "took tablets 20": False,
    "took 500 mg tablets": False,
    "took 8 hours tablets": False,
    "20 tablets": False,
}
DAYS: list[tuple[float | None, float | None, float | None, bool]] = [
    # day, from_day, to_day, fits
    (None, None, None, True),
    (3, None, None, True),
    (None, 4, None, False),
    (3, 4, None, False),
    (4, 4, None, True),
    (400, 4, None, True),
    (None, None, 2, False),
    (0, None, 2, True),
    (2, None, 2, True),
    (2.1, None, 2, False),
    (1, 2, 5, False),
    (5, 2, 5, True),
    (6, 2, 5, False),
]
ENDINGS = {"hurt": True, "hurts": True, "hurting": True, "unhurt": False, "hur": False, "hurt s": True}


def reader(text: str, day: float | None = None) -> Reader:
    return Reader(Message(text, day), FAMILIES)


def found(text: str, *items: str) -> bool:
    return bool(reader(text).sentences_with(Wording(items)))


@pytest.mark.parametrize("text", NEAR_EACH_OTHER)
def test_items_near_each_other_in_a_sentence_are_found_in_any_order(text: str) -> None:
    assert found(text, "EYE", "SORE")
    assert found(text, "SORE", "EYE")


@pytest.mark.parametrize("text", NOT_NEAR)
def test_items_apart_or_in_other_words_are_not_found(text: str) -> None:
    assert not found(text, "EYE", "SORE")


def test_near_counts_the_words_from_the_first_to_the_last() -> None:
    between = " ".join(["x"] * (NEAR - 2))
    assert found(f"eye {between} sore", "EYE", "SORE")
    assert not found(f"eye x {between} sore", "EYE", "SORE")


def test_any_two_places_that_are_near_are_enough() -> None:
    assert found("eye 1 2 3 4 5 6 7 8 9 and one eye sore", "EYE", "SORE")


def test_one_word_is_not_two_items() -> None:
    assert not found("sore", "SORE", "sore")
    assert not found("green stuff", "PUS", "stuff")
    assert found("sore sore", "SORE", "sore")


def test_an_item_in_small_letters_stands_for_itself_as_a_whole_word() -> None:
    assert found("the white of my eye", "white", "EYE")
    assert found("my left arm", "left arm")
    assert not found("whitening of my eye", "white", "EYE")
    assert not found("left my arm", "left arm")


def test_a_family_that_there_is_not_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="NOSE"):
        found("my nose", "NOSE")


def test_the_sentences_of_a_wording_are_those_in_which_it_is_found() -> None:
    given = reader("my eye is sore\nmy eye is fine\nthe other eye hurts too")
    assert given.sentences_with(Wording(("EYE", "SORE"))) == ["my eye is sore", "the other eye hurts too"]


def test_anywhere_in_one_message_is_enough_and_gives_the_sentences_of_its_items() -> None:
    wording = Wording(("FEVER", "PUS"), anywhere=True)
    given = reader("i have chills\nit is sunny\nand there is pus")
    assert given.sentences_with(wording) == ["i have chills", "and there is pus"]
    assert reader("pus 1 2 3 4 5 6 7 8 9 10 fever").sentences_with(wording)
    assert reader("i have chills\nit is sunny").sentences_with(wording) == []


def test_a_denied_item_is_not_anywhere() -> None:
    assert reader("i have chills\nno pus").sentences_with(Wording(("FEVER", "PUS"), anywhere=True)) == []


@pytest.mark.parametrize("text", DENIED)
def test_what_is_denied_is_not_found(text: str) -> None:
    assert not found(text, "FEVER")


@pytest.mark.parametrize("text", NOT_DENIED)
def test_a_no_of_something_else_denies_nothing(text: str) -> None:
    assert found(text, "FEVER")


def test_a_no_reaches_so_many_words_and_not_one_more() -> None:
    between = " ".join(["x"] * (MAX_DENIED - 1))
    assert not found(f"no {between} fever", "FEVER")
    assert found(f"no x {between} fever", "FEVER")


def test_a_no_that_is_part_of_a_phrase_does_not_deny_it() -> None:
    assert found("the bleeding is not stopping", "BLEED", "NOT_STOPPING")
    assert found("it bleeds and wont stop", "BLEED", "NOT_STOPPING")
    assert not found("no bleeding that wont stop", "BLEED", "NOT_STOPPING")


def test_one_place_that_is_not_denied_is_enough() -> None:
    assert found("no fever this morning but a fever tonight", "FEVER")


@pytest.mark.parametrize(("text", "is_more"), MORE_THAN_5.items(), ids=MORE_THAN_5)
def test_more_than_counts_what_stands_before_the_last_item(text: str, is_more: bool) -> None:
    assert bool(reader(text).sentences_with(Wording(("TOOK", "PILLS"), more_than=5))) == is_more


@pytest.mark.parametrize(("day", "from_day", "to_day", "fits"), DAYS)
def test_a_wording_with_days_needs_a_day_within_them(
    day: float | None, from_day: float | None, to_day: float | None, fits: bool
) -> None:
    wording = Wording(("SORE",), from_day=from_day, to_day=to_day)
    assert bool(reader("sore", day).sentences_with(wording)) == fits


@pytest.mark.parametrize(("text", "is_found"), ENDINGS.items(), ids=ENDINGS)
def test_a_star_stands_for_any_ending(text: str, is_found: bool) -> None:
    assert found(text, "SORE") == is_found


def test_a_star_before_a_word_of_another_script_stands_for_what_runs_into_it() -> None:
    assert compiled(["*怀孕*"]).search("我怀孕了")
    assert not compiled(["怀孕"]).search("我怀孕了")


def test_the_longest_phrase_is_found_and_a_stop_in_a_phrase_is_a_stop() -> None:
    match = compiled(["sore", "sore throat", "sore throat today"]).search("a sore throat today")
    assert match is not None
    assert match.group() == "sore throat today"
    assert compiled(["38.5"]).search("it was 38.5")
    assert not compiled(["38.5"]).search("it was 3835")


def test_phrases_are_told_as_typed_the_denied_ones_apart() -> None:
    given = reader("i have chills and a high temperature , no pus\nno green stuff")
    assert given.phrases("FEVER") == (["chills", "high temperature"], [])
    assert given.phrases("PUS") == ([], ["pus", "green stuff"])


def test_a_phrase_that_is_said_once_is_said_even_where_it_is_denied_too() -> None:
    assert reader("no fever yesterday\nfever today").phrases("FEVER") == (["fever"], [])
