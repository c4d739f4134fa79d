"""The leaflets: invented clinic documents with patients' questions and the sentences that answer them.

`data/leaflets.jsonl` has a document a line: `sections` with a heading, numbered `sentences` (from 1, through the whole
document) and which of them are list `items`; `questions` with `answered_by`, the sentences that answer (none: the
document does not), and `arguable` ones, which are left out of training. Every tenth document is `held_out`: the
cross-encoder never sees it, and the gate is fitted on it. Written for this project; every clinic, product and figure in
it is fictional, and nothing in it is medical information.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.reading.cross_encoder import Said

LEAFLETS = Path(__file__).with_name("data") / "leaflets.jsonl"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with the sentences of its document: those that answer it and those that do not."""

    question: str
    kind: str
    answering: tuple[Said, ...]
    others: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Leaflet:
    """An invented document: its text as Markdown, and its questions."""

    id: str
    markdown: str
    is_held_out: bool
    questions: tuple[Labelled, ...]


def read_leaflets(path: Path = LEAFLETS) -> list[Leaflet]:
    """All of them, in the file's order."""
    return [_leaflet(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _leaflet(row: dict[str, Any]) -> Leaflet:
    said = list(_said(row["sections"]))
    questions = tuple(_labelled(question, said) for question in row["questions"])
    return Leaflet(row["id"], _markdown(row), row["held_out"], questions)


def _said(sections: list[dict[str, Any]]) -> Iterator[Said]:
    """Each sentence as the cross-encoder reads it in a passage: `chatbot.verify.said_of` says how."""
    for section in sections:
        heading, lead_in, before = section["heading"], "", ""
        for position, sentence in enumerate(section["sentences"]):
            is_item = position in section["items"]
            lead_in = lead_in if is_item else ""
            under = [part for part in (heading, lead_in) if part]
            yield Said(sentence, ". ".join(under) if under else before)
            lead_in = lead_in if is_item else sentence
            before = sentence


def _labelled(question: dict[str, Any], said: list[Said]) -> Labelled:
    answering = {number - 1 for number in question["answered_by"]}
    others = set(range(len(said))) - answering - {number - 1 for number in question["arguable"]}
    return Labelled(
        question["question"],
        question["kind"],
        tuple(said[i] for i in sorted(answering)),
        tuple(said[i] for i in sorted(others)),
    )


def _markdown(row: dict[str, Any]) -> str:
    parts = [f"# {row['title']}"]
    for section in row["sections"]:
        parts += [f"## {section['heading']}"] if section["heading"] else []
        run: list[str] = []
        for position, sentence in enumerate(section["sentences"]):
            if position in section["items"]:
                parts += [" ".join(run)] if run else []
                parts.append(f"- {sentence}")
                run = []
            else:
                run.append(sentence)
        parts += [" ".join(run)] if run else []
    return "\n\n".join(parts) + "\n"
