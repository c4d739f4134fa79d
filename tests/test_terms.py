"""Terms: word stems, concepts, and what carries a question's subject."""

from __future__ import annotations

import pytest

from index.terms import key_terms, terms, terms_version, words


def surfaces(question: str) -> list[str]:
    return [term.surface for term in key_terms(question)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm sure it's fine, don't worry", ["im", "sure", "it", "fine", "dont", "worry"]),
        ("I’m sure", ["im", "sure"]),  # the typographic apostrophe
        ("the patient's skin", ["the", "patient", "skin"]),
        ("make-up and Make-Up", ["makeup", "and", "makeup"]),
        ("a check-up, then follow-up", ["a", "checkup", "then", "followup"]),
        ("post-inflammatory", ["post", "inflammatory"]),  # any other hyphen parts two words
        ("SPF 30+", ["spf", "30"]),
        ("", []),
        ("?!", []),
    ],
)
def test_words_are_lower_case_and_a_contraction_is_one_word(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_terms_are_stems_without_stop_words_repeats_kept() -> None:
    assert terms("The lasers and the laser") == ["laser", "laser"]


def test_inflections_of_a_word_have_the_same_term() -> None:
    assert terms("resurfaced") == terms("resurfacing") == terms("resurfaces")


def test_terms_end_with_the_concepts_each_once() -> None:
    found = terms("Lactation: no treatment while breastfeeding")
    assert [term for term in found if term.startswith("=")].count("=breastfeeding") == 1
    assert found.index("=breastfeeding") > found.index("lactat")


@pytest.mark.parametrize(
    ("said", "written", "concept"),
    [
        ("breastfeeding", "lactation", "=breastfeeding"),
        ("accutane", "isotretinoin", "=isotretinoin"),
        ("makeup", "make-up", "=make-up"),
        ("scabs", "crusting", "=crust"),
        ("high blood pressure", "hypertension", "=high blood pressure"),
    ],
)
def test_two_words_for_the_same_thing_share_a_concept(said: str, written: str, concept: str) -> None:
    assert concept in terms(said)
    assert concept in terms(written)


def test_a_word_may_stand_for_two_concepts() -> None:
    assert {"=going back to normal", "=recovery"} <= set(terms("downtime"))


def test_a_phrase_inside_a_longer_one_does_not_count() -> None:
    # "acne scar" is a phrase of its own: neither "acne" nor "scar" is meant.
    concepts = {term for term in terms("acne scars") if term.startswith("=")}
    assert concepts == {"=acne scar"}
    assert {"=acne", "=scarring"} <= set(terms("acne and a scar"))


def test_the_key_terms_of_a_question_are_its_concepts_and_the_words_beside_them() -> None:
    found = key_terms("Is the laser painful with high blood pressure?")
    assert [(term.surface, term.terms) for term in found] == [
        ("pain", frozenset(["=pain"])),
        ("high blood pressure", frozenset(["=high blood pressure"])),
        ("laser", frozenset(["laser"])),
    ]


def test_key_terms_leave_out_stop_words_words_of_asking_and_numbers() -> None:
    asked = surfaces("Could you please tell me how to get ready for the laser in 2 or 14 days?")
    assert asked == ["ready", "laser", "days"]
    assert surfaces("What is the deposit?") == ["payment"]
    assert surfaces("I'm wondering, won't the lamp depend?") == ["lamp"]


def test_a_key_term_that_is_said_twice_counts_once() -> None:
    assert surfaces("Lasers? Which laser?") == ["lasers"]
    assert surfaces("Breastfeeding! Is lactation a problem?") == ["breastfeeding", "problem"]


def test_a_question_without_a_subject_has_no_key_terms() -> None:
    assert surfaces("What is it?") == []
    assert surfaces("Can I have it at 42?") == []
    assert key_terms("") == []


def test_a_word_of_asking_counts_as_part_of_a_concepts_phrase() -> None:
    # "how much is" asks for a price, though each of its words alone says nothing of the subject.
    (term,) = key_terms("How much is it?")
    assert term.surface == "price"
    assert term.terms == {"=price"}


def test_the_version_of_the_terms_stays_the_same_while_the_concepts_do() -> None:
    assert terms_version() == terms_version() != ""
