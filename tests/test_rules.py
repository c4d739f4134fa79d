"""The rules as they are written: each fires as it says by its words alone, and no message says what none may."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from chatbot.reading.message import read
from chatbot.reading.wording import Reader, Wording
from chatbot.rules import (
    MEANING,
    RULES,
    PersonalRule,
    RefusedRule,
    Rules,
    Urgency,
    UrgentRule,
    WatchRule,
    WordedRule,
    load_rules,
)
from chatbot.settings import Clinic, fill
from chatbot.triage import LEVELS, fires

CLINIC = Clinic(
    name="Rose Clinic",
    phone="01 234",
    emergency_number="999",
    urgent_care_line="111",
    poison_line="222",
    crisis_line="333",
)
WORDED = load_rules().worded
WITH_NOT = (*load_rules().urgent, *load_rules().refused, *load_rules().personal)
RULE = r"""
votes: {beside_rule: 0.1, alone: {emergency: 0.3, same_day: 0.4, soon: 0.5},
        personal_beside_rule: 0.2, personal_alone: 0.6, expected: 0.5,
        emergency_if_urgent: 0.3, alone_in_doubt: 0.5}
families: {SORE: [[sore, "Can't sit"], hurt*], EYE: [eye]}
contexts:
  past: ['\byears ago\b', '\blast year\b']
  present: ['\bnow\b', '\btoday\b']
watch:
  - {id: sore-eye, wordings: [[SORE, EYE]], unless: [[EYE, shadow]], cancelled_by: [past], note: n, asks_day: no,
     test: t}
"""
NEVER_SAID = {
    "a figure other than a day, such as a dose": r"(?<!day )\d",
    "a dose in words": r"\b(?:milligram|microgram|millilit|teaspoon|(?:once|twice|times) a day|every \w+ hours)",
    "a verdict": r"\bnormal(?:ly)?\b|\bharmless\b|\b(?:is|are) (?:quite )?(?:safe|fine|ok|okay)\b|\bnothing serious\b",
    "a comfort that may be false": r"(?:should|will|must) be fine|\bworry\b|\bdon.?t panic|will pass\b|goes by itself",
    "advice on a product": (
        r"\b(?:vaseline|petroleum|petrolatum|aquaphor|moisturi[sz]er|sunscreen|aloe|honey|vinegar|arnica|silicone|bandage"
        r"|hydrocortisone|steroids?|antihistamines?|antibiotics?|antivirals?|paracetamol|acetaminophen|ibuprofen|aspirin"
        r"|painkillers?|ice|compress(?:es)?|balm|eye drops|apply|dab)\b"
    ),
}
NEVER_QUOTED = {
    "Take 500 mg of valaciclovir.": True,
    "Take 1 milligram a day.": True,
    "Inject 20 units into the brow.": True,
    "Use it twice a day for a week.": True,
    "Two tablets every four hours.": True,
    "The energy was 15 mJ.": True,
    "It is set to 30 watts.": True,
    "A fluence of ten is used.": True,
    "A density of 5 is used.": True,
    "Stop taking isotretinoin six months before.": True,
    "Pause your blood thinners.": True,
    "Mix one part of vinegar with water.": True,
    "This is completely normal.": True,
    "It is safe for everyone.": True,
    "There are no side effects.": True,
    "Do not stop your tablets.": False,
    "Never stop taking aspirin without asking.": False,
    "Redness fades within 7 days.": False,
    "Wear SPF 50 and keep out of the sun for 4 weeks.": False,
    "It is not suitable for you while you are pregnant.": False,
    "Tell us which medicines you take.": False,
    "Swelling is common for 2 to 3 days.": False,
}


def by_words(rule: WordedRule, text: str) -> bool:
    rules = load_rules()
    return fires(rule, Reader(read(text, rules.spelling, rules.other_readings), rules.families_compiled), rules)


def id_of(rule: WordedRule) -> str:
    return f"{type(rule).__name__}-{rule.id}"


def filled_in(rule: WordedRule) -> list[str]:
    """What a patient is told once the clinic's numbers are filled in."""
    if isinstance(rule, UrgentRule):
        return [rule.now, *rule.then, *rule.worse]
    return [rule.note] if isinstance(rule, WatchRule) else []


def as_written(rule: WordedRule) -> list[str]:
    """What a patient is told just as it stands in the file."""
    if isinstance(rule, RefusedRule):
        return [rule.reply]
    if isinstance(rule, UrgentRule):
        return [rule.presentation]
    return [rule.note] if isinstance(rule, PersonalRule) else []


def changed(**fields: Any) -> dict[str, Any]:
    """The content of a file with one rule, some of whose fields are other ones."""
    content: dict[str, Any] = yaml.safe_load(RULE)
    content["watch"][0] |= fields
    return content


@pytest.mark.parametrize("rule", [*WITH_NOT, *load_rules().watch], ids=id_of)
def test_its_test_fires_a_rule(rule: UrgentRule | RefusedRule | PersonalRule | WatchRule) -> None:
    assert by_words(rule, rule.test)


@pytest.mark.parametrize("rule", [rule for rule in WITH_NOT if rule.id != "medicine"], ids=id_of)
def test_its_not_does_not_fire_a_rule(rule: UrgentRule | RefusedRule | PersonalRule) -> None:
    assert not by_words(rule, rule.not_)


@pytest.mark.parametrize("rule", WORDED, ids=id_of)
def test_the_numbers_in_what_a_patient_is_told_can_be_filled_in(rule: WordedRule) -> None:
    for text in filled_in(rule):
        assert not re.search(r"[{}]", fill(text, CLINIC))
    for text in as_written(rule):
        assert not re.search(r"[{}]", text)


@pytest.mark.parametrize("rule", load_rules().urgent, ids=lambda rule: rule.id)
def test_what_to_do_now_names_whom_to_call(rule: UrgentRule) -> None:
    reach = {"emergency": r"\{emergency\}", "same_day": r"\{clinic\}.*\{urgent_care\}", "soon": r"\{clinic\}"}
    assert re.search(reach[rule.urgency], rule.now)


@pytest.mark.parametrize("reason", NEVER_SAID)
def test_no_message_says_what_none_may(reason: str) -> None:
    messages = [text for rule in WORDED for text in (*filled_in(rule), *as_written(rule))]
    messages += [rule.reply for rule in load_rules().smalltalk]
    assert [text for text in messages if re.search(NEVER_SAID[reason], text.lower())] == []


@pytest.mark.parametrize("rule", load_rules().urgent, ids=lambda rule: rule.id)
def test_an_urgent_rule_says_something_of_everything(rule: UrgentRule) -> None:
    assert all((rule.presentation, rule.now, rule.then, rule.worse, rule.sources))
    assert all((*rule.then, *rule.worse, *rule.sources))


def test_no_two_rules_have_the_same_id() -> None:
    ids = Counter(rule.id for rule in (*WORDED, *load_rules().smalltalk))
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_context_is_used() -> None:
    used = {name for rule in WORDED for name in rule.cancelled_by} - {MEANING}
    assert load_rules().contexts.keys() == used | {"present"}  # what brings a sentence back


def test_every_source_is_named_by_a_rule_and_says_what_it_is() -> None:
    sources = load_rules().sources
    assert sources.keys() == {name for rule in load_rules().urgent for name in rule.sources}
    assert all(sources.values())


def test_the_votes_are_shares_and_alone_meaning_needs_more_than_beside_a_rule() -> None:
    votes = load_rules().votes
    assert set(votes.alone) == set(LEVELS) == set(get_args(Urgency))
    assert all(0 < votes.beside_rule < share <= 1 for share in votes.alone.values())
    assert 0 < votes.personal_beside_rule < votes.personal_alone <= 1
    assert 0 < votes.expected <= 1


@pytest.mark.parametrize("family", ["SORE", "EYE"])
def test_a_family_that_is_spelt_wrong_is_refused_by_name(family: str) -> None:
    content = yaml.safe_load(RULE)
    content["families"][f"{family}S"] = content["families"].pop(family)
    with pytest.raises(ValidationError, match=rf"rule sore-eye: no family or context named {family}\b"):
        Rules.model_validate(content)


def test_a_family_that_only_cancels_and_a_context_are_refused_by_name_too() -> None:
    with pytest.raises(ValidationError, match="rule sore-eye: no family or context named NOSE"):
        Rules.model_validate(changed(unless=[["NOSE"]]))
    with pytest.raises(ValidationError, match="rule sore-eye: no family or context named future"):
        Rules.model_validate(changed(cancelled_by=["past", "future"]))


def test_a_source_that_the_file_does_not_explain_is_refused_by_name() -> None:
    urgent = {"id": "red-eye", "wordings": [["EYE"]], "presentation": "p", "urgency": "soon", "now": "n", "then": [],
              "worse": [], "sources": ["NHS"], "test": "t", "not": "n"}  # fmt: skip
    content = yaml.safe_load(RULE) | {"urgent": [urgent]}
    with pytest.raises(ValidationError, match="rule red-eye: no source named NHS"):
        Rules.model_validate(content)
    assert Rules.model_validate(content | {"sources": {"NHS": "a page"}}).urgent[0].sources == ("NHS",)


def test_meaning_may_cancel_a_rule_although_it_is_no_context() -> None:
    assert Rules.model_validate(changed(cancelled_by=[MEANING])).watch[0].cancelled_by == {MEANING}


def test_an_unknown_field_of_a_wording_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="from_dya"):
        Rules.model_validate(changed(wordings=[{"near": ["SORE"], "from_dya": 4}]))


def test_wordings_are_read_in_each_way_that_they_can_be_written() -> None:
    written = [["SORE", "eye"], {"near": ["SORE"], "from_day": 4, "to_day": 9}, {"anywhere": ["SORE", "EYE"]}]
    written.append({"near": ["SORE", "EYE"], "more_than": 5})
    assert Rules.model_validate(changed(wordings=written)).watch[0].wordings == (
        Wording(("SORE", "eye")),
        Wording(("SORE",), from_day=4, to_day=9),
        Wording(("SORE", "EYE"), anywhere=True),
        Wording(("SORE", "EYE"), more_than=5),
    )


def test_a_family_may_be_written_as_lists_of_lists_and_is_read_as_messages_are() -> None:
    assert Rules.model_validate(changed()).families == {"SORE": ("sore", "cant sit", "hurt*"), "EYE": ("eye",)}


def test_spelling_is_repaired_towards_the_words_of_the_families_and_all_endings_of_a_star() -> None:
    rules = Rules.model_validate(changed())
    assert [rules.spelling.repair(word) for word in ("soree", "hurtinng")] == ["sore", "hurting"]


@pytest.mark.parametrize(
    ("text", "is_fired"),
    [
        ("my eye hurts", True),
        ("eye shadow, and my eye hurts", False),
        ("I like eye shadow. My eye hurts", True),
        ("my eye hurt years ago", False),
        ("my eye hurt last year", False),
        ("my eye hurt years ago. My eye hurts", True),
    ],
)
def test_a_rule_is_cancelled_in_the_sentence_alone_that_cancels_it(text: str, is_fired: bool) -> None:
    rules = Rules.model_validate(changed())
    reader = Reader(read(text, rules.spelling), rules.families_compiled)
    assert fires(rules.watch[0], reader, rules) == is_fired


def test_the_present_brings_back_what_the_past_cancels_but_not_what_unless_cancels() -> None:
    rules = Rules.model_validate(changed())
    for text, is_fired in {
        "my eye hurt years ago and now": True,
        "my eye hurt last year and today": True,
        "eye shadow now hurts": False,
    }.items():
        reader = Reader(read(text, rules.spelling), rules.families_compiled)
        assert fires(rules.watch[0], reader, rules) == is_fired


@pytest.mark.parametrize(("sentence", "is_never"), NEVER_QUOTED.items(), ids=NEVER_QUOTED)
def test_what_is_never_quoted(sentence: str, is_never: bool) -> None:
    patterns = load_rules().never_quoted_patterns
    assert any(pattern.search(sentence.lower()) for pattern in patterns) == is_never


def test_the_rules_of_the_file_are_read_once() -> None:
    assert load_rules() is load_rules()
    assert RULES.name == "rules.yaml"
