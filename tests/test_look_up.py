"""Looking up: passages with their scores, and beside each what disputes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MEND, LetterEncoder, SharedWords, UndecidedMeaning

from chatbot.bot import Bot
from chatbot.look_up import look_up
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import load_gate
from index.build import build_index
from index.live import LiveIndex


@pytest.fixture
def bot(clinic_folder: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Bot:
    build_index(clinic_folder, home, encoder)
    return Bot(Clinic(), encoder, LiveIndex(home, MEND), load_rules(), meaning, load_gate(), SharedWords())


def test_a_disputed_passage_comes_with_the_dispute(bot: Bot) -> None:
    (found,) = look_up(bot, "removes every scar", k=1)
    assert found.hit.passage.id == "laser#results"
    linked, claimed = found.caveats
    assert found.to_json()["caveats"] == ["Most people need three sessions or more.", claimed.text]
    assert (linked.section.id, claimed.section.id) == (
        "laser#what-studies-found", "co2-disputed-claims#scars-made-smooth-disputed",
    )  # fmt: skip


def test_a_passage_that_nothing_disputes_comes_alone(bot: Bot) -> None:
    (found,) = look_up(bot, "peeling lasts days", k=1)
    assert found.hit.passage.id == "peel#recovery"
    assert found.caveats == ()


def test_only_passages_that_are_let_through_are_found(bot: Bot) -> None:
    everything = look_up(bot, "deposit of fifty pounds", k=9)
    patients = look_up(bot, "deposit of fifty pounds", k=9, keep=lambda p: p.document.audience == "patient")
    assert everything[0].hit.passage.document.id == "telephone"
    assert "telephone" not in {found.hit.passage.document.id for found in patients}
