"""The gate: what it sees of a question's evidence, and the probability that it makes of it, worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import IndexOf, LetterEncoder, SharedWords
from pydantic import ValidationError

from chatbot.reading.cross_encoder import Logits, Said
from chatbot.scope import Keep
from chatbot.verify import N_READ, Evidence, Gate, Verdict, load_gate, said_of, verify, weigh
from index.search import PassageIndex, search
from kb.document import Passage
from kb.load import load
from kb.split import split

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
    return verify(question, question, encoder.encode([question])[0], hits, passages, gate, SharedWords(), keep)


def weighed(question: str, passages: PassageIndex, keep: Keep = lambda *_: True) -> list[Evidence]:
    encoder = LetterEncoder()
    hits = search(passages, encoder, question, k=10)
    return weigh(question, encoder.encode([question])[0], hits, passages, keep)


def text_of(evidence: Evidence) -> str:
    return evidence.passage.document.text[evidence.start : evidence.end]


def texts_of(verdict: Verdict) -> set[str]:
    return {text_of(evidence) for evidence in verdict.evidence}


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


# What is weighed: every sentence


def test_a_sentence_scores_its_cosine_and_its_share_of_the_words(passages: PassageIndex) -> None:
    # "lamp xxx" is (1, 0, 0), as near as 0.6 to the first sentence, which has both words, as its passage has:
    # 0.6 + 0.4 + 0.2. "It is warm." is as far as can be, but stands under "Lamp".
    first, second = (e for e in weighed("lamp xxx", passages) if e.passage.id == "guide.md#lamp")
    assert text_of(first) == "The lamp has xxx and yyyy."
    assert (first.cosine, first.score) == pytest.approx((0.6, 1.2))
    assert second.cosine == pytest.approx(0.0)
    assert 0.2 < second.score < 0.6


def test_every_sentence_of_every_hit_is_weighed_best_first(passages: PassageIndex) -> None:
    found = weighed("xxx", passages)
    spans = [span for passage in passages.passages.values() for span in passage.sentences]
    assert sorted((e.start, e.end) for e in found) == spans
    assert [e.score for e in found] == sorted((e.score for e in found), reverse=True)
    assert found[0].passage.id == "guide.md#stool"


def test_a_question_without_key_terms_is_weighed_by_meaning_alone(passages: PassageIndex) -> None:
    # Nothing is left uncovered: 0.4 + 0.2 for every sentence, beside a cosine of 0, as none has an x, y or z.
    first, *others = weighed("how is it?", passages)
    assert first.score == pytest.approx(1 + 0.4 + 0.2)  # both point along the fourth axis
    assert all(e.score == pytest.approx(e.cosine + 0.6) for e in others)


def test_what_is_not_kept_is_not_weighed(passages: PassageIndex) -> None:
    kept = weighed("stool", passages, keep=lambda passage, start, end: "£" not in passage.document.text[start:end])
    assert {text_of(e) for e in weighed("stool", passages)} - {text_of(e) for e in kept} == {"The stool costs £5."}


# What is read: the best of them


def test_the_evidence_is_what_was_read_with_its_probability_best_first(passages: PassageIndex) -> None:
    # Both words: 1 / (1 + exp(-3)) = 0.9526; one of two: 0.5; none: 0.0474.
    verdict = verdict_of("warm lamp", passages)
    scores = [(text_of(e), round(e.score, 4)) for e in verdict.evidence]
    assert scores[:2] == [("It is warm.", 0.9526), ("The lamp has xxx and yyyy.", 0.5)]
    assert {score for _, score in scores[2:]} == {0.0474}
    assert len(scores) == 7


def test_only_the_best_of_the_weighed_sentences_are_read_all_in_one_call(tmp_path: Path, index_of: IndexOf) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    # "xxx" alone points as the question does; so many more sentences do not that some must stay unread.
    others = " ".join(f"There is number {number} of yyy." for number in range(N_READ + 5))
    (folder / "long.md").write_text(f"# Long\n\n## Many\n\n{others} Here is xxx.\n", encoding="utf-8")
    passages = index_of(folder).passages
    encoder, cross_encoder = LetterEncoder(), SharedWords()
    hits = search(passages, encoder, "xxx", k=10)
    verdict = verify("ask xxx", "xxx", encoder.encode(["xxx"])[0], hits, passages, ALWAYS, cross_encoder)
    ((question, said),) = cross_encoder.read
    assert question == "ask xxx"  # as it was asked, with the names of treatments
    assert len(said) == len(verdict.evidence) == N_READ
    assert said[0] == ("Here is xxx.", "Many")
    assert text_of(verdict.evidence[0]) == "Here is xxx."


class Likes:
    """Gives 2 to a sentence that has a word, -2 to any other."""

    def __init__(self, word: str) -> None:
        self._word = word

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        return np.array([2.0 if self._word in one.sentence else -2.0 for one in said], dtype=np.float32)


def test_what_reads_best_comes_first_whatever_was_weighed(passages: PassageIndex) -> None:
    encoder = LetterEncoder()
    hits = search(passages, encoder, "xxx", k=10)
    verdict = verify("xxx", "xxx", encoder.encode(["xxx"])[0], hits, passages, ALWAYS, Likes("£5"))
    first, second = verdict.evidence[:2]
    assert (text_of(first), text_of(second)) == ("The stool costs £5.", "The stool is xxx for two hours.")
    assert (first.score, second.score) == pytest.approx((0.8808, 0.1192), abs=1e-4)  # 1 / (1 + exp(∓2))


def test_an_answer_that_its_author_foresaw_is_read_and_scores_more(tmp_path: Path, index_of: IndexOf) -> None:
    # "xxx" is the author's question beside "Far" to the letter: cosine 1, 0.3 above MIN_ASKED; 8 · 0.3 = 2.4 more.
    folder = tmp_path / "asked"
    folder.mkdir()
    text = "# Guide\n\n## Near\n\nHere is xxx.\n\n## Far\n\nIt is yyy.\n\n> Questions: xxx?\n"
    (folder / "guide.md").write_text(text, encoding="utf-8")
    passages = index_of(folder).passages
    assert passages.questions.section_ids == ("guide.md#far",)
    scores = {text_of(e): e.score for e in verdict_of("xxx", passages).evidence}
    assert scores == pytest.approx({"Here is xxx.": 0.9526, "It is yyy.": 0.3543}, abs=1e-4)  # 3; -3 + 2.4 = -0.6


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


# What the gate sees of it


def test_the_features_are_worked_from_all_the_evidence(passages: PassageIndex) -> None:
    # Of the 7 sentences, "The stool is xxx" weighs 1 + 0.4 + 0.2, "The lamp has xxx and yyyy" 0.6 + 0.4 + 0.2, "It is
    # warm." beside it 0.2, and the others 0: on average 3 / 7. Read, the first two have all words: 3.
    assert features_of("xxx", passages) == pytest.approx(
        {"answers": 3.0, "stands_out": 1.6 - 3 / 7, "known": 1.0, "not_given": 0.0, "asked": 0.0}
    )


def test_a_question_without_key_terms_has_features_and_no_unknown_word(passages: PassageIndex) -> None:
    # No word is missing, whatever the sentences say, and the fake knows nothing: 0.
    verdict = verdict_of("how is it?", passages)
    assert (verdict.unknown, len(verdict.evidence)) == ((), 7)
    features = dict(verdict.features)
    assert features.pop("stands_out") > 0
    assert features == {"answers": 0.0, "known": 1.0, "not_given": 0.0, "asked": 0.0}


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
    vector, cross_encoder = LetterEncoder().encode(["a wombat"])[0], SharedWords()
    verdict = verify("is it a wombat?", "a wombat", vector, [], passages, ALWAYS, cross_encoder)
    assert verdict == Verdict("is it a wombat?", 0.0, False, evidence=(), unknown=("wombat",))
    assert cross_encoder.read == []


@pytest.mark.parametrize(("min_probability", "is_answered"), [(0.5, True), (0.51, False)], ids=["reached", "missed"])
def test_what_reaches_the_least_probability_is_answered(
    min_probability: float, is_answered: bool, passages: PassageIndex
) -> None:
    gate = Gate(weights={}, bias=0.0, min_probability=min_probability, reason="test")
    verdict = verdict_of("lamp", passages, gate)
    assert (verdict.probability, verdict.is_answered) == (0.5, is_answered)
    assert verdict.evidence  # it is there whatever the verdict


# What answers


def verdict_with(evidence: Evidence, *scores: float) -> Verdict:
    return Verdict("?", 0.9, True, tuple(replace(evidence, score=score) for score in scores), unknown=())


@pytest.mark.parametrize(
    ("scores", "answering"),
    [
        ((0.9, 0.6, 0.5, 0.49), 3),
        ((0.98, 0.81, 0.79), 2),
        ((0.5, 0.5), 2),
        ((0.4, 0.4), 1),
        ((0.0,), 1),
        ((), 0),
    ],
    ids=[
        "as likely as not to, and less",
        "as likely as not to, but far less than the best",
        "all as likely as not to",
        "none likely: the best alone",
        "impossible: the best all the same",
        "nothing",
    ],
)
def test_what_answers_is_the_best_sentence_and_those_that_are_nearly_as_likely_to(
    scores: tuple[float, ...], answering: int, passages: PassageIndex
) -> None:
    evidence = weighed("lamp", passages)[0]
    assert [e.score for e in verdict_with(evidence, *scores).answering] == list(scores[:answering])


def test_a_list_answers_if_an_item_is_best_or_a_list_was_asked_for_but_not_beside_a_better_sentence(
    passages: PassageIndex,
) -> None:
    item = next(e for e in weighed("cold", passages) if e.passage.is_list)
    sentence = next(e for e in weighed("lamp", passages) if not e.passage.is_list)

    def answering(*evidence: Evidence) -> tuple[Evidence, ...]:
        return Verdict("?", 0.9, True, evidence, unknown=()).answering

    best, second = replace(item, score=0.9), replace(sentence, score=0.8)
    assert answering(best, second) == (best, second)
    first, beside = replace(sentence, score=0.9), replace(item, score=0.8)
    assert answering(first, beside) == (first,)
    wanted = replace(beside, is_wanted=True)
    assert answering(first, wanted) == (first, wanted)


# What is read with a sentence

HEADED = """# Guide

Here it starts. It goes on.

## Lamp

It is warm. It is red.

## Rules

Do not sit if you:

- are cold
- are wet

## Parts

- a leg
- a seat
"""


@pytest.mark.parametrize(
    ("sentence", "context"),
    [
        ("It is warm.", "Lamp"),
        ("It is red.", "Lamp"),
        ("Do not sit if you:", "Rules"),
        ("are cold", "Rules. Do not sit if you:"),
        ("are wet", "Rules. Do not sit if you:"),
        ("- a leg", "Parts"),  # a list without a lead-in keeps its first marker
        ("a seat", "Parts"),
        ("Here it starts.", ""),  # the title of the document is no heading: it says nothing of the sentence
        ("It goes on.", "Here it starts."),
    ],
)
def test_a_sentence_is_read_under_its_heading_and_what_leads_into_its_list_or_after_the_one_before(
    sentence: str, context: str, tmp_path: Path
) -> None:
    assert contexts_in(HEADED, tmp_path)[sentence] == context


def test_without_any_heading_an_item_is_read_with_what_leads_into_its_list(tmp_path: Path) -> None:
    contexts = contexts_in("Sit here. Do not sit if you:\n\n- are cold\n- are wet\n", tmp_path)
    assert contexts["are cold"] == contexts["are wet"] == "Sit here. Do not sit if you:"


def test_without_any_heading_or_lead_in_an_item_is_read_after_the_one_before(tmp_path: Path) -> None:
    assert contexts_in("- a leg\n- a seat\n", tmp_path) == {"- a leg": "", "a seat": "- a leg"}


def contexts_in(text: str, folder: Path) -> dict[str, str]:
    """Each sentence of a document → what it is read with."""
    (folder / "guide.md").write_text(text, encoding="utf-8")
    (document,) = load(folder).documents
    bare = np.zeros(4, dtype=np.float32)
    every = [Evidence(p, *span, 0.0, 0.0, bare, frozenset()) for p in split(document) for span in p.sentences]
    return dict(said_of(e.passage, e.start, e.end) for e in every)
