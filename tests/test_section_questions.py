"""SectionQuestions: each section by its best question, with the cosines that can be worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from index.section_questions import SectionQuestions

EAST, NORTH_EAST, NORTH, WEST = [1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]
# Section "work" has two questions, "sun" and "pain" one each.
COMPASS = SectionQuestions(("work", "sun", "work", "pain"), np.array([NORTH, EAST, NORTH_EAST, WEST], dtype=np.float32))
TO_THE_EAST = np.array(EAST, dtype=np.float32)


def test_a_section_is_as_near_as_its_best_question() -> None:
    # (1, 0) with (0, 1): 0 · with (1, 0): 1 · with (0.6, 0.8): 0.6 · with (-1, 0): -1
    found = COMPASS.nearest(TO_THE_EAST, k=3)
    assert [section_id for section_id, _ in found] == ["sun", "work", "pain"]
    assert [cosine for _, cosine in found] == pytest.approx([1.0, 0.6, -1.0])


@pytest.mark.parametrize(("k", "sections"), [(0, []), (1, ["sun"]), (2, ["sun", "work"]), (9, ["sun", "work", "pain"])])
def test_k_counts_sections_not_questions(k: int, sections: list[str]) -> None:
    assert [section_id for section_id, _ in COMPASS.nearest(TO_THE_EAST, k)] == sections


@pytest.mark.parametrize(
    ("among", "sections"), [(["pain", "work"], ["work", "pain"]), ([], []), (["elsewhere"], []), ({"sun"}, ["sun"])]
)
def test_only_the_chosen_sections_are_found(among: list[str] | set[str], sections: list[str]) -> None:
    assert [section_id for section_id, _ in COMPASS.nearest(TO_THE_EAST, 3, among)] == sections


def test_equal_ones_come_in_their_order() -> None:
    twice = SectionQuestions(("b", "a"), np.array([NORTH, NORTH], dtype=np.float32))
    assert twice.nearest(TO_THE_EAST, 2) == [("b", 0.0), ("a", 0.0)]


def test_without_questions_nothing_is_found() -> None:
    assert SectionQuestions((), np.zeros((0, 2), dtype=np.float32)).nearest(TO_THE_EAST, 3) == []
