"""Scope: which treatments a question is about, and which documents may then answer it."""

from __future__ import annotations

import pytest

from chatbot.question import Question
from chatbot.scope import Scope, scope
from kb.document import Audience, Document, Passage, Section
from kb.treatment import known_treatments

CO2 = "Fractional CO2 laser"
PEEL = "Chemical peel"
ANY = Scope(covered=frozenset(), missing=frozenset())
LASER_NAMED = Scope(frozenset({CO2}), frozenset())
PEEL_NAMED = Scope(frozenset({PEEL}), frozenset())


def scope_of(text: str, *loaded: str, page: str | None = None) -> Scope:
    return scope(Question.parse(text, page), known_treatments(), frozenset(loaded))


def passage(
    treatment: str | None, audience: Audience = "patient", heading: str = "S", text: str = "Text", is_list: bool = False
) -> Passage:
    end = len(text)
    section = Section("d#s", (heading,), 0, end, ())
    document = Document("d", "D", "d.md", text, (section,), treatment=treatment, audience=audience)
    return Passage("d#s", document, section, 0, end, ((0, end),), is_list)


def test_a_treatment_without_documents_is_missing() -> None:
    assert scope_of("does microneedling need moisturiser?", CO2) == Scope(frozenset(), frozenset({"Microneedling"}))


def test_a_treatment_with_documents_is_covered_under_any_of_its_names() -> None:
    assert scope_of("is co2 resurfacing sore?", CO2) == Scope(frozenset({CO2}), frozenset())


def test_a_misspelt_treatment_is_still_named() -> None:
    assert scope_of("does microneedeling hurt?", CO2).missing == {"Microneedling"}


def test_several_named_treatments_are_split_by_whether_there_are_documents() -> None:
    found = scope_of("which is better, botox, a chemical peel or the CO2 laser?", CO2, PEEL)
    assert found == Scope(covered=frozenset({CO2, PEEL}), missing=frozenset({"Botulinum toxin"}))


def test_a_question_that_names_none_is_about_any() -> None:
    found = scope_of("when can I swim?", CO2, PEEL)
    assert found == ANY
    assert not found.is_named


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PEEL, Scope(frozenset({PEEL}), frozenset())),
        ("glycolic peel", Scope(frozenset({PEEL}), frozenset())),
        ("Botox", Scope(frozenset(), frozenset({"Botulinum toxin"}))),
        ("Moon bath", Scope(frozenset(), frozenset({"Moon bath"}))),
    ],
    ids=["covered", "another name of it", "missing", "unknown"],
)
def test_the_treatment_of_the_page_counts_where_the_question_names_none(page: str, expected: Scope) -> None:
    assert scope_of("when can I swim?", CO2, PEEL, page=page) == expected


def test_the_treatment_of_the_page_does_not_count_where_the_question_names_one() -> None:
    assert scope_of("when can I swim after a chemical peel?", CO2, PEEL, page=CO2).covered == {PEEL}


@pytest.mark.parametrize(
    "asked",
    [ANY, Scope(frozenset({CO2}), frozenset()), Scope(frozenset(), frozenset({"IPL"}))],
    ids=["names none", "names a covered one", "names a missing one"],
)
def test_documents_for_staff_never_answer_and_general_ones_always_may(asked: Scope) -> None:
    assert not asked.admits(passage(CO2, audience="staff"))
    assert not asked.admits(passage(None, audience="staff"))
    assert asked.admits(passage(None))


def test_a_question_that_names_a_treatment_is_answered_from_documents_about_it_only() -> None:
    assert LASER_NAMED.admits(passage(CO2))
    assert not LASER_NAMED.admits(passage(PEEL))


@pytest.mark.parametrize("covered", [frozenset(), frozenset({CO2})], ids=["alone", "beside a covered one"])
@pytest.mark.parametrize("treatment", [PEEL, None], ids=["another treatment's document", "a general document"])
def test_of_a_treatment_without_documents_only_what_names_it_is_kept(
    treatment: str | None, covered: frozenset[str]
) -> None:
    asked = Scope(covered, missing=frozenset({"IPL"}))
    keep = asked.keep(known_treatments())
    silent, naming = (passage(treatment, heading="Redness", text=text) for text in ("It fades.", "It fades like IPL."))
    assert asked.admits(silent)
    assert keep(silent, silent.start, silent.end) == (treatment is None and bool(covered))
    assert keep(naming, naming.start, naming.end)


def test_a_question_that_names_no_treatment_may_be_answered_from_any() -> None:
    assert ANY.admits(passage(CO2))
    assert ANY.admits(passage(PEEL))


NAMES_NONE = "Redness fades."
NAMES_PEEL = "Redness fades sooner after a chemical peel."
NAMES_BOTH = "A chemical peel and the CO2 laser leave redness."


@pytest.mark.parametrize(
    ("asked", "heading", "sentence", "is_kept"),
    [
        (ANY, "Redness", NAMES_NONE, True),
        (ANY, "Redness", NAMES_PEEL, False),  # in a document on the laser
        (ANY, "Redness", NAMES_BOTH, True),
        (LASER_NAMED, "Redness", NAMES_PEEL, False),
        (LASER_NAMED, "Redness", NAMES_BOTH, True),
        (PEEL_NAMED, "Redness", NAMES_PEEL, True),
        (PEEL_NAMED, "Redness", NAMES_NONE, True),
        (LASER_NAMED, "A chemical peel instead", NAMES_NONE, False),  # a sentence is about what its heading names
        (LASER_NAMED, "A chemical peel, or the CO2 laser", NAMES_NONE, True),
    ],
)
def test_a_sentence_that_names_only_other_treatments_is_not_kept(
    asked: Scope, heading: str, sentence: str, is_kept: bool
) -> None:
    one = passage(CO2, heading=heading, text=f"IPL and a chemical peel are others. {sentence}")
    keep = asked.keep(known_treatments())
    assert keep(one, one.end - len(sentence), one.end) == is_kept


def test_a_list_is_kept_for_what_it_says_itself_whatever_its_heading_names() -> None:
    keep = LASER_NAMED.keep(known_treatments())
    own = passage(CO2, heading="A chemical peel instead", text="Tell us of:\n- scars", is_list=True)
    others = passage(CO2, heading="Redness", text="After a chemical peel:\n- rest", is_list=True)
    assert keep(own, own.start, own.end)
    assert not keep(others, others.start, others.end)
