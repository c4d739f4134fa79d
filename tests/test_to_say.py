"""What is copied: to say on the phone and to send, with source, dispute and review; and what is never copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import ROSE, IndexOf

from chatbot.desk.to_say import DISPUTE_IS_FOR_STAFF, STAFF_ONLY, WITHHELD, for_email, for_phone, why_not
from chatbot.place import Place
from chatbot.quote import disputes_of
from chatbot.settings import Clinic
from index.store import StoredIndex


@pytest.fixture
def index(index_of: IndexOf, clinic_folder: Path) -> StoredIndex:
    return index_of(clinic_folder)


def place(index: StoredIndex, passage_id: str, is_withheld: bool = False) -> Place:
    passage = index.passages.passages[passage_id]
    start, end = (passage.start, passage.end) if passage.is_list else passage.sentences[0]
    caveats = tuple(disputes_of(passage, passage.start, passage.end, index))
    return Place(passage, start, end, passage.sentences[0], caveats[:1], is_withheld)


def test_on_the_phone_the_quote_comes_first_then_its_source_and_its_review(index: StoredIndex) -> None:
    assert for_phone(place(index, "laser#recovery")) == (
        "Redness fades within seven days.\nThat is from Fractional CO2 laser.\nReviewed by Dr A. Example."
    )


def test_no_file_of_the_clinics_is_named_to_a_patient(index: StoredIndex) -> None:
    text = for_email(place(index, "laser#recovery"), ROSE)
    assert "Source: Fractional CO2 laser.\n" in text
    assert "laser.md" not in text


def test_what_no_clinician_reviewed_says_so(index: StoredIndex) -> None:
    one = place(index, "peel#recovery")
    assert for_phone(one).endswith("No clinician has reviewed this text yet.")
    assert "No clinician has reviewed this text yet." in for_email(one, ROSE)


def test_a_list_is_one_sentence_to_say(index: StoredIndex) -> None:
    said = for_phone(place(index, "peel#who-should-not-have-a-peel")).splitlines()[0]
    assert said == (
        "Do not have a peel if you: are pregnant; have a cold sore; took isotretinoin in the last six months."
    )


def test_a_dispute_is_never_left_out(index: StoredIndex) -> None:
    one = place(index, "laser#results")
    assert "This is disputed: Most people need three sessions or more." in for_phone(one)
    assert "This is disputed: “Most people need three sessions or more.”" in for_email(one, ROSE)


def test_an_email_has_the_exact_quote_its_citation_and_the_clinics_contact_and_no_greeting(index: StoredIndex) -> None:
    one = place(index, "laser#results")
    text = for_email(one, Clinic(name="Rose Clinic", phone="01 234", email="a@b.example", emergency_number="999"))
    assert text.startswith("“One session removes every scar.”")
    assert "From “Fractional CO2 laser”, Results." in text
    assert "Source: The maker of the laser, https://maker.example." in text
    assert text.endswith(
        "This is general information, not advice about your own case. For that, please contact Rose Clinic on 01 234 "
        "or a@b.example. In an emergency call 999."
    )


def test_a_clinic_without_numbers_is_named_without_them(index: StoredIndex) -> None:
    text = for_email(place(index, "laser#recovery"), Clinic())
    assert "SET ME" not in text
    assert text.endswith("please contact the clinic. In an emergency call your local emergency number.")


def test_an_overdue_review_is_said(index: StoredIndex) -> None:
    one = place(index, "laser#recovery")
    old = replace(one.document, review_due=date(2020, 1, 1))
    overdue = replace(one, passage=replace(one.passage, document=old))
    assert for_phone(overdue).endswith("Reviewed by Dr A. Example.\nIts next review is overdue.")


def test_what_is_for_staff_or_holds_a_dose_is_not_copied(index: StoredIndex) -> None:
    assert why_not(place(index, "laser#recovery")) is None
    assert why_not(place(index, "telephone#price")) == STAFF_ONLY
    assert why_not(place(index, "laser#recovery", is_withheld=True)) == WITHHELD


def test_what_only_a_staff_document_disputes_is_not_copied(index: StoredIndex) -> None:
    one = place(index, "laser#recovery")
    disputed = replace(one, caveats=(index.passages.passages["telephone#price"],))
    assert why_not(disputed) == DISPUTE_IS_FOR_STAFF
