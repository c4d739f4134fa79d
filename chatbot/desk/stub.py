"""A gap → the beginning of a document: front matter, a heading, and the questions that its section is to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from chatbot.desk.gaps import Gap


@dataclass(frozen=True, slots=True)
class Stub:
    """The beginning of a document, and the path that it is to have in the folder of documents."""

    path: str
    text: str


def stub_of(gap: Gap) -> Stub:
    """A Markdown document without an answer: the check of documents names it until somebody writes one."""
    title, id = _one_line(gap.title), _id(gap)
    matter = {
        "id": id,
        "title": title,
        "treatment": gap.treatment,
        "audience": "patient",
        "reviewed_by": None,
        "reviewed_on": None,
        "review_due": None,
    }
    front = yaml.safe_dump(matter, sort_keys=False, allow_unicode=True, width=1000)
    asked = [_one_line(text) for text in gap.variants]
    questions = f"\n> Questions: {' · '.join(asked)}\n" if asked else ""
    return Stub(f"{id}.md", f"---\n{front}---\n\n## {title.rstrip('?')}\n{questions}")


def _id(gap: Gap) -> str:
    words = re.findall(r"[a-z0-9]+", (gap.topic or gap.exemplar.text).lower())[:6]
    return "-".join(["gap", *words])


def _one_line(text: str) -> str:
    """The question on one line, without what Markdown or the list of questions would take for its own."""
    return " ".join(re.sub(r"[#<>`*_·|\[\]()!\\]", " ", text).split())
