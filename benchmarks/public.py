"""Public question-answering sets, as questions with sentences that answer them and sentences that do not.

SQuAD 2.0 (Rajpurkar et al. 2018; CC BY-SA 4.0): the sentence that holds the answer among those of its paragraph.
COVID-QA (Möller et al. 2020; CC BY 4.0): among those of its article that share most words. MedQuAD (Ben Abacha and
Demner-Fushman 2019; CC BY 4.0): among the nearest on the same disease under another type of question, and on others.
The articles of SQuAD and the diseases of MedQuAD that `is_kept_back` names are for measuring only.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sentencex import segment

from chatbot.reading.cross_encoder import Said
from index.encode import Encoder, load_encoder
from index.terms import terms

KEPT_BACK = 0.3  # of the articles and diseases, by the hash of their names
MAX_ANSWER_CHARS = 1000  # of MedQuAD's answers what comes first answers
MIN_CHARS, MAX_CHARS = 15, 500  # of a sentence
N_OTHERS = 4  # sentences of a question that do not answer it

Row = tuple[str, tuple[Said, ...], tuple[bool, ...]]


def is_kept_back(name: str) -> bool:
    """Whether an article or a disease is kept back from training."""
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16) % 1000 < KEPT_BACK * 1000


def read_public(squad: Path, covid_qa: Path, medquad: Path, n: int, seed: int) -> list[Row]:
    """`n` questions drawn from the three: the question, sentences, and of each whether it answers."""
    draw = random.Random(seed)
    of_squad = [_hardest(*row) for row in squad_rows(squad, kept_back=False)]
    each = [of_squad, _covid_rows(covid_qa), _medquad_rows(medquad, load_encoder(), draw, n // 3)]
    return [row for rows in each for row in draw.sample(rows, min(n // 3, len(rows)))]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sentences_in(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence of a text."""
    spans, start = [], 0
    for sentence in segment("en", text):
        end = start + len(sentence)
        if bare := sentence.strip():
            first = start + sentence.find(bare)
            spans.append((first, first + len(bare)))
        start = end
    return spans


def squad_rows(path: Path, kept_back: bool) -> list[Row]:
    """SQuAD's questions with all sentences of their paragraph; of the articles kept back, or of the others."""
    return [_squad_row(row) for row in read_lines(path) if is_kept_back(row["title"]) == kept_back]


def _squad_row(row: dict[str, Any]) -> Row:
    text = row["context"]
    spans = sentences_in(text)
    starts = [] if row["is_impossible"] else [answer["start"] for answer in row["answers"]]
    answers = tuple(any(start <= answer < end for answer in starts) for start, end in spans)
    return row["question"], _in_order(text, spans), answers


def _in_order(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Said, ...]:
    """Each sentence, after the one before it."""
    before = ["", *[text[start:end] for start, end in spans]]
    return tuple(Said(text[start:end], said) for (start, end), said in zip(spans, before, strict=False))


def _hardest(question: str, said: Sequence[Said], answers: Sequence[bool]) -> Row:
    """A row with what answers and the four others that share most words with the question."""
    asked = set(terms(question))
    others = [one for one, answer in zip(said, answers, strict=True) if not answer]
    nearest = sorted(others, key=lambda one: -len(asked & set(terms(one.sentence))))[:N_OTHERS]
    answering = [one for one, answer in zip(said, answers, strict=True) if answer]
    return question, (*answering, *nearest), (True,) * len(answering) + (False,) * len(nearest)


def _covid_rows(folder: Path) -> list[Row]:
    """COVID-QA's questions with the sentences of their answer and those of the article that share most words."""
    texts = {row["_id"]: row["text"] for row in read_lines(folder / "docs.jsonl")}
    spans = {key: [s for s in sentences_in(text) if MIN_CHARS < s[1] - s[0] < MAX_CHARS] for key, text in texts.items()}
    said = {key: _in_order(text, spans[key]) for key, text in texts.items()}
    rows: list[Row] = []
    for row in read_lines(folder / "questions.jsonl"):
        key = row["doc_id"]
        wanted = [(answer["start"], answer["start"] + len(answer["text"])) for answer in row["answers"]]
        answers = [any(start < last and first < end for start, end in wanted) for first, last in spans[key]]
        beside = [any(answers[max(0, i - 1) : i + 2]) for i in range(len(answers))]  # may answer in part
        kept = [i for i, answer in enumerate(answers) if answer or not beside[i]]
        if any(answers):
            rows.append(_hardest(row["question"], [said[key][i] for i in kept], [answers[i] for i in kept]))
    return rows


def _medquad_rows(path: Path, encoder: Encoder, draw: random.Random, n: int) -> list[Row]:
    """`n` of MedQuAD's questions with the nearest sentence of their answer, of the same disease's other answers, and
    of those on other diseases.
    """
    pairs = [row for row in read_lines(path) if not is_kept_back(row["focus"])]
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in pairs:
        kinds[row["focus"]].add(row["qtype"])
    chosen = draw.sample([row for row in pairs if len(kinds[row["focus"]]) > 1 and _opening(row["answer"])], n)
    foci = {row["focus"] for row in chosen}
    units = [(row, said) for row in pairs if row["focus"] in foci for said in _opening(row["answer"])]
    vectors = encoder.encode([said.sentence for _, said in units])
    rows: list[Row] = []
    for row, vector in zip(chosen, encoder.encode([row["question"] for row in chosen]), strict=True):
        nearest = [units[i] for i in np.argsort(-(vectors @ vector)).tolist()]
        own = next(said for other, said in nearest if other is row)
        same = (
            said for other, said in nearest if (other["focus"], other["qtype"] == row["qtype"]) == (row["focus"], False)
        )
        elsewhere = (
            said
            for other, said in nearest
            if other["focus"] != row["focus"] and row["focus"].lower() not in said.sentence.lower()
        )
        others = (*islice(same, 3), *islice(elsewhere, 2))
        rows.append((row["question"], (own, *others), (True,) + (False,) * len(others)))
    return rows


def _opening(answer: str) -> list[Said]:
    """The first sentences of an answer; many begin with their question, which is none of it."""
    said = _in_order(answer, sentences_in(answer[:MAX_ANSWER_CHARS]))
    return [one for one in said if not one.sentence.endswith("?") and MIN_CHARS < len(one.sentence) < MAX_CHARS][:5]
