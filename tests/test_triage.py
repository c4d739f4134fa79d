"""Triage: small talk is recognised only when the whole message is small talk."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import ValidationError

from chatbot.question import Question
from chatbot.triage import RULES, Rules, SmalltalkRule, load_rules, triage

QUESTIONS = [
    "thanks, but when can I swim?",
    "hello is there a scab",
    "good morning, how long am I red?",
    "Is it helpful?",
    "is this really helpful for scars",
    "is it good for scars, doctor?",
    "ok",
    "are you allowed to treat a pregnant person?",
    "who are you going to call if I bleed?",
    "怀孕可以做吗",
]
SMALLTALK = {
    "Hello!": "greeting",
    "hi there, how are you?": "greeting",
    "HEY": "greeting",
    "That's great, thank you": "thanks",
    "thanks 🙏": "thanks",
    "that was very helpful!": "thanks",
    "ok, bye!": "goodbye",
    "Are you a real person?": "who-are-you",
    "what are you": "who-are-you",
    "am I talking to a human or a bot": "who-are-you",
}


@pytest.mark.parametrize("rule", load_rules().smalltalk, ids=lambda rule: rule.id)
def test_the_example_of_a_rule_fires_that_rule(rule: SmalltalkRule) -> None:
    said = triage(Question.parse(rule.example), load_rules())
    assert (said.kind, said.rule, said.reply) == ("smalltalk", rule.id, rule.reply)


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_answerable_whatever_courtesy_surrounds_it(text: str) -> None:
    assert triage(Question.parse(text), load_rules()).kind == "answerable"


@pytest.mark.parametrize(("text", "rule"), SMALLTALK.items(), ids=SMALLTALK)
def test_small_talk_is_recognised_by_its_rule(text: str, rule: str) -> None:
    assert triage(Question.parse(text), load_rules()).rule == rule


@pytest.mark.parametrize("rule", load_rules().smalltalk, ids=lambda rule: rule.id)
def test_each_word_of_a_rule_can_be_said(rule: SmalltalkRule) -> None:
    # A message is cut into words without apostrophes: a rule's word with one would never fire.
    assert all(re.fullmatch(r"\w+", word) for word in rule.needs | rule.words)


@pytest.mark.parametrize("field", ["need", "urgency"])
def test_an_unknown_field_of_a_rule_is_refused_by_name(field: str) -> None:
    content = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    content["smalltalk"][0][field] = ["hi"]
    with pytest.raises(ValidationError, match=rf"smalltalk\.0\.{field}"):
        Rules.model_validate(content)


def test_an_unknown_kind_of_rule_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="small_talk"):
        Rules.model_validate({"smalltalk": [], "small_talk": []})


def test_without_rules_everything_is_answerable() -> None:
    assert triage(Question.parse("hello"), Rules(smalltalk=())).kind == "answerable"
