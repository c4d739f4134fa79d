"""Meaning: which pieces of a message are read, and that the classifier that we ship is a sound one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chatbot.reading.meaning import (
    MAX_WORDS,
    WEIGHTS,
    TrainedMeaning,
    is_readable,
    load_meaning,
    pieces,
    spoken,
)
from chatbot.reading.message import Message
from chatbot.rules import load_rules

CLASSES = {"expected", "general", "ordinary", "personal", "refused"}  # those that are no urgent rule
# The exemplars are English; and what they call a burn, a cold sore or redness may be worse, which words alone tell.
UNTAUGHT = {"other-language", "deep-burn", "widespread-cold-sore", "infection-near-eye"}
TEXTS = [
    "my throat is closing",
    "is it all right to wear sunglasses on the way home",
    "i am pregnant, may i have it",
    "my cheeks are peeling a little on day 4. i feel fine. how do i look after them until they are healed",
    "ok",
    "",
]


def of_words(count: int, word: str = "word") -> str:
    return " ".join([word] * count)


def read_of(text: str) -> list[str]:
    return pieces(Message(text, day=None))


def test_a_short_message_is_read_as_a_whole() -> None:
    assert read_of("it is red") == ["it is red"]
    assert read_of("it is red today\nmy eye hurts so much") == ["it is red today. my eye hurts so much"]


def test_a_long_story_is_read_in_as_many_sentences_at_a_time_as_fit() -> None:
    half = of_words(MAX_WORDS // 2)
    assert read_of("\n".join([half, half, "my eye hurts now"])) == [f"{half}. {half}", "my eye hurts now"]


def test_a_message_of_just_the_most_words_is_one_piece() -> None:
    assert len(read_of("\n".join([of_words(MAX_WORDS - 4), "my eye hurts now"]))) == 1
    assert len(read_of("\n".join([of_words(MAX_WORDS - 3), "my eye hurts now"]))) == 2


def test_a_sentence_without_an_end_is_cut() -> None:
    assert [len(piece.split()) for piece in read_of(of_words(2 * MAX_WORDS + 5))] == [MAX_WORDS, MAX_WORDS, 5]


def test_sentences_are_read_with_their_stops_and_commas() -> None:
    assert spoken("no pus , no fever\nstill sore") == "no pus, no fever. still sore"


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("my eye hurts", True),
        ("我的眼睛疼", False),
        ("عيني تؤلمني", False),
        ("ab 眼睛", True),
        ("a 眼睛", False),
        ("38.5", False),
        ("", False),
    ],
)
def test_a_message_is_readable_when_half_of_its_letters_are_of_our_script(text: str, readable: bool) -> None:
    assert is_readable(Message(text, day=None)) == readable


def test_the_classifier_is_loaded_at_its_first_use(tmp_path: Path) -> None:
    TrainedMeaning(tmp_path / "nowhere.safetensors")


def test_the_program_loads_its_classifier_once() -> None:
    assert load_meaning() is load_meaning()


@pytest.fixture(scope="module")
def trained() -> TrainedMeaning:
    return load_meaning()


@pytest.mark.slow
def test_the_classes_are_the_urgent_rules_and_the_others_that_triage_asks_for(trained: TrainedMeaning) -> None:
    urgent = {rule.id for rule in load_rules().urgent}
    assert set(trained.labels) == (urgent - UNTAUGHT) | CLASSES
    assert len(trained.labels) == len(set(trained.labels))


@pytest.mark.slow
def test_every_level_of_urgency_has_a_class(trained: TrainedMeaning) -> None:
    rules = load_rules().urgent
    assert {rule.urgency for rule in rules} == {rule.urgency for rule in rules if rule.id in trained.labels}


@pytest.mark.slow
def test_each_row_is_probabilities_that_add_up_to_1(trained: TrainedMeaning) -> None:
    rows = trained.probabilities(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), len(trained.labels))
    assert rows.min() >= 0
    assert rows.sum(axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


@pytest.mark.slow
def test_different_texts_have_different_rows(trained: TrainedMeaning) -> None:
    rows = trained.probabilities(TEXTS[:3])
    assert len({int(position) for position in rows.argmax(axis=1)}) == 3


@pytest.mark.slow
def test_a_text_has_the_same_row_in_any_batch_and_any_order(trained: TrainedMeaning) -> None:
    together = trained.probabilities(TEXTS)
    alone = np.concatenate([trained.probabilities([text]) for text in TEXTS])
    backwards = trained.probabilities(TEXTS[::-1])[::-1]
    assert np.abs(together - alone).max() < 1e-3
    assert np.abs(together - backwards).max() < 1e-3


@pytest.mark.slow
def test_a_text_too_long_to_be_read_is_read_up_to_its_limit(trained: TrainedMeaning) -> None:
    rows = trained.probabilities(["sore " * 300, "sore " * 2000])
    assert np.abs(rows[0] - rows[1]).max() < 1e-3


@pytest.mark.slow
def test_weights_that_the_encoder_has_no_place_for_are_an_error_that_names_them(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    stored = load_file(WEIGHTS)
    with safe_open(WEIGHTS, framework="pt") as file:
        metadata = file.metadata()
    stored["encoder.layer.99.weight"] = stored["head.bias"].clone()
    path = tmp_path / "odd.safetensors"
    save_file(stored, path, metadata)
    with pytest.raises(ValueError, match=r"odd\.safetensors: .*encoder\.layer\.99\.weight.*fit_triage\.py"):
        TrainedMeaning(path).probabilities(["sore"])
