"""Triage: what is urgent comes first, by words unless meaning is sure of the contrary, or by meaning alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import UndecidedMeaning
from pydantic import ValidationError

from chatbot.question import Question
from chatbot.reading.meaning import MAX_WORDS, Meaning, Probabilities
from chatbot.rules import RULES, Rules, SmalltalkRule, Votes, load_rules
from chatbot.triage import CONDITIONS, Triage, triage

VOTES = Votes(
    beside_rule=0.1,
    alone={"emergency": 0.3, "same_day": 0.4, "soon": 0.5},
    emergency_if_urgent=0.3,
    alone_in_doubt=0.5,
    personal_beside_rule=0.2,
    personal_alone=0.6,
    expected=0.5,
)
# A rule of each kind for the one word "sore", which is small talk besides, in the order in which they decide.
SORE = {"wordings": [["sore"]], "test": "sore", "not": "well"}
URGENT = {"presentation": "p", "urgency": "emergency", "now": "n", "then": [], "worse": [], "sources": []}
KINDS: dict[str, dict[str, Any]] = {
    "urgent": {"id": "airway", **URGENT, **SORE},
    "refused": {"id": "dose", "reply": "Ask a pharmacist.", **SORE},
    "smalltalk": {"id": "greeting", "needs": ["sore"], "example": "Sore!", "reply": "Hello."},
    "personal": {"id": "condition", "note": "Bring a parent.", **SORE},
}


class Voting:
    """Gives shares to texts that hold one of `where` (to all, without any); what is left of 1 is "ordinary"."""

    def __init__(self, shares: Mapping[str, float], *where: str) -> None:
        self.labels = UndecidedMeaning().labels
        self._shares = shares
        self._where = where or ("",)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        return np.array([self._row(text) for text in texts], dtype=np.float32)

    def _row(self, text: str) -> list[float]:
        shares = dict(self._shares) if any(part in text for part in self._where) else {}
        shares["ordinary"] = 1.0 - sum(shares.values())
        return [shares.get(label, 0.0) for label in self.labels]


CALM = Voting({})


@cache
def rules_with_our_votes() -> Rules:
    return load_rules().model_copy(update={"votes": VOTES})


def said_of(text: str, meaning: Meaning) -> Triage:
    """What the project's rules make of a text, with the votes of this test."""
    return triage(Question.parse(text), rules_with_our_votes(), meaning)


# In which order


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_kind_that_fits_decides_urgent_refused_smalltalk_personal(
    kind: str, meaning: UndecidedMeaning
) -> None:
    later = {name: [rule] for name, rule in KINDS.items() if list(KINDS).index(name) >= list(KINDS).index(kind)}
    rules: dict[str, Any] = {"votes": VOTES, "contexts": {"present": ["now"]}}
    rules |= {"families": {name: ["lupus"] for name in CONDITIONS}}
    rules |= {"urgent": [{**KINDS["urgent"], "wordings": [["never said"]]}], **later}
    said = triage(Question.parse("Sore!"), Rules.model_validate(rules), meaning)
    assert (said.kind, said.rule) == (kind, KINDS[kind]["id"])


@pytest.mark.parametrize(
    ("text", "kind", "rule"),
    [
        ("my throat is closing, how many mg of antihistamine do I take?", "urgent", "airway"),
        ("hello, my throat is closing", "urgent", "airway"),
        ("I am pregnant and my throat is closing, is it still safe for me?", "urgent", "airway"),
        ("I am pregnant, how many mg of aciclovir can I take?", "refused", "dose"),
        ("what energy setting would be safe for me?", "refused", "settings"),
        ("I am pregnant, can I have it?", "personal", "condition"),
        ("when can I swim?", "answerable", None),
    ],
)
def test_what_is_said_in_one_breath_is_judged_by_the_first_kind_that_it_holds(
    text: str, kind: str, rule: str | None, meaning: UndecidedMeaning
) -> None:
    said = said_of(text, meaning)
    assert (said.kind, said.rule) == (kind, rule)


def test_a_refused_question_brings_the_reply_of_its_rule(meaning: UndecidedMeaning) -> None:
    said = said_of("how many mg of aciclovir?", meaning)
    assert said.reply == next(rule.reply for rule in load_rules().refused if rule.id == "dose")


# Words, and what meaning has to say against them

THROAT = "my throat is closing"


@pytest.mark.parametrize(
    ("shares", "kind"),
    [
        ({"airway": 0.11}, "urgent"),
        ({"airway": 0.09}, "answerable"),
        ({"eye": 0.06, "late-bumps": 0.05}, "urgent"),  # that anything is urgent is enough for the rule to stand
        ({"eye": 0.05, "late-bumps": 0.04}, "answerable"),
        ({"expected": 0.5, "general": 0.5}, "answerable"),
    ],
)
def test_a_rule_that_fires_stands_unless_meaning_is_sure_that_nothing_is_urgent(
    shares: dict[str, float], kind: str
) -> None:
    said = said_of(THROAT, Voting(shares))
    assert said.kind == kind
    assert (said.rule, said.by) == ("airway" if kind == "urgent" else None, "words")


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "what if I want to kill myself",
        "what are the chances that I kill myself",
        "I read of somebody who took all the tablets, I want to kill myself",
    ],
)
def test_thoughts_of_suicide_are_heard_even_in_a_question_and_when_meaning_is_calm(text: str) -> None:
    said = said_of(text, CALM)
    assert (said.kind, said.rule, said.by) == ("urgent", "self-harm", "words")


@pytest.mark.parametrize("text", ["I am dying to have it done", "I am not suicidal", "I could die of embarrassment"])
def test_an_idiom_or_a_denial_is_no_thought_of_suicide(text: str, meaning: UndecidedMeaning) -> None:
    assert said_of(text, meaning).rule != "self-harm"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("my chest hurts", "chest-pain"),
        ("years ago my chest hurt", None),
        ("years ago my chest hurt. My chest hurts", "chest-pain"),
        ("years ago my chest hurt, and it does again today", "chest-pain"),
        ("can the laser cause chest pain?", None),
        ("what are the symptoms of chest pain?", None),
        ("what should I do if my chest hurts?", None),
        ("my neighbour had chest pain", None),
        ("my chest hurts when I laugh at the gym, I am so excited", None),
        ("I have no chest pain", None),
        ("I have no fever but my chest hurts", "chest-pain"),
    ],
)
def test_history_and_questions_about_risks_are_not_happening_now(
    text: str, rule: str | None, meaning: UndecidedMeaning
) -> None:
    assert said_of(text, meaning).rule == rule


# Meaning alone

NO_RULE = "something is very odd about all of this"


@pytest.mark.parametrize(
    ("shares", "rule"),
    [
        ({"airway": 0.31}, "airway"),
        ({"airway": 0.29}, None),
        ({"airway": 0.15, "eye": 0.16}, "eye"),  # together enough for the level, whose likeliest rule is named
        ({"pus": 0.41}, "pus"),
        ({"pus": 0.39}, None),
        ({"airway": 0.25, "fever": 0.07, "pus": 0.09}, "pus"),  # what is more urgent counts, the level's own is named
        ({"late-bumps": 0.51}, "late-bumps"),
        ({"late-bumps": 0.49}, None),
        ({"airway": 0.2, "pus": 0.15, "late-bumps": 0.05, "not-healed": 0.11}, "not-healed"),
        ({"expected": 0.4, "ordinary": 0.6}, None),
    ],
)
def test_where_no_rule_fires_meaning_decides_when_it_is_sure_enough_of_a_level(
    shares: dict[str, float], rule: str | None
) -> None:
    said = said_of(NO_RULE, Voting(shares))
    assert said.rule == rule
    assert (said.kind, said.by) == (("urgent", "meaning") if rule else ("answerable", "words"))
    assert (said.urgent.id if said.urgent else None) == rule


def test_what_is_urgent_anyway_is_an_emergency_with_fewer_of_the_votes() -> None:
    votes = VOTES.model_copy(update={"emergency_if_urgent": 0.2})
    rules = load_rules().model_copy(update={"votes": votes})
    said = [triage(Question.parse("it is odd"), rules, Voting({"eye": share, "pus": 0.45})) for share in (0.21, 0.19)]
    assert [one.rule for one in said] == ["eye", "pus"]


def test_beside_the_words_of_a_personal_question_meaning_alone_must_be_surer() -> None:
    assert said_of("I have lupus", Voting({"self-harm": 0.49, "personal": 0.5})).kind == "personal"
    assert said_of("I have lupus", Voting({"self-harm": 0.51, "personal": 0.4})).rule == "self-harm"


def test_what_meaning_says_is_told_in_the_words_of_its_likeliest_rule() -> None:
    said = said_of(NO_RULE, Voting({"airway": 0.31}))
    assert said.urgent is not None
    assert said.urgent.now.startswith("Call {emergency} now.")


def test_a_vote_that_decides_nothing_leaves_a_question_to_the_documents(meaning: UndecidedMeaning) -> None:
    assert said_of(NO_RULE, meaning) == Triage("answerable")


# The most urgent level


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("there is pus on my cheek and my chest hurts", "chest-pain"),
        ("my chest hurts and there is pus on my cheek", "chest-pain"),
        ("I have been told I am pregnant since I had it, and there is pus", "pus"),
        ("my chest hurts and my throat is closing", "airway"),  # of two as urgent, the first in the file
    ],
)
def test_of_the_rules_that_fire_the_most_urgent_answers(text: str, rule: str, meaning: UndecidedMeaning) -> None:
    assert said_of(text, meaning).rule == rule


@pytest.mark.parametrize(
    ("shares", "rule", "by"),
    [
        ({"sepsis": 0.31}, "sepsis", "meaning"),
        ({"sepsis": 0.29}, "pus", "words"),
        ({"late-bumps": 1.0}, "pus", "words"),
    ],
)
def test_meaning_can_call_a_message_more_urgent_than_its_words_do_and_not_less(
    shares: dict[str, float], rule: str, by: str
) -> None:
    said = said_of("there is pus on my cheek", Voting(shares))
    assert (said.rule, said.by) == (rule, by)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("day 2 and my face oozes", None),
        ("day 5 and my face oozes", "pus"),
        ("my face oozes", None),  # nobody said how long ago it was
    ],
)
def test_some_signs_are_urgent_only_some_days_after_the_treatment(
    text: str, rule: str | None, meaning: UndecidedMeaning
) -> None:
    assert said_of(text, meaning).rule == rule


# Long messages, and writing that meaning cannot read

GARDEN = " ".join(["we talked about the garden"] * (MAX_WORDS // 5 - 1))  # a sentence that nearly fills a piece
LOST = "nothing is where it was"
MOVED = "all of it is elsewhere"


def test_in_a_long_story_one_part_is_heard_wherever_it_stands() -> None:
    heard = Voting({"eye": 0.31}, LOST)
    for story in (
        f"{LOST}. {GARDEN}. {GARDEN}.",
        f"{GARDEN}. {GARDEN}. {LOST}. {GARDEN}",
        f"{GARDEN}. {GARDEN}. {LOST}",
    ):
        said = said_of(story, heard)
        assert (said.kind, said.rule, said.by) == ("urgent", "eye", "meaning")
    assert said_of(f"{GARDEN}. {GARDEN}. {GARDEN}.", heard).kind == "answerable"


def test_a_rule_stands_when_meaning_hears_something_urgent_in_one_part_of_a_long_story() -> None:
    story = f"{THROAT}. {GARDEN}. {GARDEN}. {LOST}."
    assert said_of(story, Voting({"eye": 0.11}, LOST)).rule == "airway"
    assert said_of(story, CALM).rule is None


def test_the_votes_of_different_parts_are_not_added_up() -> None:
    story = f"{LOST}. {GARDEN}. {GARDEN}. {MOVED}."
    assert said_of(story, Voting({"eye": 0.29}, LOST, MOVED)).kind == "answerable"


@pytest.mark.parametrize(
    ("text", "kind", "rule"),
    [
        ("不能呼吸", "urgent", "other-language"),
        ("怀孕可以做吗", "personal", "condition"),
        ("我的花园很漂亮", "answerable", None),
    ],
)
def test_in_writing_that_meaning_cannot_read_the_rules_decide_alone(text: str, kind: str, rule: str | None) -> None:
    misled = Voting({"late-bumps": 1.0})
    said = said_of(text, misled)
    assert (said.kind, said.rule, said.by) == (kind, rule, "words")


def test_a_short_message_is_read_once_and_whole(meaning: UndecidedMeaning) -> None:
    said_of("Hello there! I <b>can't</b> find\u200b my hat, is it with you?", meaning)
    assert meaning.read == ["hello there. i cant find my hat, is it with you"]


# A sign that is often expected for a while

PUFFY = "my face is puffy"


@pytest.mark.parametrize(
    ("text", "share", "watch", "asks_day"),
    [
        (PUFFY, 0.51, "swelling", True),
        (PUFFY, 0.49, None, False),  # meaning does not hear of anything that one expects
        ("my face is puffy on day 2", 0.51, "swelling", False),
        ("I had it yesterday and my face is puffy", 0.51, "swelling", False),
        ("a few specks of blood", 0.51, "bleeding-dots", False),  # whatever the day
        ("my face is not puffy", 0.51, None, False),
        ("when can I swim?", 0.51, None, False),
    ],
)
def test_a_sign_that_may_become_urgent_is_watched_and_the_day_asked_for_where_it_matters_and_is_not_said(
    text: str, share: float, watch: str | None, asks_day: bool
) -> None:
    said = said_of(text, Voting({"expected": share}))
    assert said.kind == "answerable"
    assert (said.watch.id if said.watch else None, said.asks_day) == (watch, asks_day)


# Questions about oneself

LUPUS = "I have lupus, can I have it?"


@pytest.mark.parametrize(
    ("text", "share", "rule", "by"),
    [
        (LUPUS, 0.21, "condition", "words"),
        (LUPUS, 0.19, None, "words"),  # meaning is sure that the question is about something else
        ("what about somebody with my luck?", 0.61, "personal", "meaning"),
        ("what about somebody with my luck?", 0.59, None, "words"),
    ],
)
def test_a_question_is_personal_by_words_that_meaning_does_not_contradict_or_by_meaning_alone(
    text: str, share: float, rule: str | None, by: str
) -> None:
    said = said_of(text, Voting({"personal": share}))
    assert (said.kind, said.rule, said.by) == ("personal" if rule else "answerable", rule, by)


@pytest.mark.parametrize(
    ("text", "conditions", "denied"),
    [
        (LUPUS, ("lupus",), ()),
        ("I am pregnant and have diabetes, is it safe for me?", ("pregnant", "diabetes"), ()),
        ("I am not pregnant but I have lupus. Am I suitable?", ("lupus",), ("pregnant",)),
        ("No diabetes, no epilepsy. Is it safe for me?", (), ("diabetes", "epilepsy")),
        ("Diabetes, diabetes, always diabetes: am I suitable?", ("diabetes",), ()),
        ("I take warfarin and have brown skin, can I have it?", ("brown skin", "warfarin"), ()),  # illnesses first
        ("My daughter has eczema, can she have it?", ("eczema",), ()),
        ("I have lupsu, can I have it?", ("lupus",), ()),  # as it was meant
        ("is it safe for me?", (), ()),
    ],
)
def test_a_personal_question_brings_the_conditions_that_it_says_and_those_that_it_denies(
    text: str, conditions: tuple[str, ...], denied: tuple[str, ...], meaning: UndecidedMeaning
) -> None:
    said = said_of(text, meaning)
    assert (said.kind, said.conditions, said.denied) == ("personal", conditions, denied)


def test_conditions_are_read_where_meaning_alone_calls_a_question_personal() -> None:
    said = said_of("wondering about my lupus", Voting({"personal": 0.61}))
    assert said.conditions == ("lupus",)


def test_a_personal_rule_may_have_a_word_to_add(meaning: UndecidedMeaning) -> None:
    said = said_of("I am 15 and want it done", meaning)
    assert (said.rule, said.reply) == ("age", next(rule.note for rule in load_rules().personal if rule.id == "age"))


# Small talk

QUESTIONS = [
    "thanks, but when can I swim?",
    "hello is there a scab",
    "good morning, how long am I red?",
    "Is it helpful?",
    "is this really helpful for scars",
    "is it good for scars, doctor?",
    "ok",
    "who are you going to call if I snore?",
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
def test_the_example_of_a_rule_fires_that_rule(rule: SmalltalkRule, meaning: UndecidedMeaning) -> None:
    said = said_of(rule.example, meaning)
    assert (said.kind, said.rule, said.reply) == ("smalltalk", rule.id, rule.reply)


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_answerable_whatever_courtesy_surrounds_it(text: str, meaning: UndecidedMeaning) -> None:
    assert said_of(text, meaning).kind == "answerable"


@pytest.mark.parametrize(("text", "rule"), SMALLTALK.items(), ids=SMALLTALK)
def test_small_talk_is_recognised_by_its_rule(text: str, rule: str, meaning: UndecidedMeaning) -> None:
    assert said_of(text, meaning).rule == rule


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
        Rules.model_validate({"votes": VOTES, "smalltalk": [], "small_talk": []})


# What must not hide an emergency from the rules


@pytest.mark.parametrize(
    "text",
    [
        "no fever\nmy throat is closing",
        "not itchy\r\nchest pain and sweating",
        "<i cant breathe>",
        "no rash, throat closing",
        "no, I cant breathe",
        f"I take {' '.join(['prednisolone'] * 60)} and my throat is closing",
    ],
)
def test_no_line_bracket_denial_or_list_hides_an_emergency(text: str, meaning: UndecidedMeaning) -> None:
    assert said_of(text, meaning).kind == "urgent"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("my cheek has turned white and leathery", "deep-burn"),
        ("blisters all over my cheeks and a fever of 39", "widespread-cold-sore"),
        ("the redness is spreading towards my eye", "infection-near-eye"),
    ],
)
def test_what_makes_a_same_day_presentation_worse_makes_it_an_emergency(
    text: str, rule: str, meaning: UndecidedMeaning
) -> None:
    said = said_of(text, meaning)
    assert said.urgent is not None
    assert (said.rule, said.urgent.urgency) == (rule, "emergency")
