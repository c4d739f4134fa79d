"""Measure redaction on messages in which what identifies somebody is marked: recall by type, false alarms, and time.

    python -m benchmarks.redaction [--show] FILE.jsonl [FILE.jsonl ...]

A row has `text` (or `question`, or `turns` with a question each) and `spans` with type, start and end; a row without
`spans` has nothing to redact. Rows with `held_out` are a table of their own: nobody looked at them while the patterns
were written. What is found where nothing is marked is a false alarm; of a span that is found in part, the rest stays.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed import percentile
from chatbot.identifying.found import Found
from chatbot.redact import identifying

# In other people's files: what tells nobody who somebody is on its own, and so is to stay.
STAYS = frozenset({"AGE", "DATE_TIME", "GPE", "NRP", "ORGANIZATION", "TITLE"})
# What need not go of a span: a title before a name.
TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof)\b\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """What is marked in a text."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, what is marked in it, what was found, and the thread's own time for it in ms."""

    text: str
    spans: tuple[Span, ...]
    found: tuple[Found, ...]
    ms: float

    def is_whole(self, span: Span) -> bool:
        """Whether no letter or digit of a span is left."""
        text = self.text[span.start : span.end]
        titles = {at for match in TITLE.finditer(text) for at in range(*match.span())}
        letters = (span.start + at for at, char in enumerate(text) if char.isalnum() and at not in titles)
        return all(any(one.start <= at < one.end for one in self.found) for at in letters)

    def is_touched(self, span: Span) -> bool:
        """Whether anything of a span was found."""
        return any(one.start < span.end and span.start < one.end for one in self.found)

    @property
    def false_alarms(self) -> list[str]:
        """What was found where nothing is marked."""
        wrong = (
            one for one in self.found if not any(one.start < span.end and span.start < one.end for span in self.spans)
        )
        return [self.text[one.start : one.end] for one in wrong]


def main(arguments: list[str] | None = None) -> int:
    """Print a table for each file, two for one that has rows held out."""
    parser = argparse.ArgumentParser(description="measure redaction on labelled messages")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--show", action="store_true", help="show what was missed and what was redacted wrongly")
    options = parser.parse_args(arguments)
    identifying("Dr Karen Hughes")  # what is read once is read before anything is timed
    for file in options.files:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for is_held_out in (False, True):
            chosen = [row for row in rows if row.get("held_out", False) is is_held_out]
            if judged := [judge(*message) for row in chosen for message in messages(row)]:
                print(f"\n{file.stem}{', held out' if is_held_out else ''}\n\n{table(judged)}")
                if options.show:
                    print("\n".join(failures(judged)))
    return 0


def messages(row: dict[str, Any]) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """The texts of a row, each with what is marked in it."""
    if "turns" in row:
        yield from ((turn["question"], ()) for turn in row["turns"])
        return
    spans = (Span(span["type"], span["start"], span["end"]) for span in row.get("spans", ()))
    yield row.get("text") or row["question"], tuple(spans)


def judge(text: str, spans: tuple[Span, ...]) -> Judged:
    """Redact one text."""
    started = time.thread_time()
    found = identifying(text)
    return Judged(text, spans, tuple(found), (time.thread_time() - started) * 1000)


def table(judged: Sequence[Judged]) -> str:
    """Recall by type, then what stays, then false alarms and time, as Markdown."""
    whole: Counter[str] = Counter()
    touched: Counter[str] = Counter()
    number: Counter[str] = Counter()
    for one in judged:
        for span in one.spans:
            number[span.type] += 1
            whole[span.type] += one.is_whole(span)
            touched[span.type] += one.is_touched(span)
    lines = ["| type | number | redacted whole | in part |", "|---|---:|---:|---:|"] if number else []
    goes = sorted(number.keys() - STAYS)
    for kind in goes:
        part = touched[kind] - whole[kind]
        lines.append(f"| {kind} | {number[kind]} | {whole[kind]} ({whole[kind] / number[kind]:.1%}) | {part} |")
    if goes:
        of_all, all_whole = sum(number[kind] for kind in goes), sum(whole[kind] for kind in goes)
        part = sum(touched[kind] for kind in goes) - all_whole
        lines.append(f"| **all** | {of_all} | {all_whole} ({all_whole / of_all:.1%}) | {part} |")
    lines += [f"| {kind}, to stay | {number[kind]} | {whole[kind]} | |" for kind in sorted(number.keys() & STAYS)]
    wrong = sum(len(one.false_alarms) for one in judged)
    times = [one.ms for one in judged]
    return "\n".join([*lines, ""] if lines else []) + (
        f"\n{len(judged)} messages; {100 * wrong / len(judged):.2f} false alarms per 100 ({wrong}); "
        f"p50 {percentile(times, 50):.2f} ms, p95 {percentile(times, 95):.2f} ms"
    )


def failures(judged: Sequence[Judged]) -> Iterator[str]:
    """What was missed, and what was redacted wrongly, a line each."""
    for one in judged:
        missed = [span for span in one.spans if span.type not in STAYS and not one.is_whole(span)]
        yield from (f"missed {span.type} {one.text[span.start : span.end]!r} in {one.text[:100]!r}" for span in missed)
        yield from (f"wrong {text!r} in {one.text[:100]!r}" for text in one.false_alarms)


if __name__ == "__main__":
    raise SystemExit(main())
