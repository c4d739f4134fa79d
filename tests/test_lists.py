"""Questions about single items of lists, from which the cross-encoder learns."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from benchmarks.lists import N_OTHER, N_SAME, Lists, Subject, listed

ROWS = list(listed(2000, random.Random(0)))


def test_the_same_seed_gives_the_same_questions_and_another_seed_others() -> None:
    assert list(listed(50, random.Random(0))) == ROWS[:50]
    assert list(listed(50, random.Random(1))) != ROWS[:50]


def test_no_gap_is_left_open() -> None:
    texts = [question for question, _, _ in ROWS]
    texts += [text for _, said, _ in ROWS for one in said for text in one]
    assert [text for text in texts if "<" in text or "{" in text] == []


def test_every_kind_of_list_is_asked_of() -> None:
    lists = Lists()
    contexts = Counter(one.context for _, said, _ in ROWS for one in said)
    for kind in lists.kinds.values():
        lead_in = max(kind["lead_ins"], key=lambda text: "<" not in text)
        assert any(lead_in in context for context in contexts)


def test_some_questions_are_answered_and_some_are_not_and_nearly_all_have_items_that_do_not_answer() -> None:
    answered = [any(answers) for _, _, answers in ROWS]
    assert 0.5 < sum(answered) / len(answered) < 0.7
    for _, said, answers in ROWS:
        assert len(said) == len(answers)
        assert sum(answers) <= N_SAME
        assert answers.count(False) <= N_SAME + N_OTHER + 1
    assert sum(all(answers) for _, _, answers in ROWS) < 100


def test_the_item_that_is_asked_about_answers_and_comes_first() -> None:
    rows = [row for row in ROWS if "haemophilia" in row[0].lower() and sum(row[2]) == 1]
    assert rows
    for _, said, answers in rows:
        assert answers[0]
        assert any(word in said[0].sentence.lower() for word in ("clot", "bleed"))


def test_what_is_forbidden_before_says_nothing_about_the_days_after() -> None:
    rows = [row for row in ROWS if row[0].lower().startswith("when can i") and "again" in row[0]]
    assert any(any(answers) for _, _, answers in rows)
    for _, said, answers in rows:
        for one, is_answer in zip(said, answers, strict=True):
            assert not (is_answer and "before" in one.context.lower().split("after")[0].split("wait")[0])


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [("pregnancy", "pregnancy or breastfeeding", True), ("pregnancy", "tattoo", False), ("age", "old age", True)],
)
def test_subjects_are_alike_when_one_is_named_in_the_other(one: str, other: str, are_alike: bool) -> None:
    def named(name: str) -> Subject:
        return next(s for s in Lists().subjects["conditions"] if s.name == name)

    assert named(one).is_like(named(other)) is are_alike
    assert named(other).is_like(named(one)) is are_alike
