"""ask(): each way that a question can go, over a tiny clinic and a gate that lets through what has no unknown word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import MEND, LetterEncoder

from chatbot.answer import Answer, abstain_from
from chatbot.bot import Bot, ask
from chatbot.question import Question
from chatbot.settings import Clinic
from chatbot.triage import load_rules
from chatbot.verify import Gate
from index.build import build_index
from index.live import LiveIndex

CLINIC = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999", email="a@rose.example", hours="9 to 5")
REACH = "Please ask Rose Clinic: call 01 234 or write to a@rose.example (9 to 5)."
# All words known: 1 / (1 + exp(-2)) = 0.88; a quarter of their weight unknown: below 0.05.
ALL_KNOWN = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")
GENERAL = """---
{id: general, title: After any treatment, treatment: null}
---
# After any treatment
## Smoking
Smoking slows the healing of redness.
"""


@pytest.fixture
def bot(clinic_folder: Path, home: Path, encoder: LetterEncoder) -> Bot:
    build_index(clinic_folder, home, encoder)
    encoder.encoded = 0
    return Bot(CLINIC, encoder, LiveIndex(home, MEND), load_rules(), ALL_KNOWN)


def answer_to(bot: Bot, text: str, page: str | None = None) -> Answer:
    return ask(bot, Question.parse(text, page))


def documents_of(given: Answer) -> set[str]:
    return {citation.passage.document.id for citation in given.citations}


def test_small_talk_gets_its_reply_without_any_search(bot: Bot, encoder: LetterEncoder, home: Path) -> None:
    shutil.rmtree(home)
    given = answer_to(bot, "Hello!")
    assert given.status == "smalltalk"
    assert given.text == load_rules().smalltalk[0].reply
    assert (given.confidence, given.citations, given.suggestions, given.contact) == (0.0, (), (), None)
    assert encoder.encoded == 0


def test_a_question_that_the_documents_answer_is_answered_with_its_caveat(bot: Bot, encoder: LetterEncoder) -> None:
    given = answer_to(bot, "does one session remove every scar?")
    assert given.status == "answered"
    assert given.confidence == pytest.approx(0.88, abs=0.005)
    assert [(c.quote, c.caveat) for c in given.citations[:2]] == [
        ("One session removes every scar.", False),
        ("Most people need three sessions or more.", True),
    ]
    assert encoder.encoded == 1  # the question, once


def test_a_running_program_answers_on_when_the_folder_of_its_index_is_gone(bot: Bot, home: Path) -> None:
    shutil.rmtree(home)
    assert answer_to(bot, "when does redness fade?").status == "answered"


def test_a_treatment_that_is_named_is_the_only_one_that_answers(bot: Bot) -> None:
    assert documents_of(answer_to(bot, "recovery after a chemical peel?")) == {"peel"}
    assert documents_of(answer_to(bot, "recovery after the CO2 laser?")) == {"laser"}


def test_the_treatment_of_the_page_answers_where_none_is_named(bot: Bot) -> None:
    assert documents_of(answer_to(bot, "recovery?")) == {"laser", "peel"}
    assert documents_of(answer_to(bot, "recovery?", page="Chemical peel")) == {"peel"}


def test_a_treatment_without_documents_is_named_as_missing(bot: Bot) -> None:
    given = answer_to(bot, "when does redness fade after botox?")
    assert given.status == "abstained"
    assert given.text == f"We have no document about Botulinum toxin. {REACH}"
    assert (given.confidence, given.suggestions) == (0.0, ())


def test_general_documents_do_not_answer_for_a_treatment_that_is_missing(
    bot: Bot, clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    (clinic_folder / "general.md").write_text(GENERAL, encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    assert "general" in documents_of(answer_to(bot, "smoking and redness?"))
    given = answer_to(bot, "smoking and redness?", page="Botox")
    assert given.text == f"We have no document about Botulinum toxin. {REACH}"
    assert given.suggestions == ("Smoking",)


def test_words_that_the_documents_do_not_have_are_named(bot: Bot) -> None:
    given = answer_to(bot, "when does the hiccup or the sneeze fade?")
    assert given.status == "abstained"
    assert given.text == f"Our documents do not answer that: they say nothing about “hiccup” or “sneeze”. {REACH}"
    assert given.confidence < 0.5


def test_a_question_in_known_words_is_still_refused_where_the_gate_says_so(bot: Bot) -> None:
    never = Bot(
        CLINIC, bot.encoder, bot.index, bot.rules, Gate(weights={}, bias=-9, min_probability=0.5, reason="test")
    )
    given = answer_to(never, "does redness fade?")
    assert given.text == f"Our documents do not answer that, although they mention some of its words. {REACH}"
    assert given.suggestions[0] == "Fractional CO2 laser: Recovery"
    assert len(given.suggestions) <= 3


def test_whoever_is_refused_is_given_the_contact_without_what_is_not_set(bot: Bot) -> None:
    assert answer_to(bot, "hiccups?").to_json()["contact"] == {
        "name": "Rose Clinic", "phone": "01 234", "emergency_number": "999",
        "email": "a@rose.example", "hours": "9 to 5",
    }  # fmt: skip
    plain = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999")
    given = abstain_from("?!", "There is no question yet.", plain)
    assert given.text == "There is no question yet. Please ask Rose Clinic: call 01 234."
    assert given.to_json()["contact"] == {"name": "Rose Clinic", "phone": "01 234", "emergency_number": "999"}


def test_what_only_staff_may_read_answers_no_patient(bot: Bot) -> None:
    given = answer_to(bot, "is there a deposit of fifty pounds for a laser session?")
    assert "telephone" not in documents_of(given)
    assert "deposit" not in given.text.replace("“deposit”", "")


def test_the_same_question_gets_the_same_answer(bot: Bot) -> None:
    assert answer_to(bot, "when does redness fade?") == answer_to(bot, "when does redness fade?")
