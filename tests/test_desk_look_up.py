"""The look-up at the desk: places in all documents with what disputes them, filters, and what must be said above."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import LetterEncoder, UndecidedMeaning
from sqlalchemy import Engine

from chatbot import on_topic
from chatbot.bot import Bot
from chatbot.desk import curated
from chatbot.desk.curated_live import LiveCurated
from chatbot.desk.curated_wording import Wording
from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookUp
from chatbot.desk.permissions import Person
from chatbot.mailing.outbox import Outbox
from chatbot.place import Place
from chatbot.question import QuestionError
from chatbot.settings import Settings
from chatbot.shelf import Filters
from index.build import build_index
from kb.document import Audience

# The encoder of these tests knows the letters x, y and z only: "recovery" and "six" give a text a passage's meaning.
READER = Person("Rea Hall", "reader")
EDITOR, APPROVER = Person("Eve Hall", "editor"), Person("Ann Hall", "approver")
DUE = date(2099, 1, 31)
ALL = Filters()


@pytest.fixture
def desk(rose_bot: Bot, store: Engine, encoder: LetterEncoder) -> Desk:
    rose_bot = replace(rose_bot, curated=LiveCurated(store, encoder))
    return Desk(rose_bot, store, Outbox(store, None, keep_days=30), Settings())


@pytest.fixture
def look_up(desk: Desk) -> LookUp:
    return LookUp(desk)


def places(look_up: LookUp, text: str, filters: Filters = ALL) -> list[Place]:
    return list(look_up.find(READER, text, filters).places)


def place_at(look_up: LookUp, section_id: str, text: str) -> Place:
    return next(place for place in places(look_up, text) if place.passage.section.id == section_id)


def sections(look_up: LookUp, text: str, filters: Filters = ALL) -> list[str]:
    return [place.passage.section.id for place in places(look_up, text, filters)]


def test_half_a_word_finds_what_it_begins(look_up: LookUp) -> None:
    assert sections(look_up, "recovery redn")[0] == "laser#recovery"
    assert sections(look_up, "six isotre")[0] == "peel#who-should-not-have-a-peel"


def test_a_misspelt_word_finds_what_it_means(look_up: LookUp) -> None:
    assert sections(look_up, "rednes fades recovery")[0] == "laser#recovery"


def test_the_quote_is_the_sentence_that_has_the_words_and_stands_so_in_the_document(look_up: LookUp) -> None:
    first = place_at(look_up, "laser#recovery", "crusts")
    assert first.quote == "Crusts fall off after a week."
    assert first.document.text[first.start : first.end] == first.quote
    assert places(look_up, "recovery redness")[0].quote == "Redness fades within seven days."


def test_of_a_list_the_item_is_marked_and_the_whole_is_quoted(look_up: LookUp) -> None:
    first = place_at(look_up, "peel#who-should-not-have-a-peel", "cold sore")
    start, end = first.marked
    assert first.document.text[start:end] == "have a cold sore"
    assert first.quote.startswith("Do not have a peel if you:")
    assert first.quote.endswith("took isotretinoin in the last six months")


def test_a_disputed_place_comes_with_the_dispute(look_up: LookUp) -> None:
    first = places(look_up, "removes every scar")[0]
    assert first.passage.section.id == "laser#results"
    assert "Most people need three sessions or more." in [caveat.text for caveat in first.caveats]


def test_the_neighbours_come_with_what_disputes_them(look_up: LookUp) -> None:
    first = places(look_up, "recovery redness")[0]
    assert first.before is None
    assert first.after is not None
    assert first.after.section.id == "laser#results"
    assert "Most people need three sessions or more." in [caveat.text for caveat in first.after.caveats]


def test_staff_documents_are_found_and_marked(look_up: LookUp) -> None:
    first = places(look_up, "deposit of fifty pounds")[0]
    assert first.document.id == "telephone"
    assert first.is_staff_only
    assert not first.is_for_patients


@pytest.mark.parametrize(
    ("filters", "documents"),
    [
        (Filters(audience="patient"), {"laser", "peel"}),
        (Filters(audience="staff"), {"telephone"}),
        (Filters(treatment="Chemical peel"), {"peel"}),
        (Filters(treatment="Fractional CO2 laser"), {"laser", "telephone"}),
        (Filters(treatment="Fractional CO2 laser", audience="patient"), {"laser"}),
    ],
)
def test_a_filter_leaves_only_what_it_names(filters: Filters, documents: set[str], look_up: LookUp) -> None:
    assert {place.document.id for place in places(look_up, "deposit redness peel", filters)} == documents


def test_a_treatment_that_is_typed_leaves_what_is_about_it_unless_another_one_is_chosen(look_up: LookUp) -> None:
    assert {place.document.id for place in places(look_up, "recovery chemical peel")} == {"peel"}
    chosen = Filters(treatment="Fractional CO2 laser")
    assert "peel" not in {place.document.id for place in places(look_up, "recovery chemical peel", chosen)}


def test_a_topic_leaves_what_its_questions_find_and_alone_shows_all_of_that(
    look_up: LookUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_topic, "K_ON_TOPIC", 1)
    chosen = Filters(topic="cold sores", treatment="Chemical peel")
    assert sections(look_up, "", chosen) == ["peel#who-should-not-have-a-peel"]
    assert sections(look_up, "recovery", chosen) == ["peel#who-should-not-have-a-peel"]


def test_what_is_headed_by_a_topic_is_on_it(look_up: LookUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_topic, "K_ON_TOPIC", 0)
    assert set(sections(look_up, "", Filters(topic="price"))) == {"telephone#price"}


def test_an_emergency_is_said_first_and_the_places_still_come(look_up: LookUp) -> None:
    found = look_up.find(READER, "redness and I can't breathe", ALL)
    assert found.now is not None
    assert found.now.urgency == "emergency"
    assert found.places


def test_an_emergency_is_heard_in_what_cannot_be_looked_up(look_up: LookUp) -> None:
    found = look_up.find(READER, "<b>I can't breathe</b>", ALL)
    assert found.now is not None
    assert found.places == ()


def test_what_is_about_one_person_is_said_to_be(look_up: LookUp, meaning: UndecidedMeaning) -> None:
    meaning.sure_of = "personal"
    assert look_up.find(READER, "can I have a peel if I am pregnant?", ALL).is_personal


@pytest.mark.parametrize("text", ["", "   ", "???", "x" * 3000, "<b>peel</b>"])
def test_what_is_no_text_is_refused_with_the_reason(text: str, look_up: LookUp) -> None:
    with pytest.raises(QuestionError):
        look_up.find(READER, text, ALL)


def test_no_dose_may_be_told(clinic_folder: Path, desk: Desk, home: Path, encoder: LetterEncoder) -> None:
    peel = clinic_folder / "peel.md"
    peel.write_text(peel.read_text() + "\n## Medicine\n\nTake 400 mg aciclovir twice a day.\n")
    build_index(clinic_folder, home, encoder)
    first = places(LookUp(desk), "aciclovir day")[0]
    assert first.is_withheld
    assert not first.is_for_patients
    assert not first.to_json(date(2026, 1, 1))["may_be_told_to_patients"]


def test_a_new_index_is_looked_up_in_at_once(
    look_up: LookUp, clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    assert "laser#pets" not in sections(look_up, "guinea pigs")
    laser = clinic_folder / "laser.md"
    laser.write_text(laser.read_text() + "\n## Pets\n\nKeep guinea pigs away.\n")
    build_index(clinic_folder, home, encoder)
    assert sections(look_up, "away guinea pig")[0] == "laser#pets"


def test_while_a_word_is_completed_it_is_encoded_once(look_up: LookUp, encoder: LetterEncoder) -> None:
    look_up.find(READER, "isotret", ALL)
    before = encoder.encoded
    look_up.find(READER, "isotreti", ALL)
    look_up.find(READER, "isotretin", ALL)
    assert encoder.encoded == before


def test_curated_answers_stand_beside_the_documents_for_whom_they_are_written(desk: Desk, look_up: LookUp) -> None:
    audiences: tuple[Audience, ...] = ("patient", "staff")
    for audience in audiences:
        wording = Wording(("Where can I park?",), f"In the yard, for {audience}s.", None, audience, "Eve", DUE, "Eve")
        curated.approve(desk, curated.write(desk, wording, EDITOR).id, 1, APPROVER)
        found = look_up.find(READER, "where can I park", Filters(audience=audience)).curated
        assert [(place.quote, place.is_staff_only) for place in found] == [(wording.text, audience == "staff")]


def test_for_a_program_a_place_has_its_review_and_what_disputes_it(look_up: LookUp) -> None:
    row = places(look_up, "removes every scar")[0].to_json(date(2026, 1, 1))
    assert row["quote"] == "One session removes every scar."
    assert row["review"] == "approved"
    assert row["source"]["name"] == "The maker of the laser"
    assert "Most people need three sessions or more." in row["disputed_by"]
    assert row["staff_only"] is False
