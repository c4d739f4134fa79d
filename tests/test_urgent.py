"""The urgent answer: what to do now stands first, on the clinic's own numbers, for every urgent rule."""

from __future__ import annotations

import pytest
from conftest import UndecidedMeaning

from chatbot.answer import Answer
from chatbot.question import Question
from chatbot.rules import Urgency, UrgentRule, load_rules
from chatbot.settings import PLACEHOLDER, UNNAMED, Clinic, fill
from chatbot.triage import Triage, triage
from chatbot.urgent import MORE, urgent

CLINIC = Clinic(
    name="Rose Clinic",
    phone="01 234",
    hours="9 to 5",
    emergency_number="999",
    urgent_care_line="111",
    poison_line="222",
    crisis_line="333",
)
NUMBERS = {
    "{emergency}": "999",
    "{urgent_care}": "111",
    "{poison}": "222",
    "{crisis}": "333",
    "{clinic}": "Rose Clinic on 01 234 (9 to 5)",
}
RULES = load_rules().urgent


def rule_of(urgency: Urgency = "same_day", **texts: str) -> UrgentRule:
    """A rule about hiccups, some of whose texts are other ones."""
    said = {"presentation": "Hiccups that do not stop", "now": "Call {clinic} today.", "test": "", "not": ""} | texts
    return UrgentRule.model_validate(
        {"id": "hiccups", "wordings": [["hiccups"]], "urgency": urgency, "then": ["Sit down.", "Breathe."],
         "worse": ["a purple face", "anything at all"], "sources": ["none"], **said}
    )  # fmt: skip


def answer_of(rule: UrgentRule, clinic: Clinic = CLINIC) -> Answer:
    given = urgent(Question("I have hiccups"), Triage("urgent", rule.id, urgent=rule), clinic)
    assert given is not None
    return given


def test_the_whole_of_an_urgent_answer() -> None:
    assert answer_of(rule_of()) == Answer(
        question="I have hiccups",
        status="urgent",
        urgency="same_day",
        text=(
            "Call Rose Clinic on 01 234 (9 to 5) today.\n"
            "\n"
            "- Sit down.\n"
            "- Breathe.\n"
            "\n"
            "Call 999 at once with any of these:\n"
            "- a purple face\n"
            "- anything at all\n"
            "\n"
            "An automated rule chose this reply from your words: hiccups that do not stop (rule: hiccups). "
            "Nobody has examined you, and no clinician has read your message. No clinician has reviewed this rule yet."
        ),
        confidence=0.0,
        citations=(),
        suggestions=(),
        contact=CLINIC,
        rule="hiccups",
    )


def test_what_is_not_urgent_gets_no_urgent_answer() -> None:
    assert urgent(Question("hello"), Triage("smalltalk", "greeting", "Hello."), CLINIC) is None
    assert urgent(Question("redness?"), Triage("answerable"), CLINIC) is None


@pytest.mark.parametrize("level", MORE)
def test_each_level_has_its_own_words_before_the_signs_that_are_worse(level: Urgency) -> None:
    given = answer_of(rule_of(level))
    assert given.urgency == level
    assert f"\n\n{fill(MORE[level], CLINIC)}\n- a purple face\n- anything at all\n" in given.text


def test_below_an_emergency_the_signs_that_are_worse_say_to_call_sooner() -> None:
    assert "{emergency}" in MORE["same_day"]
    assert "same day" in MORE["soon"]


@pytest.mark.parametrize(("placeholder", "number"), NUMBERS.items(), ids=NUMBERS)
def test_a_placeholder_becomes_the_number_of_the_clinic_wherever_it_stands(placeholder: str, number: str) -> None:
    given = answer_of(rule_of(now=f"Call {placeholder} now.", presentation=f"A matter for {placeholder}"))
    assert given.text.startswith(f"Call {number} now.\n")
    assert f": a matter for {number} (rule: hiccups)" in given.text


def test_a_number_that_is_not_filled_in_is_said_in_words_and_never_as_its_placeholder() -> None:
    every = " ".join(NUMBERS)
    given = answer_of(rule_of("soon", now=every), Clinic())
    assert given.text.splitlines()[0] == " ".join([*UNNAMED.values(), "the clinic"])


def test_a_clinic_without_a_telephone_is_named_without_one() -> None:
    given = answer_of(rule_of(), Clinic(name="Rose Clinic", hours="9 to 5"))
    assert given.text.startswith("Call Rose Clinic today.\n")


def test_braces_in_the_name_of_the_clinic_are_only_braces() -> None:
    given = answer_of(rule_of(), Clinic(name="{Rose}", phone="{0}"))
    assert given.text.startswith("Call {Rose} on {0} today.\n")


def test_it_is_said_when_the_meaning_alone_chose_the_rule() -> None:
    rule = rule_of()
    given = urgent(Question("hic"), Triage("urgent", rule.id, urgent=rule, by="meaning"), CLINIC)
    assert given is not None
    assert "chose this reply from what your message seems to mean: hiccups that do not stop (rule: hic" in given.text
    assert "your words" not in given.text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_first_what_to_do_now_and_last_which_rule_it_is(rule: UrgentRule) -> None:
    given = answer_of(rule)
    first, *_, last = given.text.splitlines()
    now = rule.now
    for placeholder, number in NUMBERS.items():
        now = now.replace(placeholder, number)
    assert first == now
    assert f"(rule: {rule.id})" in last
    assert (given.rule, given.urgency, given.status) == (rule.id, rule.urgency, "urgent")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_can_be_said_on_any_clinics_numbers(rule: UrgentRule) -> None:
    for clinic in (CLINIC, Clinic()):
        text = answer_of(rule, clinic).text
        assert "{" not in text
        assert "}" not in text
        assert PLACEHOLDER not in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_test_of_every_rule_gets_an_answer_that_is_as_urgent_or_more(
    rule: UrgentRule, meaning: UndecidedMeaning
) -> None:
    levels = list(MORE)
    question = Question.parse(rule.test)
    given = urgent(question, triage(question, load_rules(), meaning), CLINIC)
    assert given is not None
    assert given.urgency is not None
    assert levels.index(given.urgency) <= levels.index(rule.urgency)


def test_a_rule_that_a_clinician_signed_no_longer_says_that_nobody_has() -> None:
    rule = load_rules().urgent[1].model_copy(update={"reviewed_by": "Dr A. Example"})
    unsigned = urgent(Question("q"), Triage("urgent", rule.id, urgent=load_rules().urgent[1]), Clinic())
    signed = urgent(Question("q"), Triage("urgent", rule.id, urgent=rule), Clinic())
    assert unsigned is not None
    assert signed is not None
    assert "No clinician has reviewed this rule yet." in unsigned.text
    assert "reviewed" not in signed.text
