"""The documents that are shipped: what a clinician who reviews them may take for granted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.check import check
from kb.document import Document, Passage, Section
from kb.load import load
from kb.split import split

FOLDER = Path(__file__).parents[1] / "kb" / "documents"
LOADED = load(FOLDER)
DOCUMENTS = LOADED.documents
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.id)

TREATMENTS = {
    "Fractional CO2 laser",
    "Er:YAG laser",
    "Non-ablative fractional laser",
    "Microneedling",
    "Chemical peel",
    "IPL",
    "Laser hair removal",
    "Botulinum toxin",
}

# What the vendor's article claims and a clinical source disputes → the section that disputes it.
DISPUTED = {
    "co2-aftercare#what-the-vendor-says-about-growth-factor-products": "growth-factor-products-disputed",
    "co2-alternatives#what-the-vendor-says-about-other-lasers": "better-than-other-lasers-disputed",
    "co2-indications#what-the-vendor-says-about-acne": "active-acne-disputed",
    "co2-indications#what-the-vendor-says-about-eye-bags": "eye-bags-disputed",
    "co2-indications#what-the-vendor-says-about-fat": "removing-fat-disputed",
    "co2-indications#what-the-vendor-says-about-melasma-and-facial-spots": "melasma-and-facial-spots-disputed",
    "co2-indications#what-the-vendor-says-about-red-vessels": "visible-red-vessels-disputed",
    "co2-indications#what-the-vendor-says-about-rosacea": "rosacea-disputed",
    "co2-indications#what-the-vendor-says-about-sagging-skin": "sagging-skin-disputed",
    "co2-indications#what-the-vendor-says-about-stretch-marks-and-neck-lines": "stretch-marks-and-neck-lines-disputed",
    "co2-indications#what-the-vendor-says-about-wrinkles": "all-kinds-of-wrinkles-disputed",
    "co2-procedure#what-the-vendor-says-about-non-invasive-treatment": "non-invasive-treatment-disputed",
    "co2-recovery#what-the-vendor-says-about-normal-life-and-work": (
        "return-to-normal-life-in-four-to-five-days-disputed"
    ),
    "co2-results#what-the-vendor-says-about-clearing-dark-spots": "dark-spots-and-pigmentation-disputed",
    "co2-results#what-the-vendor-says-about-firm-skin": "sagging-skin-disputed",
    "co2-results#what-the-vendor-says-about-quick-results": "quick-results-disputed",
    "co2-results#what-the-vendor-says-about-scar-results": "scars-made-smooth-disputed",
    "co2-side-effects#what-the-vendor-says-about-skin-around-the-treated-area": "skin-around-the-treated-area-disputed",
    "co2-side-effects#what-the-vendor-says-about-thermal-damage": "avoiding-thermal-damage-disputed",
    "co2-skin-types#what-the-vendor-says-about-dark-spots-and-pigmentation": "dark-spots-and-pigmentation-disputed",
    "co2-what-it-is#what-the-vendor-says-about-being-non-invasive": "non-invasive-treatment-disputed",
    "co2-what-it-is#what-the-vendor-says-about-thermal-damage": "avoiding-thermal-damage-disputed",
    "co2-who-should-not#what-the-vendor-says-about-high-blood-pressure": "high-blood-pressure-disputed",
    "co2-who-should-not#what-the-vendor-says-about-who-should-not-be-treated": (
        "who-should-not-be-treated-the-vendors-short-list-disputed"
    ),
}

# Where the vendor is quoted and no source was found that says otherwise. A new vendor claim belongs in one of the two.
UNDISPUTED = {
    "co2-aftercare#what-the-vendor-says-about-strict-sun-protection",
    "co2-alternatives#what-the-vendor-says-about-the-wound-compared-with-other-lasers",
    "co2-indications#what-the-vendor-says-about-large-pores-and-dull-skin",
    "co2-recovery#what-the-vendor-says-about-healing",
    "co2-results#what-the-vendor-says-about-younger-skin",
    "co2-what-it-is#how-deep-the-laser-goes",
    "co2-what-it-is#how-the-laser-acts-on-scar-tissue",
    "co2-what-it-is#the-three-heat-zones",
    "co2-what-it-is#what-the-laser-beam-targets",
    "co2-what-it-is#what-the-vendor-says-about-how-the-laser-works",
    "co2-what-it-is#what-the-vendor-says-about-the-technology",
    "co2-what-it-is#why-it-is-called-co2-a-gas-laser",
    "co2-who-should-not#breastfeeding",
    "co2-who-should-not#pregnancy",
}


def sections() -> Iterator[tuple[Document, Section]]:
    return ((document, section) for document in DOCUMENTS for section in document.sections)


def sentences(document: Document) -> Iterator[tuple[Passage, int, int]]:
    return ((passage, start, end) for passage in split(document) for start, end in passage.sentences)


def is_marked(document: Document, start: int, end: int) -> bool:
    return any(start < mark.end <= end for mark in document.marks)


def test_they_load_without_a_problem() -> None:
    assert LOADED.problems == ()


def test_nothing_is_wrong_with_them_but_that_no_clinician_has_reviewed_them() -> None:
    assert {problem.what for problem in check(FOLDER)} == {"no clinician has reviewed it"}


def test_they_are_about_the_eight_treatments() -> None:
    assert {document.treatment for document in DOCUMENTS} == TREATMENTS


@EACH
def test_a_document_says_what_it_is(document: Document) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", document.id)
    assert document.title == document.sections[0].headings[0]
    assert document.treatment
    assert document.other_names
    assert document.audience == "patient"
    assert (document.reviewed_by, document.reviewed_on, document.review_due) == (None, None, None)


@EACH
def test_a_document_cites_sources_with_name_address_and_kind(document: Document) -> None:
    assert document.sources
    assert [key for key, source in document.sources if not (source.name and source.address and source.kind)] == []


@EACH
def test_a_document_names_no_source_that_it_does_not_cite(document: Document) -> None:
    assert {key for key, _ in document.sources} == {key for mark in document.marks for key in mark.sources}


@pytest.mark.parametrize("treatment", sorted(TREATMENTS))
def test_the_documents_of_a_treatment_agree_on_its_other_names(treatment: str) -> None:
    assert len({document.other_names for document in DOCUMENTS if document.treatment == treatment}) == 1


@EACH
def test_every_sentence_with_figures_has_a_source(document: Document) -> None:
    unmarked = []
    for passage, start, end in sentences(document):
        sentence = document.text[start:end]
        if not re.search(r"\d", sentence.replace("CO2", "")) or is_marked(document, start, end):
            continue
        leads_into_sources = sentence.endswith(":") and all(
            is_marked(document, *item) for item in passage.sentences[1:]
        )
        if not leads_into_sources and not sentence.startswith("No sourced "):
            unmarked.append(sentence)
    assert unmarked == []


@EACH
def test_every_item_of_a_list_has_a_source(document: Document) -> None:
    items = [paragraph for section in document.sections for paragraph in section.paragraphs if paragraph.is_item]
    assert [document.text[i.start : i.end] for i in items if not is_marked(document, i.start, i.end)] == []


@EACH
def test_no_sentence_gives_a_dose(document: Document) -> None:
    assert re.findall(r"\d[\d.,]*\s*(?:mg|mcg|µg|ml|grams?|millilit\w+|units?|tablets?)\b", document.text) == []


@EACH
def test_no_sentence_clears_a_patient_or_stops_a_medicine(document: Document) -> None:
    never = ["you can have", "safe for you", "normal for you", "stop taking", "you should stop"]
    assert [words for words in never if words in document.text.lower()] == []


def test_a_disputed_claim_of_the_vendor_is_tied_to_the_dispute() -> None:
    caveats = {section.id: section.caveats for _, section in sections()}
    assert {
        claim: dispute for claim, dispute in DISPUTED.items() if f"co2-disputed-claims#{dispute}" not in caveats[claim]
    } == {}


def test_every_claim_of_the_vendor_is_disputed_or_known_not_to_be() -> None:
    claims = {
        section.id
        for document, section in sections()
        if document.id != "co2-disputed-claims"
        and not section.caveats
        and "The vendor's article" in document.text[section.start : section.end]
    }
    assert claims - UNDISPUTED == set()


def test_every_dispute_begins_with_the_claim_and_goes_on_with_its_sources() -> None:
    document = next(document for document in DOCUMENTS if document.id == "co2-disputed-claims")
    kinds = dict(document.sources)
    for section in document.sections:
        if not section.paragraphs:
            continue
        assert document.text[section.start :].startswith("The vendor's article ")
        cited = {key for mark in document.marks if section.start < mark.end <= section.end for key in mark.sources}
        assert {kinds[key].kind for key in cited} >= {"vendor", "clinical"}


def test_every_section_but_disputes_has_three_to_six_questions() -> None:
    numbers = {
        section.id: len(section.questions)
        for document, section in sections()
        if section.paragraphs and document.id != "co2-disputed-claims"
    }
    assert {section_id: number for section_id, number in numbers.items() if not 3 <= number <= 6} == {}
    assert not any(section.questions for document, section in sections() if document.id == "co2-disputed-claims")


@pytest.mark.parametrize("treatment", sorted(TREATMENTS))
def test_no_question_leads_to_two_sections_of_a_treatment(treatment: str) -> None:
    asked = [
        question.casefold().rstrip("?")
        for document, section in sections()
        if document.treatment == treatment
        for question in section.questions
    ]
    assert [question for question, number in Counter(asked).items() if number > 1] == []
