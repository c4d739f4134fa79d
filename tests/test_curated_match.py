"""Which curated answer a question is given: treatment, kind of answer and words must fit; to be near is not enough."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from conftest import LetterEncoder, SharedWords
from curated_clinic import BY_WORDS, DOOR_CODE, PARKING, PEEL_PRICE

from benchmarks.curated import read_bench
from chatbot.desk.curated_live import index_of
from chatbot.desk.curated_match import CERTAIN, NOTHING, CuratedMatch, load_curated_gate, match
from chatbot.desk.curated_reading import read, repaired, spelling_of
from chatbot.desk.curated_wording import Version, Wording
from chatbot.question import Question
from chatbot.scope import scope
from index.encode import Encoder
from kb.treatment import known_treatments

DATA = Path(__file__).parent / "data" / "curated.jsonl"
COVERED = frozenset(["Chemical peel", "Microneedling"])
LASTS = replace(PEEL_PRICE, questions=("How long do results of a chemical peel last?",), text="About a year.")
NOT_FOR = replace(PEEL_PRICE, questions=("Who should not have a chemical peel?",), text="People with cold sores.")
BEFORE = replace(PEEL_PRICE, questions=("Can I swim before a chemical peel?",), text="Yes, until the day before.")


def matches(text: str, *wordings: Wording, page: str | None = None) -> list[CuratedMatch]:
    found = [Version(f"c{n}", 1, wording, "Ed", datetime(2026, 1, 1)) for n, wording in enumerate(wordings)]
    encoder, treatments = LetterEncoder(), known_treatments()
    about = scope(Question(text, page), treatments, COVERED)
    return match(index_of(found, encoder, BY_WORDS), text, about, treatments, encoder, SharedWords())


def given(text: str, *wordings: Wording, page: str | None = None) -> list[str]:
    return [one.version.wording.text for one in matches(text, *wordings, page=page) if one.is_sure]


def test_the_very_words_of_a_variant_are_certain_however_they_are_written() -> None:
    (best,) = matches("where can I PARK", PARKING)
    assert (best.probability, best.is_sure, best.variant) == (CERTAIN, True, "Where can I park?")


def test_other_words_for_the_same_are_given_the_answer() -> None:
    assert given("parking", PARKING) == [PARKING.text]
    assert given("How long will a chemical peel's results last?", LASTS) == [LASTS.text]


def test_a_misspelt_word_is_read_as_the_word_of_a_variant() -> None:
    spelling = spelling_of(["Do I need a patch test?"])
    assert repaired("is a patsh tesst needed", spelling) == "is a patch test needed"
    assert repaired("Botox: 2 areas", spelling) == "Botox: 2 areas"


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("What does microneedling cost?", PEEL_PRICE),
        ("What does a chemical peel cost compared with microneedling?", PEEL_PRICE),
        ("What does it cost?", PEEL_PRICE),
        ("How much is a chemical peel result?", LASTS),
        ("Who should have a chemical peel?", NOT_FOR),
        ("Can I swim after a chemical peel?", BEFORE),
        ("Where can I park a motor home?", PARKING),
    ],
    ids=["another treatment", "two", "none of several", "a price, no time", "who should", "after", "another point"],
)
def test_a_near_question_about_another_point_is_given_nothing(text: str, wording: Wording) -> None:
    assert given(text, wording) == []


def test_the_treatment_of_the_page_is_the_questions_unless_it_names_another() -> None:
    assert given("What does it cost?", PEEL_PRICE, page="Microneedling") == []
    asked = replace(PEEL_PRICE, questions=("What does a session cost?",))
    assert given("What does a session cost?", asked, page="Chemical peel") == [PEEL_PRICE.text]
    assert given("What does a microneedling session cost?", asked, page="Chemical peel") == []


def test_an_answer_of_no_treatment_is_for_questions_that_name_one_as_well() -> None:
    assert given("Where can I park for my chemical peel?", PARKING) == [PARKING.text]


def test_an_answer_for_staff_is_never_among_those_for_patients() -> None:
    assert matches("What is the code of the staff door?", DOOR_CODE) == []


def test_of_several_the_likeliest_comes_first_and_each_once() -> None:
    found = matches("Where can I park?", PEEL_PRICE, PARKING, replace(PARKING, questions=("Where can I park a bike?",)))
    assert [one.version.id for one in found] == ["c1", "c2"]


def test_nothing_is_encoded_where_nothing_is_approved() -> None:
    encoder, treatments = LetterEncoder(), known_treatments()
    about = scope(Question("parking"), treatments, COVERED)
    assert match(NOTHING, "parking", about, treatments, encoder, SharedWords()) == []
    assert encoder.encoded == 0


def test_what_is_asked_for_is_read_from_fragments_as_well() -> None:
    treatments = known_treatments()
    wants = {text: read(text, treatments).wants for text in ("botox cost", "how many sessions", "when is it gone")}
    assert [sorted(one) for one in wants.values()] == [["price"], ["number"], ["time"]]


def test_the_shipped_gate_says_what_its_cut_off_was_chosen_for() -> None:
    gate = load_curated_gate()
    assert 0.5 < gate.min_probability < 1
    assert "at most 1% of its questions get a wrong answer" in gate.reason


def test_the_questions_of_the_benchmark_are_enough_and_the_right_ones_are_told() -> None:
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 60
    assert all(len(row["same"]) == 3 and len(row["other"]) == 3 for row in rows)
    assert len({text for row in rows for text in row["questions"]}) == sum(len(row["questions"]) for row in rows)


@pytest.mark.slow
def test_of_held_out_questions_half_are_found_and_hardly_any_is_given_a_wrong_answer(
    real_encoder: Encoder, tmp_path: Path
) -> None:
    bench = read_bench(tmp_path, real_encoder)
    some = [one for one in bench.asked if one.held_out and one.kind != "own"][:120]
    found = replace(bench, asked=some).found(load_curated_gate())
    best = [(one, nearest[0]) for one, nearest in zip(some, found, strict=True) if nearest and nearest[0].is_sure]
    right = sum(match.version.id in one.right for one, match in best)
    assert len(best) - right <= 3
    assert right >= 0.4 * sum(bool(one.right) for one in some)


def test_a_day_of_review_is_no_part_of_the_match() -> None:
    overdue = replace(PARKING, review_due=date(2020, 1, 1))
    assert given("Where can I park?", overdue) == [PARKING.text]
