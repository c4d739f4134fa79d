"""The questions to begin with: only those that the documents answer, whatever the documents are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import LetterEncoder

from chatbot.bot import Bot
from chatbot.examples import MAX_EXAMPLES, OFTEN_ASKED, example_questions
from index.build import build_index

DOCUMENT = """---
treatment: "{treatment}"
---

## Work

You can go back to work and wear make-up after two days.

> Questions: when can I go back to work? · when can I wear make-up?
"""


@pytest.fixture
def bot(rose_bot: Bot, clinic_folder: Path, home: Path, encoder: LetterEncoder, request: pytest.FixtureRequest) -> Bot:
    """Of a clinic whose documents are most about the treatment that the test names."""
    for number in range(3):
        (clinic_folder / f"{number}.md").write_text(DOCUMENT.format(treatment=request.param), encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    return rose_bot


@pytest.mark.parametrize("bot", ["Moon bath"], indirect=True)
def test_what_is_often_asked_of_the_treatment_with_most_documents_is_offered_where_it_is_answered(bot: Bot) -> None:
    found = example_questions(bot)
    assert 1 <= len(found) <= MAX_EXAMPLES
    assert set(found) <= {f"Moon bath: {question}" for question in OFTEN_ASKED}


@pytest.mark.parametrize("bot", ["Moon <img src=x>", "x" * 3000], indirect=True, ids=["HTML", "too long"])
def test_a_treatment_whose_name_no_question_may_have_is_offered_in_none(bot: Bot) -> None:
    assert example_questions(bot) == []
