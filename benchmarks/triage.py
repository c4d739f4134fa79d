"""Measure triage on labelled messages: recall of each presentation, false alarms, pairs, and time.

    python -m benchmarks.triage [FILE.jsonl ...]

A row has `text` and `label`: the id of an urgent rule, or a class that is not urgent (expected, general, ordinary,
personal, refused). Rows with the same `pair` differ in a word or two, and both must be right. The default file is
tests/data/triage.jsonl.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatbot.question import Question
from chatbot.reading.meaning import load_meaning
from chatbot.rules import Rules, Urgency, load_rules
from chatbot.triage import LEVELS, Triage, triage

DATA = Path(__file__).parent.parent / "tests" / "data" / "triage.jsonl"
CALM = ("expected", "general", "ordinary", "personal", "refused")


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message and what triage made of it; `wanted` and `given` are None where nothing is urgent."""

    text: str
    label: str
    pair: str | None
    wanted: Urgency | None
    given: Triage
    ms: float

    @property
    def level(self) -> Urgency | None:
        return self.given.urgent.urgency if self.given.urgent else None

    def reaches(self, level: Urgency) -> bool:
        """Whether the message was called this urgent or more."""
        return self.level is not None and LEVELS.index(self.level) <= LEVELS.index(level)

    @property
    def is_right(self) -> bool:
        """At least as urgent as it is, an emergency no less, and nothing urgent where nothing is."""
        return self.level is None if self.wanted is None else self.reaches(self.wanted)


@dataclass(frozen=True, slots=True)
class Shares:
    """What the whole is judged by; each a share of 0 to 1."""

    emergency: float  # emergencies called so
    emergency_seen: float  # emergencies called same_day or more
    same_day: float  # same-day presentations called same_day or more
    soon: float
    false_emergency: float  # calm messages called an emergency
    false_urgent: float  # calm messages called urgent at all
    pairs: float


def judge(path: Path, rules: Rules) -> list[Judged]:
    """Triage every row of a file."""
    urgencies = {rule.id: rule.urgency for rule in rules.urgent}
    meaning = load_meaning()
    judged = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(line)
        if row["label"] not in urgencies and row["label"] not in CALM:
            raise ValueError(f"{path}, line {number}: no class named {row['label']}")
        started = time.perf_counter()
        given = triage(Question.parse(row["text"]), rules, meaning)
        ms = (time.perf_counter() - started) * 1000
        judged.append(Judged(row["text"], row["label"], row.get("pair"), urgencies.get(row["label"]), given, ms))
    return judged


def shares(judged: Sequence[Judged]) -> Shares:
    """The shares over all messages."""
    pairs: dict[str, list[bool]] = defaultdict(list)
    for one in judged:
        if one.pair is not None:
            pairs[one.pair].append(one.is_right)
    return Shares(
        emergency=_share(judged, "emergency", lambda one: one.level == "emergency"),
        emergency_seen=_share(judged, "emergency", lambda one: one.reaches("same_day")),
        same_day=_share(judged, "same_day", lambda one: one.reaches("same_day")),
        soon=_share(judged, "soon", lambda one: one.reaches("soon")),
        false_emergency=_share(judged, None, lambda one: one.level == "emergency"),
        false_urgent=_share(judged, None, lambda one: one.level is not None),
        pairs=float(np.mean([all(both) for both in pairs.values()])) if pairs else float("nan"),
    )


def _share(judged: Sequence[Judged], wanted: Urgency | None, holds: Callable[[Judged], bool]) -> float:
    some = [holds(one) for one in judged if one.wanted == wanted]
    return float(np.mean(some)) if some else float("nan")


def table(judged: Sequence[Judged]) -> str:
    """By class: rows, how many were called what, and how many by the rules' words."""
    lines = ["| class | rows | emergency | same day | soon | not urgent | right | by words |", "|---|" + "---:|" * 7]
    for label in dict.fromkeys(one.label for one in sorted(judged, key=_by_urgency)):
        some = [one for one in judged if one.label == label]
        called = [sum(one.level == level for one in some) for level in (*LEVELS, None)]
        right = f"{sum(one.is_right for one in some) / len(some):.0%}"
        words = sum(one.given.urgent is not None and one.given.by == "words" for one in some)
        lines.append(f"| {label} | {len(some)} | {' | '.join(map(str, called))} | {right} | {words} |")
    return "\n".join(lines)


def _by_urgency(one: Judged) -> tuple[int, str]:
    return (LEVELS.index(one.wanted) if one.wanted else len(LEVELS), one.label)


def main() -> None:
    """Print the table, the shares and every mistake of each file."""
    parser = argparse.ArgumentParser(description="Measure triage on labelled messages.")
    parser.add_argument("files", nargs="*", type=Path, default=[DATA], metavar="FILE.jsonl")
    parser.add_argument("--mistakes", action="store_true", help="print every message that was judged wrong")
    options = parser.parse_args()
    for path in options.files:
        judged = judge(path, load_rules())
        found = shares(judged)
        times = [one.ms for one in judged]
        print(f"\n{path.name}: {len(judged)} messages\n\n{table(judged)}\n")
        print("  ".join(f"{name} {getattr(found, name):.3f}" for name in Shares.__slots__))
        print(f"time of triage: p50 {np.percentile(times, 50):.1f} ms, p95 {np.percentile(times, 95):.1f} ms")
        if options.mistakes:
            for one in judged:
                if not one.is_right:
                    print(f"  {one.label} → {one.level} ({one.given.rule}, {one.given.by}): {one.text}")


if __name__ == "__main__":
    main()
