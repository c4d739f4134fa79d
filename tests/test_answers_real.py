"""With the real encoder: clear questions are answered from the right section, others refused, every quote exact.

Each text of tests/data/clinic is the only document of its bot, as a clinic's bare article is; "kb" is kb/documents.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from shipped import put_index

from chatbot.answer import Answer
from chatbot.bot import Bot, ask
from chatbot.question import Question
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.reading.meaning import load_meaning
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import load_gate
from index.build import build_index
from index.encode import Encoder
from index.live import LiveIndex

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data"
ARTICLES = sorted(path.name for path in (DATA / "clinic").iterdir())

# Measured with this test over the 280 rows of tests/data/gate.jsonl: answered 57.1 % of what the articles answer (some
# more is referred), refused 82.9 % of the rest. The average of both may fall by less than MARGIN.
BALANCED_ACCURACY = 0.700
MARGIN = 0.03

CLEAR = [
    ("lumera-veil.txt", "How long does one visit take?", "the-process-of-one-visit"),
    ("lumera-veil.txt", "Which skin types should not be treated?", "precautions-and-care"),
    ("lumera-veil.txt", "What is the cooling film made of?", "the-secret-of-the-gel-film"),
    ("lumera-veil.txt", "sauna?", "precautions-and-care"),
    ("frostpeel.txt", "How many minutes is the gel left on?", "on-the-day"),
    ("frostpeel.txt", "What acid is in the gel, and how strong is it?", "what-frostpeel-is"),
    ("pulsewave-lift.html", "How many days does the swelling last?", "afterwards"),
    ("pulsewave-lift.html", "What depth do the sound pulses reach?", "what-is-pulsewave-lift"),
    ("silkline-threads.md", "What are the threads made from?", "what-are-silkline-threads"),
    ("kb", "when can I go back to work after CO2 laser?", "time-off-normal-life-and-work"),
    ("kb", "how long does redness last after CO2 laser?", "redness"),
    ("kb", "can I wear make-up after microneedling?", "make-up-moisturiser-and-exercise"),
    ("kb", "who should not have CO2 laser?", "people-who-should-not-have-it-or-should-postpone-it"),
    ("kb", "who should not have CO2 laser?", "people-who-need-a-clinicians-decision-first"),
    ("kb", "what is botox used for?", "what-botulinum-toxin-is-used-for"),
    ("kb", "how many sessions of IPL do I need?", "number-of-treatments"),
]
NOT_IN_ANY = ["who is the president", "how much does it cost", "do you do botox"]
NOT_THERE = [
    *[(article, question) for article in ARTICLES for question in NOT_IN_ANY],
    ("lumera-veil.txt", "can it remove my tattoo"),
    ("kb", "who is the president"),
    ("kb", "do you do liposuction?"),
    ("kb", "how much does CO2 laser cost?"),
]
# Known to be wrong: a sentence about insurance is taken for one about the price (index/concepts.yaml).

BotOver = Callable[[str], Bot]
Asked = list[tuple[dict[str, Any], Answer]]


@pytest.fixture(scope="module")
def bot_over(real_encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> BotOver:
    """bot_over("frostpeel.txt") or bot_over("kb"): the bot over these documents, made once."""

    def make(name: str) -> Bot:
        home = tmp_path_factory.mktemp("home")
        if name == "kb":
            put_index(home)
        else:
            folder = tmp_path_factory.mktemp("article")
            shutil.copy(DATA / "clinic" / name, folder)
            build_index(folder, home, real_encoder)
        live = LiveIndex(home, "make index")
        return Bot(Clinic(), real_encoder, live, load_rules(), load_meaning(), load_gate(), load_cross_encoder())

    return cache(make)


def ask_all(file: Path, bot_over: BotOver) -> Asked:
    """The rows of a file, if there is one, with their answers."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return [(row, ask(bot_over(row.get("document", "kb")), Question.parse(row["question"]))) for row in rows]


@pytest.fixture(scope="module")
def asked_of_articles(bot_over: BotOver) -> Asked:
    return ask_all(DATA / "gate.jsonl", bot_over)


@pytest.fixture(scope="module")
def asked_of_kb(bot_over: BotOver) -> Asked:
    return ask_all(DATA / "questions.jsonl", bot_over)


@pytest.mark.parametrize(("documents", "question", "heading"), CLEAR, ids=[row[1] for row in CLEAR])
def test_a_clear_question_is_answered_from_the_right_section(
    documents: str, question: str, heading: str, bot_over: BotOver
) -> None:
    answer = ask(bot_over(documents), Question.parse(question))
    assert answer.status == "answered"
    assert heading in {citation.passage.section.id.split("#")[1] for citation in answer.citations}


@pytest.mark.parametrize(("documents", "question"), [*NOT_THERE, ("kb", "how much does it cost")])
def test_what_the_documents_do_not_say_is_refused(documents: str, question: str, bot_over: BotOver) -> None:
    answer = ask(bot_over(documents), Question.parse(question))
    assert (answer.status, answer.citations) == ("abstained", ())


def test_every_quote_stands_word_for_word_at_its_offsets(asked_of_articles: Asked, asked_of_kb: Asked) -> None:
    answers = [answer for _, answer in [*asked_of_articles, *asked_of_kb]]
    quoted = [(c.passage.document.text, c.to_json()) for answer in answers for c in answer.citations]
    assert len(quoted) > 100
    assert [one for text, one in quoted if text[one["start"] : one["end"]] != one["quote"] or not one["quote"]] == []


def test_every_quote_is_in_the_text_of_its_answer_with_its_number(asked_of_articles: Asked, asked_of_kb: Asked) -> None:
    for _, answer in [*asked_of_articles, *asked_of_kb]:
        assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
        assert all(f"{citation.quote} [{citation.number}]" in answer.text for citation in answer.citations)


def test_no_answer_shows_a_section_without_all_that_disputes_it(bot_over: BotOver, asked_of_kb: Asked) -> None:
    passages = bot_over("kb").index.current().passages.passages.values()
    disputed = 0
    for row, answer in asked_of_kb:
        shown = {citation.passage.id for citation in answer.citations if citation.caveat}
        needed = {caveat for citation in answer.citations for caveat in citation.passage.section.caveats}
        assert {p.id for p in passages if p.section.id in needed} <= shown, row["id"]
        disputed += bool(needed)
    assert disputed > 0 or not asked_of_kb  # the vendor's claims are asked about


def test_the_gate_is_as_often_right_as_it_was(asked_of_articles: Asked) -> None:
    answered = mean(answer.status == "answered" for row, answer in asked_of_articles if row["answerable"])
    refused = mean(answer.status != "answered" for row, answer in asked_of_articles if not row["answerable"])
    print(f"answered {answered:.3f}, refused {refused:.3f}, balanced {(answered + refused) / 2:.3f}")
    assert (answered + refused) / 2 > BALANCED_ACCURACY - MARGIN
