"""The gate: what it sees of a question's evidence, and the probability that it makes of it, worked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import IndexOf, LetterEncoder
from pydantic import ValidationError

from chatbot.scope import Keep
from chatbot.verify import Gate, Verdict, load_gate, verify
from index.search import PassageIndex, search
from kb.document import Passage

# Sentences and their vectors: "xxx" (1, 0, 0), "xxx and yyyy" (0.6, 0.8, 0), no x, y or z (0, 0, 0, 1).
GUIDE = """# Guide

## Lamp

The lamp has xxx and yyyy. It is warm.

## Stool

The stool is xxx for two hours.

## Rates

The stool costs £5.

## Rules

Do not sit if you:

- are cold
- ate in the last hour
"""
ALWAYS = Gate(weights={}, bias=0.0, min_probability=0.5, reason="test")  # 1 / (1 + exp(0)) = 0.5


@pytest.fixture
def passages(tmp_path: Path, index_of: IndexOf) -> PassageIndex:
    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "guide.md").write_text(GUIDE, encoding="utf-8")
    return index_of(folder).passages


def verdict_of(question: str, passages: PassageIndex, gate: Gate = ALWAYS, keep: Keep = lambda *_: True) -> Verdict:
    encoder = LetterEncoder()
    hits = search(passages, encoder, question, k=10)
    return verify(question, encoder.encode([question])[0], hits, passages, gate, keep)


def texts_of(verdict: Verdict) -> set[str]:
    return {evidence.passage.document.text[evidence.start : evidence.end] for evidence in verdict.evidence}


def features_of(question: str, passages: PassageIndex) -> dict[str, float]:
    return dict(verdict_of(question, passages).features)


@pytest.mark.parametrize(
    ("cosine", "known", "expected"),
    [(0.5, 0.0, 0.5), (1.0, 1.0, 0.8808), (-1.0, 0.0, 0.0474)],
    ids=["logit -1 + 2·0.5 = 0", "logit -1 + 2 + 1 = 2", "logit -1 - 2 = -3"],
)
def test_the_probability_is_the_logistic_function_of_the_weighted_features(
    cosine: float, known: float, expected: float
) -> None:
    gate = Gate(weights={"cosine": 2.0, "known": 1.0}, bias=-1.0, min_probability=0.5, reason="test")
    assert gate.probability({"cosine": cosine, "known": known, "unused": 9.0}) == pytest.approx(expected, abs=1e-4)


def test_an_unknown_field_of_the_gate_is_refused() -> None:
    with pytest.raises(ValidationError, match="threshold"):
        Gate.model_validate({**ALWAYS.model_dump(), "threshold": 0.5})


def test_the_shipped_gate_weighs_only_what_the_features_give(passages: PassageIndex) -> None:
    gate = load_gate()
    assert set(gate.weights) <= set(features_of("lamp?", passages))
    assert 0 < gate.min_probability < 1
    assert "labelled questions" in gate.reason


def test_a_sentence_scores_its_cosine_and_its_share_of_the_words(passages: PassageIndex) -> None:
    # "lamp xxx" is (1, 0, 0), as near as 0.6 to the first sentence, which has both words, as its passage has:
    # 0.6 + 0.4 + 0.2. "It is warm." is as far as can be, but stands under "Lamp".
    first, second = (e for e in verdict_of("lamp xxx", passages).evidence if e.passage.id == "guide.md#lamp")
    assert first.passage.document.text[first.start : first.end] == "The lamp has xxx and yyyy."
    assert (first.cosine, first.score) == pytest.approx((0.6, 1.2))
    assert second.cosine == pytest.approx(0.0)
    assert 0.2 < second.score < 0.6


def test_the_evidence_is_every_sentence_of_every_hit_best_first(passages: PassageIndex) -> None:
    evidence = verdict_of("xxx", passages).evidence
    spans = [span for passage in passages.passages.values() for span in passage.sentences]
    assert sorted((e.start, e.end) for e in evidence) == spans
    assert [e.score for e in evidence] == sorted((e.score for e in evidence), reverse=True)
    assert evidence[0].passage.id == "guide.md#stool"


def test_keep_judges_each_sentence_and_a_list_as_a_whole(passages: PassageIndex) -> None:
    judged: set[str] = set()

    def keep(passage: Passage, start: int, end: int) -> bool:
        judged.add(passage.document.text[start:end])
        return True

    assert len(verdict_of("xxx", passages, keep=keep).evidence) == 7
    assert judged == {
        "The lamp has xxx and yyyy.", "It is warm.", "The stool is xxx for two hours.", "The stool costs £5.",
        "Do not sit if you:\n\n- are cold\n- ate in the last hour",
    }  # fmt: skip


def test_what_is_not_kept_is_no_evidence(passages: PassageIndex) -> None:
    kept = verdict_of("stool", passages, keep=lambda passage, start, end: "£" not in passage.document.text[start:end])
    assert "The stool costs £5." in texts_of(verdict_of("stool", passages))
    assert texts_of(verdict_of("stool", passages)) - texts_of(kept) == {"The stool costs £5."}
    nothing = verdict_of("stool", passages, keep=lambda *_: False)
    assert (nothing.probability, nothing.is_answered, nothing.evidence) == (0.0, False, ())


def test_evidence_names_the_words_of_the_question_that_its_sentence_itself_has(passages: PassageIndex) -> None:
    covers = {
        e.passage.document.text[e.start : e.end]: e.covers for e in verdict_of("lamp or stool", passages).evidence
    }
    assert covers["The lamp has xxx and yyyy."] == {"lamp"}
    assert covers["The stool costs £5."] == {"stool"}
    assert covers["It is warm."] == set()  # under "Lamp", but it does not say so


def test_the_features_are_worked_from_all_the_evidence(passages: PassageIndex) -> None:
    # Of the 7 sentences, "The stool is xxx" scores 1 + 0.4 + 0.2, "The lamp has xxx and yyyy" 0.6 + 0.4 + 0.2, "It is
    # warm." beside it 0.2, and the others 0: on average 3 / 7.
    assert features_of("xxx", passages) == pytest.approx(
        {"stands_out": 1.6 - 3 / 7, "covered": 1.0, "known": 1.0, "not_given": 0.0}
    )


def test_words_that_no_document_has_are_named_and_lower_what_is_known(passages: PassageIndex) -> None:
    assert verdict_of("does the lamp cure hiccups?", passages).unknown == ("cure", "hiccups")
    assert features_of("does the lamp cure hiccups?", passages)["known"] < 1 / 3  # an unknown word weighs most
    assert verdict_of("is the lamp warm?", passages).unknown == ()


@pytest.mark.parametrize(
    ("question", "not_given"),
    [
        ("how long is the lamp on?", 1.0),
        ("how long is the xxx stool mine?", 0.0),
        ("how much does the lamp cost?", 0.0),
        ("how much would the xxx lamp be?", 1.0),
        ("is the lamp warm?", 0.0),
        ("how long ago may I have eaten? cold?", 0.0),
    ],
    ids=[
        "a time, none stated",
        "a time, stated",
        "a price, stated",
        "a price, none stated",
        "neither",
        "a time, stated in another item of the list",
    ],
)
def test_a_time_or_a_price_that_is_asked_for_must_be_in_the_best_evidence(
    question: str, not_given: float, passages: PassageIndex
) -> None:
    assert features_of(question, passages)["not_given"] == not_given


def test_without_hits_the_probability_is_zero_whatever_the_gate_says(passages: PassageIndex) -> None:
    vector = LetterEncoder().encode(["a wombat"])[0]
    verdict = verify("a wombat", vector, [], passages, ALWAYS)
    assert verdict == Verdict(probability=0.0, is_answered=False, evidence=(), unknown=("wombat",))


@pytest.mark.parametrize(("min_probability", "is_answered"), [(0.5, True), (0.51, False)], ids=["reached", "missed"])
def test_what_reaches_the_least_probability_is_answered(
    min_probability: float, is_answered: bool, passages: PassageIndex
) -> None:
    gate = Gate(weights={}, bias=0.0, min_probability=min_probability, reason="test")
    verdict = verdict_of("lamp", passages, gate)
    assert (verdict.probability, verdict.is_answered) == (0.5, is_answered)
    assert verdict.evidence  # it is there whatever the verdict
