"""With the real classifier: what share of labelled messages is recognised, and how often there is a false alarm.

tests/data/triage.jsonl holds messages written for this test, without sight of the rules or the exemplars. Its calm
messages are far harder than real ones: each has the words or the style of an urgent one. The messages of
triage_everyday.jsonl are about knees, teeth, colds and pets; those who wrote them wrote exemplars of the same kind.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from test_meaning import UNTAUGHT

from benchmarks.triage import CALM, Judged, Shares, judge, shares
from chatbot.rules import load_rules

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data" / "triage.jsonl"
EVERYDAY = Path(__file__).parent / "data" / "triage_everyday.jsonl"
MARGIN = 0.02  # training on another machine moves a few messages across a threshold

# Measured with `python -m benchmarks.triage` when the weights were made. Recall may not fall, nor false alarms rise,
# by more than MARGIN.
MEASURED = Shares(
    emergency=0.992,
    emergency_seen=0.992,
    same_day=0.983,
    soon=0.959,
    false_emergency=0.030,
    false_urgent=0.059,
    pairs=0.700,
)
MIN_ROWS_OF_A_CLASS = 10
MAX_P95_MS = 50.0


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    judge(DATA, load_rules())  # the first pass loads the classifier
    return judge(DATA, load_rules())


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Shares)])
def test_no_share_is_worse_than_it_was(name: str, judged: list[Judged]) -> None:
    now, then = getattr(shares(judged), name), getattr(MEASURED, name)
    assert now <= then + MARGIN if name.startswith("false") else now >= then - MARGIN


def test_every_presentation_and_every_calm_class_is_among_the_messages(judged: list[Judged]) -> None:
    rows = Counter(one.label for one in judged)
    told = {rule.id for rule in load_rules().urgent} - UNTAUGHT
    assert {label: n for label, n in rows.items() if n < MIN_ROWS_OF_A_CLASS} == {}
    assert told | set(CALM) == rows.keys()


def test_no_emergency_of_any_presentation_is_often_missed(judged: list[Judged]) -> None:
    labels = {one.label for one in judged if one.wanted == "emergency"}
    recall = {label: np.mean([one.reaches("same_day") for one in judged if one.label == label]) for label in labels}
    assert {label: share for label, share in recall.items() if share < 0.9} == {}


def test_an_everyday_ailment_is_seldom_taken_for_an_emergency_and_one_among_them_is_heard() -> None:
    found = shares(judge(EVERYDAY, load_rules()))
    assert found.false_emergency <= 0.15 + MARGIN
    assert found.emergency_seen >= 0.93 - MARGIN


def test_triage_takes_few_milliseconds(judged: list[Judged]) -> None:
    assert np.percentile([one.ms for one in judged], 95) < MAX_P95_MS
