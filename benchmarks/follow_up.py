"""Measure follow-up questions: what is retrieved for them as typed, as made to stand alone, and as a person wrote them.

    python -m benchmarks.follow_up [--show] [unseen.jsonl]

A row of tests/data/conversations.jsonl has the `turns` of one person's conversation, each with its `question`, the
hand-written `standalone` question, the `sections` of kb/documents that answer it, and whether it `carries` something
from the turns before. The rules were made with all of these in sight, so only a file of other conversations judges
them: name one that nobody has looked at, with rows of the same kind.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatbot.follow_up import standalone
from chatbot.question import Question
from chatbot.scope import scope
from index.build import build_index
from index.encode import Encoder, load_encoder
from index.search import search
from index.store import StoredIndex, index_home, open_index

ROOT = Path(__file__).parent.parent
DATA, DOCUMENTS = ROOT / "tests" / "data" / "conversations.jsonl", ROOT / "kb" / "documents"
K = 5
WAYS = ("as typed", "made to stand alone", "written by hand")
LOOKED_AT, UNSEEN = "written before and looked at", "unseen"
KINDS = {"follow-ups": True, "later questions that need nothing": False}


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn after the first: its question in each of the three ways, in their order, and its labels."""

    group: str
    conversation: str
    ways: tuple[Question, ...]
    sections: frozenset[str]
    carries: bool
    ms: float


def read_turns(path: Path, group: str, index: StoredIndex) -> Iterator[Turn]:
    """The turns after the first of each conversation."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        asked = [Question.parse(turn["question"], row["treatment"]) for turn in row["turns"]]
        for position, turn in enumerate(row["turns"][1:], start=1):
            started = time.thread_time()
            alone = standalone(asked[position], asked[:position], index.treatments)
            ms = (time.thread_time() - started) * 1000
            ways = (asked[position], alone, Question.parse(turn["standalone"], row["treatment"]))
            yield Turn(group, row["id"], ways, frozenset(turn["sections"]), turn["carries"], ms)


def recalls(turn: Turn, index: StoredIndex, encoder: Encoder) -> list[float]:
    """Of the turn's sections, the share that is among the first five passages, in each way of asking."""
    return [len(_found(question, index, encoder) & turn.sections) / len(turn.sections) for question in turn.ways]


def _found(question: Question, index: StoredIndex, encoder: Encoder) -> set[str]:
    about = scope(question, index.treatments, index.covered)
    hits = search(index.passages, encoder, question.text, K, about.admits)
    return {hit.passage.section.id for hit in hits}


def table(turns: Sequence[Turn], found: Sequence[Sequence[float]]) -> str:
    """Mean recall by group and kind of turn, over the turns that have sections."""
    lines = [
        f"| conversations | turns | number | {' | '.join(WAYS)} | left as typed |",
        "|---|---|" + "---:|" * (len(WAYS) + 2),
    ]
    for group in dict.fromkeys(turn.group for turn in turns):
        for kind, carries in KINDS.items():
            some = [
                (turn, row)
                for turn, row in zip(turns, found, strict=True)
                if (turn.group, turn.carries) == (group, carries)
            ]
            if not some:
                continue
            means = np.mean([row for _, row in some], axis=0)
            unchanged = sum(turn.ways[0] == turn.ways[1] for turn, _ in some)
            cells = " | ".join(f"{mean:.3f}" for mean in means)
            lines.append(f"| {group} | {kind} | {len(some)} | {cells} | {unchanged} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, the time a call takes, and on demand each turn that was looked at."""
    parser = argparse.ArgumentParser(description="Measure follow-up questions.")
    parser.add_argument("--show", action="store_true", help="print each turn that was looked at, with its recalls")
    parser.add_argument("unseen", type=Path, nargs="?", help="conversations that the rules were made without")
    options = parser.parse_args()
    encoder = load_encoder()
    with tempfile.TemporaryDirectory() as scratch:
        home = index_home(Path(scratch), DOCUMENTS)
        build_index(DOCUMENTS, home, encoder)
        index = open_index(home, "python -m benchmarks.follow_up")
        every = list(read_turns(DATA, LOOKED_AT, index))
        if options.unseen:
            every += read_turns(options.unseen, UNSEEN, index)
        turns = [turn for turn in every if turn.sections]
        found = [recalls(turn, index, encoder) for turn in turns]
    print(table(turns, found))
    times = [turn.ms for turn in every]
    print(
        f"\na call: p50 {np.percentile(times, 50):.2f} ms, p95 {np.percentile(times, 95):.2f} ms, most {max(times):.2f}"
    )
    for turn, row in zip(turns, found, strict=True):
        if options.show and turn.group == LOOKED_AT:
            print(f"{turn.conversation}  {' '.join(f'{recall:.2f}' for recall in row)}  {turn.ways[0].text}")
            print(f"        {turn.ways[1].text}")


if __name__ == "__main__":
    main()
