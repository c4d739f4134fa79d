"""Public question-answering sets, as questions with sentences that answer them and sentences that do not.

SQuAD 2.0 (Rajpurkar et al. 2018; CC BY-SA 4.0): the sentence that holds the answer among those of its paragraph.
COVID-QA (Möller et al. 2020; CC BY 4.0): among the nearest of its article. MedQuAD (Ben Abacha and Demner-Fushman 2019;
CC BY 4.0): among the nearest on the same disease under another type of question, and on other diseases. The articles of
SQuAD and the diseases of MedQuAD that `is_kept_back` names are for measuring only.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
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
    encoder = load_encoder()
    draw = random.Random(seed)
    of_squad = [_hardest(*row) for row in squad_rows(squad, kept_back=False)]
    each = [of_squad, _covid_rows(covid_qa, encoder), _medquad_rows(medquad, encoder, draw, n)]
    return [row for rows in each for row in draw.sample(rows, min(n // len(each), len(rows)))]


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


def _covid_rows(folder: Path, encoder: Encoder) -> list[Row]:
    """COVID-QA's questions with the sentences of their answer and the nearest others of the article."""
    texts = {row["_id"]: row["text"] for row in read_lines(folder / "docs.jsonl")}
    spans = {key: [s for s in sentences_in(text) if MIN_CHARS < s[1] - s[0] < MAX_CHARS] for key, text in texts.items()}
    vectors = {key: encoder.encode([texts[key][slice(*span)] for span in spans[key]]) for key in texts}
    questions = read_lines(folder / "questions.jsonl")
    rows: list[Row] = []
    for row, vector in zip(questions, encoder.encode([one["question"] for one in questions]), strict=True):
        key = row["doc_id"]
        said = _in_order(texts[key], spans[key])
        wanted = [(answer["start"], answer["start"] + len(answer["text"])) for answer in row["answers"]]
        answering = [i for i, (a, b) in enumerate(spans[key]) if any(start < b and a < end for start, end in wanted)]
        near = [i for i in np.argsort(-(vectors[key] @ vector)).tolist() if all(abs(i - j) > 1 for j in answering)]
        if answering:
            rows.append(_row(row["question"], said, answering[:2], near[1 : 1 + N_OTHERS]))
    return rows


def _medquad_rows(path: Path, encoder: Encoder, draw: random.Random, n: int) -> list[Row]:
    """`n` of MedQuAD's questions with the nearest sentence of their answer, of the same disease's other answers, and
    of those on other diseases.
    """
    pairs = [row for row in read_lines(path) if not is_kept_back(row["focus"])]
    units = [(i, said) for i, row in enumerate(pairs) for said in _opening(row["answer"])]
    vectors = encoder.encode([said.sentence for _, said in units])
    of_pair: dict[int, list[int]] = defaultdict(list)
    of_focus: dict[str, list[int]] = defaultdict(list)
    for position, (i, _) in enumerate(units):
        of_pair[i].append(position)
        of_focus[pairs[i]["focus"]].append(position)
    chosen = draw.sample([i for i in of_pair if len(of_focus[pairs[i]["focus"]]) > len(of_pair[i])], n)
    said = [one for _, one in units]
    rows: list[Row] = []
    for i, vector in zip(chosen, encoder.encode([pairs[i]["question"] for i in chosen]), strict=True):
        cosines = vectors @ vector
        focus, qtype = pairs[i]["focus"], pairs[i]["qtype"]
        nearest = np.argsort(-cosines)[:50].tolist()
        same = sorted((p for p in of_focus[focus] if pairs[units[p][0]]["qtype"] != qtype), key=lambda p: -cosines[p])
        other = [
            p for p in nearest if pairs[units[p][0]]["focus"] != focus and focus.lower() not in said[p].sentence.lower()
        ]
        answering = max(of_pair[i], key=lambda p: float(cosines[p]))
        rows.append(_row(pairs[i]["question"], said, [answering], [*same[:3], *other[:2]]))
    return rows


def _opening(answer: str) -> list[Said]:
    """The first sentences of an answer; many begin with their question, which is none of it."""
    said = _in_order(answer, sentences_in(answer[:MAX_ANSWER_CHARS]))
    return [one for one in said if not one.sentence.endswith("?") and MIN_CHARS < len(one.sentence) < MAX_CHARS][:5]


def _row(question: str, said: Sequence[Said], answering: Sequence[int], others: Sequence[int]) -> Row:
    chosen = [*answering, *others]
    return question, tuple(said[i] for i in chosen), (True,) * len(answering) + (False,) * len(others)
