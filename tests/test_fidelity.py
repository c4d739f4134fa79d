"""Fidelity: an answer that says a figure, a unit or a negation otherwise than its quotes is withheld, and logged."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import IndexOf

from chatbot.answer import Answer, how_to_reach, with_quotes
from chatbot.citation import Citation
from chatbot.fidelity import FAILED, faithful, unfaithful
from chatbot.question import Question
from chatbot.settings import Clinic
from index.store import StoredIndex

CLINIC = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999", hours="9 to 5")
NEVER = [re.compile(r"\b\d+ ?mg\b")]
LASER = """---
{id: laser, title: Laser, treatment: CO2 laser}
---
# Laser
## Face
Wash your face after 24 hours. Do not pick the crusts; don't rub.
## Sun
Wear SPF 50 every day for 4 weeks. Stay below 25 °C, never above.
## Swelling
Swelling lasts two days.

- Ice is not needed
- Call on day 3
"""
PEEL = """---
{id: peel, title: Peel, treatment: Chemical peel}
---
# Peel
## Sessions
Most people need 3 sessions, without a rest.
"""
NOTE = "Call Rose Clinic on 01 234 if it is worse after 12 days."
QUESTION = Question("I am Zelda from Narnia, 12 days on: when may I wash, and what of the sun?")
TAMPERED = {
    "another figure": ("24 hours", "72 hours"),
    "a figure more": ("hours", "hours 2"),
    "a figure less": ("24 ", ""),
    "another unit": ("24 hours", "24 days"),
    "no unit": ("24 hours", "24"),
    "another unit of a figure in words": ("two days", "two weeks"),
    "another figure in words": ("two days", "four days"),
    "another degree": ("25 °C", "25 °F"),
    "another SPF": ("SPF 50", "SPF 30"),
    "no SPF": ("SPF 50", "lotion 50"),
    "no negation": ("Do not pick", "Do pick"),
    "a negation more": ("Wear", "Do not wear"),
    "no contraction": ("don't rub", "do rub"),
    "no never": ("never above", "ever above"),
    "after for before": ("after 24", "before 24"),
    "a negation less in a list": ("is not needed", "is needed"),
    "without for with": ("without a rest", "with a rest"),
    "nothing of the quote": ("Wash your face after 24 hours. Do not pick the crusts; don't rub.", ""),
    "two quotes that changed places": (" [1]\n\nWear", " [2]\n\nWear"),
    "a quote without its number": (" [2]", ""),
    "another number": ("[3]", "[5]"),
    "a quote without its end": (" [1]\n\n", " [1] "),
    "a quote twice": ("Most people", "Most people need 3 sessions, without a rest. Most people"),
    "text after the note": (NOTE, f"{NOTE} You will be fine."),
    "text before the note": (NOTE, f"You will be fine. {NOTE}"),
    "no note": (NOTE, ""),
    "a dispute that is not said": ("This is disputed: ", ""),
    "another word": ("Wash your face", "Wet your face"),
    "two figures that changed places": ("Wear SPF 50 every day for 4 weeks", "Wear SPF 4 every day for 50 weeks"),
    "a dispute that is not ours": ("This is disputed: ", "This is not disputed: "),
}
HARMLESS = {
    "the question and the clinic have figures too": NOTE,
    "no figure": "Call if it is worse.",
    "the clinic's hours": how_to_reach(CLINIC),
    "nothing": "",
}
FOREIGN = {
    "a figure": "Wait for 14 days.",
    "a part of one of the question's": "Wait for 2 days.",
    "a figure with a unit": "Take 500mg.",
    "a figure of a quote": "That is 24 hours.",
}


@pytest.fixture
def index(tmp_path: Path, index_of: IndexOf) -> StoredIndex:
    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "laser.md").write_text(LASER, encoding="utf-8")
    (folder / "peel.md").write_text(PEEL, encoding="utf-8")
    return index_of(folder)


@pytest.fixture
def given(index: StoredIndex) -> Answer:
    """Four whole passages with our own words around them: of two treatments, and one that disputes another."""
    return answer_with(index, NOTE)


def answer_with(index: StoredIndex, note: str) -> Answer:
    face, sun, swelling, items, sessions = index.passages.passages.values()
    citations = [
        Citation(1, face, face.start, face.end, about="CO2 laser"),
        Citation(2, sun, sun.start, sun.end),
        Citation(3, swelling, swelling.start, items.end, caveat=True),
        Citation(4, sessions, sessions.start, sessions.end, about="Chemical peel"),
    ]
    return with_quotes(QUESTION, "answered", 0.9, citations, note, None, None)


def tampered(given: Answer, old: str, new: str) -> Answer:
    assert given.text.count(old) >= 1
    return replace(given, text=given.text.replace(old, new, 1))


def test_a_faithful_answer_is_given_as_it_is(given: Answer) -> None:
    assert unfaithful(given, CLINIC) == []
    assert faithful(given, CLINIC, NEVER) is given


def test_the_frame_around_the_quotes_is_our_own_and_counts_for_nothing(given: Answer) -> None:
    assert given.text.startswith("About CO2 laser:\n\nWash your face")
    assert "\n\nThis is disputed: Swelling lasts two days." in given.text
    assert unfaithful(given, CLINIC) == []


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_an_answer_that_was_tampered_with_is_withheld(given: Answer, old: str, new: str) -> None:
    assert unfaithful(tampered(given, old, new), CLINIC) != []


@pytest.mark.parametrize("note", HARMLESS.values(), ids=HARMLESS)
def test_a_note_may_have_the_figures_of_the_question_and_of_the_clinic(index: StoredIndex, note: str) -> None:
    assert unfaithful(answer_with(index, note), CLINIC) == []


@pytest.mark.parametrize("note", FOREIGN.values(), ids=FOREIGN)
def test_a_note_with_a_figure_of_its_own_is_a_fault(index: StoredIndex, note: str) -> None:
    assert unfaithful(answer_with(index, note), CLINIC) == ["the note has 1 figures of its own"]


def test_each_kind_of_fault_says_what_is_wrong(given: Answer, index: StoredIndex) -> None:
    sun = list(index.passages.passages)[1]
    assert unfaithful(tampered(given, "SPF 50", "SPF 15"), CLINIC) == [f"the text differs from passage {sun}"]
    assert unfaithful(tampered(given, " [2]", ""), CLINIC) == [f"the text differs from passage {sun}"]
    assert unfaithful(tampered(given, NOTE, "You will be fine."), CLINIC) == [
        "something stands after the quotes that is not the note"
    ]


def test_an_answer_without_quotes_is_its_note() -> None:
    bare = with_quotes(QUESTION, "referred", 0.1, [], "Ask the clinic.", CLINIC, None)
    assert unfaithful(bare, CLINIC) == []
    assert unfaithful(replace(bare, text="Go ahead."), CLINIC) != []


def test_what_is_withheld_becomes_an_abstention_that_tells_how_to_reach_the_clinic(given: Answer) -> None:
    withheld = faithful(tampered(given, "24 hours", "72 hours"), CLINIC, NEVER)
    assert (withheld.status, withheld.citations, withheld.contact) == ("abstained", (), CLINIC)
    assert withheld.text == f"{FAILED} {how_to_reach(CLINIC)}"
    assert withheld.question == QUESTION.text


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_the_error_is_logged_without_any_word_of_the_patient_or_of_the_answer(
    given: Answer, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        faithful(tampered(given, old, new), CLINIC, NEVER)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    logged = caplog.records[0].getMessage()
    assert logged.startswith("An answer of status answered was withheld: ")
    assert not any(word in logged for word in ("Zelda", "Narnia", "wash", "12", "fine", "Wear"))


def test_no_figure_is_logged_it_may_be_a_patients_age(index: StoredIndex, caplog: pytest.LogCaptureFixture) -> None:
    faithful(answer_with(index, "Wait for 14 days, not 12."), CLINIC, NEVER)
    logged = caplog.records[0].getMessage()
    assert "14" not in logged
    assert "12" not in logged


def test_nothing_is_logged_for_a_faithful_answer(given: Answer, caplog: pytest.LogCaptureFixture) -> None:
    faithful(given, CLINIC, NEVER)
    assert caplog.records == []


def test_a_quote_of_what_is_never_quoted_withholds_the_answer_even_as_a_caveat(
    given: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    withheld = faithful(given, CLINIC, [re.compile("ice is not needed")])  # in the third citation, a caveat
    assert withheld.status == "abstained"
    assert "holds what is never quoted" in caplog.records[0].getMessage()
