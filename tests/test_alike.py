"""Which questions ask the same thing, by the real encoder over labelled questions, and by one worked in the head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import IndexOf, LetterEncoder
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import pair_confusion_matrix

from chatbot.coverage import GAP, load_topics
from chatbot.desk.alike import MIN_TOPIC, WORDS_SHARE, Clusters, Reading, alike
from index.encode import Encoder
from index.store import StoredIndex

LABELLED = Path(__file__).parent / "data" / "gaps.jsonl"


@pytest.fixture
def index(index_of: IndexOf, clinic_folder: Path) -> StoredIndex:
    return index_of(clinic_folder)


def test_questions_are_as_alike_as_their_vectors_and_the_words_that_they_share(index: StoredIndex) -> None:
    one, other = Reading(LetterEncoder()).read(["xx parking", "yy parking"], index)
    assert one.terms & other.terms
    assert alike([one], [other])[0, 0] == pytest.approx(0 + WORDS_SHARE / 2)
    assert alike([one], [one])[0, 0] == pytest.approx(1 + WORDS_SHARE)


def test_the_name_of_a_treatment_is_known_but_does_not_count(index: StoredIndex) -> None:
    one, other = Reading(LetterEncoder()).read(["xx chemical peel", "xx microneedling"], index)
    assert [*one.treatments, *other.treatments] == ["Chemical peel", "Microneedling"]
    assert alike([one], [other])[0, 0] == pytest.approx(1 + WORDS_SHARE)


def test_questions_without_any_key_term_or_with_a_name_alone_can_be_compared(index: StoredIndex) -> None:
    read = Reading(LetterEncoder()).read(["can I?", "is it", "microneedling"], index)
    assert sorted(position for group in Clusters(read).groups for position in group) == [0, 1, 2]


@pytest.mark.parametrize("texts", [[], ["xx"]])
def test_no_question_and_a_single_one_are_their_own_clusters(index: StoredIndex, texts: list[str]) -> None:
    assert Clusters(Reading(LetterEncoder()).read(texts, index)).groups == [[0]] * len(texts)


@pytest.fixture(scope="module")
def labelled() -> list[dict[str, Any]]:
    return [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("half", ["fit", "test"])
def test_the_clusters_are_those_that_people_see(
    index: StoredIndex, real_encoder: Encoder, labelled: list[dict[str, Any]], half: str
) -> None:
    rows = [row for row in labelled if row["half"] == half]
    clusters = Clusters(Reading(real_encoder).read([row["text"] for row in rows], index))
    found = {position: number for number, group in enumerate(clusters.groups) for position in group}
    seen, mine = [row["topic"] for row in rows], [found[position] for position in range(len(rows))]
    (_, apart), (missed, together) = pair_confusion_matrix(seen, mine)
    assert together / (together + apart) >= 0.70, "precision: of the pairs that are put together"
    assert together / (together + missed) >= 0.65, "recall: of the pairs that belong together"
    assert adjusted_rand_score(seen, mine) >= 0.70


@pytest.mark.slow
def test_a_topic_is_named_where_a_question_plainly_asks_for_it(
    index: StoredIndex, real_encoder: Encoder, labelled: list[dict[str, Any]]
) -> None:
    reading = Reading(real_encoder)
    named = [(topic.name, question.replace(GAP, " ")) for topic in load_topics() for question in topic.questions]
    likeness = alike(
        reading.read([row["text"] for row in labelled], index), reading.read([question for _, question in named], index)
    )
    shown = {
        (row["topic"], named[int(own.argmax())][0])
        for row, own in zip(labelled, likeness, strict=True)
        if own.max() >= MIN_TOPIC
    }
    assert {("price", "price"), ("gym", "exercise"), ("shaving", "shaving"), ("alcohol", "alcohol")} <= shown
    assert not {seen for seen, _ in shown} & {"parking", "wheelchair", "gift voucher", "tattoo removal", "hair loss"}
