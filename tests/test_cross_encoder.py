"""The cross-encoder: what is read once and kept, and that a logit depends on its question and sentence alone.

The weights here are new, not trained: nothing that is tested depends on what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest

from chatbot.reading import cross_encoder
from chatbot.reading.cross_encoder import MAX_QUESTION_TOKENS, MAX_SENTENCE_TOKENS, Said, TrainedCrossEncoder
from index.encode import packaged_folder

pytestmark = pytest.mark.slow

QUESTION = "How long does redness last?"
SAID = [
    Said("Redness fades within seven days.", "Recovery"),
    Said("No.", ""),
    Said("are pregnant", "Who should wait. Do not have a peel if you:"),
    Said("Crusts fall off after a week, first at the edges and then in the middle, whatever you do.", "Recovery"),
    Said("", ""),
]
TOLERANCE = 0.05  # what bfloat16 and another batch may change


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New weights in a file as the trained ones are in: half precision, without the encoder's own."""
    import torch
    from safetensors.torch import save_file

    from chatbot.reading.cross_encoder_net import Net

    torch.manual_seed(7)
    net = Net(packaged_folder())
    torch.nn.init.normal_(net.head.weight)  # so that logits differ by more than the tolerance
    path = tmp_path_factory.mktemp("weights") / "cross_encoder.safetensors"
    save_file({name: tensor.half().contiguous() for name, tensor in net.trained.items()}, path)
    return path


@pytest.fixture(scope="session")
def shared(weights: Path) -> TrainedCrossEncoder:
    return TrainedCrossEncoder(weights)


class Counting:
    """A net that counts what it reads below, and says of each pair how many of the question's letters it holds."""

    def __init__(self) -> None:
        self.sentences: list[Said] = []
        self.questions: list[str] = []

    def read_sentences(self, said: Sequence[Said]) -> list[str]:
        self.sentences += said
        return [one.sentence for one in said]

    def read_question(self, question: str) -> str:
        self.questions.append(question)
        return question

    def read_together(self, question: str, sentences: Sequence[str]) -> Any:
        return np.array([sum(letter in question for letter in one) for one in sentences], dtype=np.float32)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    net = Counting()
    monkeypatch.setattr(TrainedCrossEncoder, "_net", net)
    return net


def of_words(*sentences: str) -> list[Said]:
    return [Said(sentence, "") for sentence in sentences]


# What is kept


def test_a_sentence_is_read_once_below_however_often_it_is_asked_of(counting: Counting) -> None:
    encoder = TrainedCrossEncoder()
    assert encoder.logits("ab", of_words("a", "abc", "a")).tolist() == [1, 2, 1]
    assert encoder.logits("c", of_words("abc", "d")).tolist() == [1, 0]
    assert [one.sentence for one in counting.sentences] == ["a", "abc", "d"]
    assert counting.questions == ["ab", "c"]


def test_a_sentence_in_another_context_is_another_one(counting: Counting) -> None:
    TrainedCrossEncoder().logits("a", [Said("a", "Before"), Said("a", "After"), Said("a", "Before")])
    assert counting.sentences == [Said("a", "Before"), Said("a", "After")]


def test_what_was_not_asked_of_for_longest_is_forgotten_first(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_encoder, "MAX_KEPT_SENTENCES", 2)
    encoder = TrainedCrossEncoder()
    encoder.logits("a", of_words("a", "b"))
    encoder.logits("a", of_words("a"))
    encoder.logits("a", of_words("c"))  # "b" goes
    encoder.logits("a", of_words("a", "c"))
    assert len(counting.sentences) == 3
    encoder.logits("a", of_words("b"))
    assert len(counting.sentences) == 4


def test_more_sentences_than_are_kept_are_all_read(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_encoder, "MAX_KEPT_SENTENCES", 2)
    assert TrainedCrossEncoder().logits("bd", of_words("a", "b", "c", "d")).tolist() == [0, 1, 0, 1]


def test_what_is_read_ahead_is_read_no_more_and_no_more_than_is_kept(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_encoder, "MAX_KEPT_SENTENCES", 10)
    encoder, said = TrainedCrossEncoder(), of_words(*"abcdefghijklmn")
    encoder.read_ahead(said)
    assert counting.sentences == said[:10]
    assert encoder.logits("a", said[:8]).tolist() == [1, *[0] * 7]
    assert counting.sentences == said[:10]


def test_of_no_sentences_there_are_no_logits_and_nothing_is_loaded(tmp_path: Path) -> None:
    logits = TrainedCrossEncoder(tmp_path / "nowhere").logits(QUESTION, [])
    assert logits.shape == (0,)
    assert logits.dtype == np.float32


def test_what_one_thread_makes_forgotten_another_one_still_has(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_encoder, "MAX_KEPT_SENTENCES", 1)
    read = counting.read_sentences

    def slowly(said: Sequence[Said]) -> list[str]:
        sleep(0.001)
        return read(said)

    monkeypatch.setattr(counting, "read_sentences", slowly)
    encoder = TrainedCrossEncoder()

    def ask(number: int) -> list[float]:
        found: list[float] = encoder.logits("ab", of_words("a", str(number % 7), "b")).tolist()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(100))) == [[1, 0, 1]] * 100


# What a logit depends on


def test_there_is_a_logit_for_each_sentence_and_they_differ(shared: TrainedCrossEncoder) -> None:
    logits = shared.logits(QUESTION, SAID)
    assert logits.shape == (len(SAID),)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert np.diff(np.sort(logits)).min() > 0.01  # so that a changed order would be seen


def test_a_sentence_that_is_kept_and_one_that_is_read_anew_have_the_same_logit(
    shared: TrainedCrossEncoder, weights: Path
) -> None:
    first = shared.logits(QUESTION, SAID)
    np.testing.assert_allclose(shared.logits(QUESTION, SAID), first, atol=TOLERANCE)
    np.testing.assert_allclose(TrainedCrossEncoder(weights).logits(QUESTION, SAID), first, atol=TOLERANCE)


def test_the_order_of_the_sentences_does_not_matter(weights: Path) -> None:
    forwards = TrainedCrossEncoder(weights).logits(QUESTION, SAID)
    backwards = TrainedCrossEncoder(weights).logits(QUESTION, SAID[::-1])
    np.testing.assert_allclose(backwards[::-1], forwards, atol=TOLERANCE)


def test_a_sentence_has_the_same_logit_alone_and_among_longer_ones(weights: Path) -> None:
    together = TrainedCrossEncoder(weights).logits(QUESTION, SAID)
    fresh = TrainedCrossEncoder(weights)
    alone = [float(fresh.logits(QUESTION, [one])[0]) for one in SAID]
    np.testing.assert_allclose(alone, together, atol=TOLERANCE)


def test_more_sentences_than_a_batch_each_keep_their_logit(weights: Path) -> None:
    from chatbot.reading.cross_encoder_net import BATCH

    many = [
        Said(f"Redness fades within {number} days{', or later' * (number % 5)}.", "") for number in range(BATCH + 6)
    ]
    logits = TrainedCrossEncoder(weights).logits(QUESTION, many)
    picked = [0, 3, BATCH - 1, BATCH, BATCH + 5]
    fresh = TrainedCrossEncoder(weights)
    alone = [float(fresh.logits(QUESTION, [many[position]])[0]) for position in picked]
    np.testing.assert_allclose(logits[picked], alone, atol=TOLERANCE)


def test_the_question_the_sentence_and_its_context_are_all_read(shared: TrainedCrossEncoder) -> None:
    said = Said("Redness fades within seven days.", "Recovery")
    logit = float(shared.logits(QUESTION, [said])[0])
    others = [
        shared.logits("When may I swim?", [said]),
        shared.logits(QUESTION, [said._replace(sentence="Peeling lasts five days.")]),
        shared.logits(QUESTION, [said._replace(context="Price")]),
        shared.logits(QUESTION, [Said(said.context, said.sentence)]),
    ]
    assert min(abs(float(other[0]) - logit) for other in others) > 2 * TOLERANCE


def test_of_a_long_question_the_end_is_read_and_the_start_is_not(shared: TrainedCrossEncoder) -> None:
    story = "and then it rained " * MAX_QUESTION_TOKENS  # one token a word at least
    swim, red = shared.logits(f"{story}can I swim?", SAID), shared.logits(f"{story}is it red?", SAID)
    assert np.abs(swim - red).max() > 2 * TOLERANCE
    told = shared.logits(f"My laser was on Monday. {story}can I swim?", SAID)
    np.testing.assert_allclose(told, swim, atol=TOLERANCE)


def test_of_a_long_sentence_the_start_is_read_and_its_context_all_the_same(shared: TrainedCrossEncoder) -> None:
    long = "the skin is red " * MAX_SENTENCE_TOKENS
    first, other_end, other_context = shared.logits(
        QUESTION, [Said(long, "Recovery"), Said(f"{long} and warm", "Recovery"), Said(long, "Price")]
    )
    assert first == pytest.approx(other_end, abs=TOLERANCE)
    assert abs(float(first - other_context)) > TOLERANCE


@pytest.mark.parametrize("question", ["", "?", "🙏", "红肿多久消退", "a\n\nb"])
def test_any_question_has_a_finite_logit(question: str, shared: TrainedCrossEncoder) -> None:
    assert np.isfinite(shared.logits(question, SAID)).all()


# The file of the weights


def test_the_file_holds_the_trained_layers_alone(weights: Path) -> None:
    from safetensors import safe_open

    with safe_open(weights, "np") as file:
        names = set(file.keys())
    assert not any(name.startswith("below.") for name in names)
    assert {name.split(".")[0] for name in names} == {"upper", "kinds", "dense", "head"}


@pytest.mark.parametrize("change", ["one is missing", "one is another's"])
def test_weights_of_something_else_are_refused_with_what_to_do(change: str, weights: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(weights)
    if change == "one is missing":
        del tensors["head.weight"]
    else:
        tensors["tail.weight"] = np.zeros(3, dtype=np.float16)
    path = tmp_path / "other.safetensors"
    save_file(tensors, path)
    with pytest.raises(ValueError, match=r"other\.safetensors: these are not the weights .* fit_verifier\.py"):
        TrainedCrossEncoder(path).logits(QUESTION, SAID)


def test_weights_of_another_shape_are_refused_with_what_to_do(weights: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "other.safetensors"
    save_file({**load_file(weights), "head.bias": np.zeros(2, dtype=np.float16)}, path)
    with pytest.raises(ValueError, match=r"other\.safetensors: these are not the weights .* fit_verifier\.py"):
        TrainedCrossEncoder(path).logits(QUESTION, SAID)


def test_the_last_layer_makes_of_the_questions_tokens_what_it_would_make_beside_all_others(weights: Path) -> None:
    import torch

    from chatbot.reading.cross_encoder_net import _there, _through, _through_first, load_net

    net = load_net(packaged_folder(), weights).eval()
    hidden, there = torch.randn(3, 20, 384), _there([20, 12, 7], 20)
    with torch.inference_mode():
        whole = _through(net.upper[-1:], hidden, there)
        first = _through_first(net.upper[-1], 5, hidden, there)
    assert first.shape == (3, 5, 384)
    assert torch.allclose(first, whole[:, :5], atol=1e-4)
