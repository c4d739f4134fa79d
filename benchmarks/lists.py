"""Questions about single items of lists: "can I have it while pregnant?", and among "Who should not have it" pregnancy.

A clinic's document says most of who may be treated, of side effects and of aftercare in lists of a few words, and
patients ask about one item in a whole sentence. `data/lists.yaml` has the subjects, as documents and as patients put
them, and the kinds of lists; here they are put together at random: a list with its heading and lead-in, one question,
the item that answers it, and others. In a part of them nothing answers: the subject is not in the list, the question
only shares words with it, or it is about the days after where the list is about those before.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chatbot.reading.cross_encoder import Said
from index.terms import terms

LISTS = Path(__file__).with_name("data") / "lists.yaml"
SIZES = range(4, 10)  # items of a list
N_SAME, N_OTHER = 3, 2  # items of the list, and of another list of the document, that do not answer
# What is asked, and how often of a hundred: an item, an item that is not in the list, all of the list, a question that
# only shares words with it, and when what it forbids is allowed again.
ASKED = {"item": 45, "absent": 22, "whole": 8, "beside": 17, "when": 8}
OF_NOBODY = frozenset(terms("skin medicine disease area people recent history"))  # words that make no two subjects one
STYLES = ("{}", "{}", "{};", "{}.", "{},")

Row = tuple[str, tuple[Said, ...], tuple[bool, ...]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an item is about: its items, and the ways in which patients bring it into a question, by their gap."""

    pool: str
    name: str
    items: tuple[str, ...]
    ways: dict[str, list[str]]
    named: frozenset[str]  # the terms of its name, and of all that is said of it
    said: frozenset[str]

    def is_like(self, other: Subject) -> bool:
        """Whether a question about one may be answered by an item about the other."""
        return not (self.named.isdisjoint(other.said) and self.said.isdisjoint(other.named))


@dataclass(frozen=True, slots=True)
class List:
    """A list of a document: of which kind and about which treatment, its items and the subject of each."""

    kind: dict[str, Any]
    treatment: str
    is_timed: bool
    said: tuple[Said, ...]
    subjects: tuple[Subject, ...]


class Lists:
    """The file: subjects by pool, kinds by name."""

    def __init__(self, path: Path = LISTS) -> None:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.treatments: list[str] = content["treatments"]
        self.times: list[str] = content["times"]
        self.kinds: dict[str, dict[str, Any]] = content["kinds"]
        pools = {kind["subjects"] for kind in self.kinds.values()}
        self.subjects = {pool: [_subject(pool, *row) for row in content[pool].items()] for pool in sorted(pools)}

    def made(self, kind: dict[str, Any], treatment: str, draw: random.Random) -> List:
        """A list of a kind, drawn."""
        subjects = draw.sample(self.subjects[kind["subjects"]], draw.choice(SIZES))
        is_timed = "timed" in kind and draw.random() < 0.5
        heading = draw.choice(kind["headings"])
        lead_in = draw.choice(kind["timed" if is_timed else "lead_ins"])
        context = draw.choice([f"{heading}. {lead_in}", f"{heading}. {lead_in}", lead_in])
        context = _capital(context.replace("<t>", treatment).replace("<n>", draw.choice(self.times)))
        style, is_capital = draw.choice(STYLES), draw.random() < 0.3
        items = [draw.choice(subject.items) for subject in subjects]
        said = tuple(Said(style.format(_capital(item) if is_capital else item), context) for item in items)
        return List(kind, treatment, is_timed, said, tuple(subjects))


def listed(n: int, draw: random.Random) -> Iterator[Row]:
    """`n` questions: each with items of lists, and of each item whether it answers."""
    lists = Lists()
    names = list(lists.kinds)
    for _ in range(n):
        treatment = draw.choice(lists.treatments)
        name, other_name = draw.sample(names, 2)
        own, other = (lists.made(lists.kinds[one], treatment, draw) for one in (name, other_name))
        yield _row(own, other, lists, draw)


def _row(own: List, other: List, lists: Lists, draw: random.Random) -> Row:
    asked = draw.choices(list(ASKED), list(ASKED.values()))[0]
    if asked == "when" and "when" not in own.kind:
        asked = "item"
    position = draw.randrange(len(own.subjects))
    subject = own.subjects[position]
    if asked == "absent":
        absent = [one for one in lists.subjects[subject.pool] if not any(map(one.is_like, own.subjects))]
        subject = draw.choice(absent)
    names_another = draw.random() < 0.05
    treatment = draw.choice(lists.treatments) if names_another else own.treatment
    question = _question(own.kind["answered" if asked in ("item", "absent") else asked], subject, treatment, draw)
    is_answered = asked in ("item", "whole") or (asked == "when" and own.is_timed)
    if names_another and treatment in question and treatment != own.treatment:
        is_answered = False
    if asked == "whole":
        chosen = draw.sample(range(len(own.said)), N_SAME)
        answering = [own.said[i] for i in chosen] if is_answered else []
        same = [] if is_answered else [own.said[i] for i in chosen]
    else:
        answering = [own.said[position]] if is_answered else []
        same = [] if is_answered or asked == "absent" else [own.said[position]]
        unlike = [one for one, about in zip(own.said, own.subjects, strict=True) if not about.is_like(subject)]
        same += draw.sample(unlike, min(N_SAME, len(unlike)))
    elsewhere = [] if _answers_too(own, other) else _unlike(other, subject)
    others = [*same, *draw.sample(elsewhere, min(N_OTHER, len(elsewhere)))]
    return question, (*answering, *others), (True,) * len(answering) + (False,) * len(others)


def _answers_too(own: List, other: List) -> bool:
    """Whether the other list may answer what the own one is asked: both are about who may be treated, or for what."""
    subjects: str = own.kind["subjects"]
    return subjects == other.kind["subjects"] and subjects != "activities"


def _unlike(other: List, subject: Subject) -> list[Said]:
    """The items that do not answer a question about a subject: of what to avoid at another time, all."""
    return [
        one
        for one, about in zip(other.said, other.subjects, strict=True)
        if about.pool == subject.pool == "activities" or not about.is_like(subject)
    ]


def _question(templates: Sequence[str], subject: Subject, treatment: str, draw: random.Random) -> str:
    text = draw.choice(templates)
    for gap, ways in subject.ways.items():
        text = text.replace(f"<{gap}>", draw.choice(ways))
    text = _capital(text.replace("<t>", draw.choice([treatment, "it"])))
    if draw.random() < 0.5:  # as it is typed
        text = text.lower().rstrip("?")
    return text


def _subject(pool: str, name: str, row: dict[str, list[str]]) -> Subject:
    said = " ".join([name, *(phrase for phrases in row.values() for phrase in phrases)])
    ways = {gap: phrases for gap, phrases in row.items() if gap != "items"}
    return Subject(pool, name, tuple(row["items"]), ways, frozenset(terms(name)) - OF_NOBODY, frozenset(terms(said)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
