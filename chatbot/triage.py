"""Question → urgent · personal · smalltalk · answerable, by the rules in rules.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from chatbot.question import Question

RULES = Path(__file__).with_name("rules.yaml")


class SmalltalkRule(BaseModel):
    """One kind of small talk, as rules.yaml has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    needs: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    example: str
    reply: str


class Rules(BaseModel):
    """All of rules.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    smalltalk: tuple[SmalltalkRule, ...]


@dataclass(frozen=True, slots=True)
class Triage:
    """What a question is, which rule said so, and what to reply where the rule has a reply."""

    kind: Literal["smalltalk", "answerable"]
    rule: str | None = None
    reply: str = ""


@cache
def load_rules() -> Rules:
    """The rules; a wrong field in rules.yaml is an error that names it."""
    return Rules.model_validate(yaml.safe_load(RULES.read_text(encoding="utf-8")))


def triage(question: Question, rules: Rules) -> Triage:
    """The first rule that fires decides; a question that none stops is answerable."""
    said = re.findall(r"[\w']+", question.text.lower().replace("’", "'"))
    for rule in rules.smalltalk:
        if _fires(rule, [word.replace("'", "") for word in said]):
            return Triage("smalltalk", rule.id, rule.reply)
    return Triage("answerable")


def _fires(rule: SmalltalkRule, said: list[str]) -> bool:
    by_words = rule.needs.intersection(said) and rule.needs.union(rule.words).issuperset(said)
    return bool(by_words) or any(re.fullmatch(pattern, " ".join(said)) for pattern in rule.patterns)
