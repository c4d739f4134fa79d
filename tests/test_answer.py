"""An answer is exact quotes in the documents' order, each with what disputes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import IndexOf

from chatbot.answer import MAX_OF_PART, Answer, abstain, answer, refuse
from chatbot.question import Question
from chatbot.quote import MAX_QUOTES, choose
from chatbot.rules import load_rules
from chatbot.scope import Scope
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.verify import Evidence, Verdict
from index.store import StoredIndex

LASER = """---
{id: laser, title: CO2 laser, treatment: Fractional CO2 laser, reviewed_by: Dr A. Example, reviewed_on: 2026-01-31,
sources: {maker: {name: The maker, address: "https://maker.example", kind: vendor}}}
---
# CO2 laser
## Recovery
Redness fades in a week. Crusts fall off by themselves. Swelling goes sooner.
## Results
One session closes every pore.[^maker] Pores get smaller. Dullness is gone for good.[^maker]

Caveat: [studies](#studies)
## Studies
Most people need three sessions. Wrinkles come back.

Caveat: [doubts](peel.md#doubts)
## Before the CO2 laser
Stop smoking.
"""
PEEL = """---
{id: peel, title: Peel, treatment: Chemical peel}
---
# Peel
## Doubts
The studies of sessions were small.
## Recovery
Peeling lasts five days.
## Who should wait
Do not have a peel if you:

- are pregnant
- have a cold sore
- are sunburnt
## One is best
A single peel is best.

Caveat: [four](#four-are-best)
## Four are best
Four peels are best of all.

Caveat: [one](#one-is-best)
"""
GENERAL = """---
{id: general, title: Any treatment, treatment: null}
---
# Any treatment
## Sun
Keep out of the sun. Stop smoking now.
"""
ANY = Scope(frozenset(), frozenset())
LASER_NAMED = Scope(frozenset({"Fractional CO2 laser"}), frozenset())
PEEL_NAMED = Scope(frozenset({"Chemical peel"}), frozenset())
ANSWERABLE = Triage("answerable")
CLINIC = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999")
REACH = "Please ask Rose Clinic: call 01 234."
OUT = Question("when can I go out?")
FADES = "Redness fades in a week."


@pytest.fixture
def index(tmp_path: Path, index_of: IndexOf) -> StoredIndex:
    folder = tmp_path / "kb"
    folder.mkdir()
    for name, text in {"general.md": GENERAL, "laser.md": LASER, "peel.md": PEEL}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return index_of(folder)


def said(index: StoredIndex, text: str, score: float = 1.0, covers: str = "", means: str = "") -> Evidence:
    """A sentence as evidence. It is like no other in meaning, save the one that it `means`."""
    passages = index.passages.passages.values()
    spans = {p.document.text[start:end]: (p, start, end) for p in passages for start, end in p.sentences}
    vector = np.eye(len(spans), dtype=np.float32)[list(spans).index(means or text)]
    return Evidence(*spans[text], score, cosine=0.5, vector=vector, covers=frozenset(covers.split()))


def verdict_on(index: StoredIndex, *evidence: str | Evidence, question: str = OUT.text) -> Verdict:
    """That the documents answer, with this evidence, best first."""
    given = tuple(said(index, one) if isinstance(one, str) else one for one in evidence)
    return Verdict(question, 0.87654321, is_answered=True, evidence=given, unknown=())


def answer_from(index: StoredIndex, *evidence: str | Evidence, about: Scope = LASER_NAMED) -> Answer:
    """The answer to a question about a treatment with this evidence, best first."""
    return answer(OUT, ANSWERABLE, [verdict_on(index, *evidence)], index, about, CLINIC)


def quotes(given: Answer) -> list[str]:
    return [citation.quote for citation in given.citations]


def quotes_and_caveats(given: Answer) -> list[tuple[str, bool]]:
    return [(citation.quote, citation.caveat) for citation in given.citations]


def test_quotes_stand_in_the_order_of_the_documents_whatever_their_rank(index: StoredIndex) -> None:
    given = answer_from(index, "Stop smoking.", "Swelling goes sooner.", "Redness fades in a week.")
    assert quotes(given) == ["Redness fades in a week.", "Swelling goes sooner.", "Stop smoking."]
    assert given.text == "Redness fades in a week. [1]\n\nSwelling goes sooner. [2]\n\nStop smoking. [3]"


def test_a_section_that_disputes_another_stands_after_what_answers_plainly(index: StoredIndex) -> None:
    given = answer_from(index, "Most people need three sessions.", "Stop smoking.")
    assert quotes(given)[:2] == ["Stop smoking.", "Most people need three sessions. Wrinkles come back."]


def test_sentences_next_to_each_other_are_one_quote(index: StoredIndex) -> None:
    given = answer_from(index, "Crusts fall off by themselves.", "Redness fades in a week.")
    assert quotes(given) == ["Redness fades in a week. Crusts fall off by themselves."]


def test_an_item_is_quoted_with_its_whole_list_once(index: StoredIndex) -> None:
    given = answer_from(index, "have a cold sore", "are pregnant", about=PEEL_NAMED)
    assert quotes(given) == ["Do not have a peel if you:\n\n- are pregnant\n- have a cold sore\n- are sunburnt"]


def test_a_sentence_that_means_the_same_as_a_better_one_elsewhere_is_left_out(index: StoredIndex) -> None:
    first, second = "Redness fades in a week.", "Keep out of the sun."
    given = answer_from(index, first, said(index, second, means=first))
    assert quotes(given) == [first]


def test_a_sentence_in_nearly_the_same_letters_as_a_better_one_is_left_out(index: StoredIndex) -> None:
    assert quotes(answer_from(index, "Stop smoking.", "Stop smoking now.")) == ["Stop smoking."]


def test_only_sentences_that_answer_are_quoted(index: StoredIndex) -> None:
    scores = {"Stop smoking.": 0.9, "Swelling goes sooner.": 0.5, FADES: 0.49}
    given = answer_from(index, *(said(index, text, score) for text, score in scores.items()))
    assert quotes(given) == ["Swelling goes sooner.", "Stop smoking."]


def test_the_best_evidence_is_quoted_even_when_its_score_is_0(index: StoredIndex) -> None:
    assert quotes(answer_from(index, said(index, "Stop smoking.", score=0.0))) == ["Stop smoking."]


def test_no_more_sentences_are_quoted_than_the_most(index: StoredIndex) -> None:
    sentences = ["Stop smoking.", "Swelling goes sooner.", "Redness fades in a week.", "Keep out of the sun."]
    assert len(sentences) == MAX_QUOTES
    assert sorted(quotes(answer_from(index, *sentences, "Peeling lasts five days."))) == sorted(sentences)


def test_a_claim_is_followed_by_what_disputes_it_and_by_what_disputes_that_each_whole_and_once(
    index: StoredIndex,
) -> None:
    given = answer_from(index, "One session closes every pore.", "Dullness is gone for good.", "Stop smoking.")
    assert quotes_and_caveats(given) == [
        ("One session closes every pore.", False),
        ("Most people need three sessions. Wrinkles come back.", True),
        ("The studies of sessions were small.", True),
        ("Dullness is gone for good.", False),
        ("Stop smoking.", False),
    ]
    assert "This is disputed: Most people need three sessions. Wrinkles come back. [2]" in given.text


def test_a_section_that_stands_as_a_caveat_is_not_quoted_beside_itself(index: StoredIndex) -> None:
    studies = ["Most people need three sessions.", "The studies of sessions were small."]
    given = answer_from(index, *studies, "Pores get smaller.")
    assert quotes_and_caveats(given) == [
        ("Pores get smaller.", False),
        ("Most people need three sessions. Wrinkles come back.", True),
        ("The studies of sessions were small.", True),
    ]


def test_a_section_that_disputes_another_is_quoted_whole_since_its_parts_restate_what_it_disputes(
    index: StoredIndex,
) -> None:
    given = answer_from(index, "Wrinkles come back.")
    assert quotes_and_caveats(given) == [
        ("Most people need three sessions. Wrinkles come back.", False),
        ("The studies of sessions were small.", True),
    ]


def test_two_sections_that_dispute_each_other_are_both_quoted_with_their_dispute(index: StoredIndex) -> None:
    given = answer_from(index, "Four peels are best of all.", "A single peel is best.", about=PEEL_NAMED)
    assert quotes_and_caveats(given) == [
        ("A single peel is best.", False),
        ("Four peels are best of all.", True),
        ("Four peels are best of all.", False),
        ("A single peel is best.", True),
    ]


def test_a_caveat_that_is_not_in_the_index_is_an_error(index: StoredIndex) -> None:
    evidence = said(index, "Stop smoking.")
    section = replace(evidence.passage.section, caveats=("laser#nowhere",))
    with pytest.raises(LookupError, match="laser#nowhere"):
        answer_from(index, replace(evidence, passage=replace(evidence.passage, section=section)))


def test_where_several_treatments_may_be_meant_each_has_one_quote_that_names_it(index: StoredIndex) -> None:
    sentences = ["Stop smoking.", "Peeling lasts five days.", "Keep out of the sun.", "Redness fades in a week."]
    given = answer_from(index, *sentences, about=ANY)
    assert given.text == (
        "About any treatment:\n\nKeep out of the sun. [1]\n\n"
        "About Fractional CO2 laser:\n\nStop smoking. [2]\n\n"
        "About Chemical peel:\n\nPeeling lasts five days. [3]"
    )


def test_where_several_treatments_may_be_meant_the_question_is_suggested_with_each_of_their_names(
    index: StoredIndex,
) -> None:
    given = answer_from(index, "Stop smoking.", "Peeling lasts five days.", "Keep out of the sun.", about=ANY)
    assert given.suggestions == (f"Fractional CO2 laser: {OUT.text}", f"Chemical peel: {OUT.text}")


def test_where_one_treatment_answers_or_is_named_its_headings_are_suggested(index: StoredIndex) -> None:
    alone = answer_from(index, "Stop smoking.", about=ANY)
    named = answer_from(index, "Stop smoking.", "Keep out of the sun.")
    for given in (alone, named):
        assert OUT.text not in " ".join(given.suggestions)
        assert "Fractional CO2 laser: Studies" in given.suggestions
    assert alone.citations[0].about == "Fractional CO2 laser"  # any might have been meant


def test_the_question_about_the_day_goes_before_the_one_about_the_treatment(index: StoredIndex) -> None:
    verdict = verdict_on(index, "Stop smoking.", "Peeling lasts five days.")
    given = answer(SORE, watching("soreness", asks_day=True), [verdict], index, ANY, CLINIC)
    assert given.suggestions[0] == "a bit sore (today or yesterday)"
    assert [citation.about for citation in given.citations] == ["Fractional CO2 laser", "Chemical peel"]


def test_a_quote_stands_under_its_own_treatment_after_a_caveat_of_another_document(index: StoredIndex) -> None:
    given = answer_from(index, "One session closes every pore.", "Peeling lasts five days.", about=ANY)
    assert [citation.about for citation in given.citations] == ["Fractional CO2 laser", None, None, "Chemical peel"]


def test_what_to_ask_next_is_the_headings_nearest_to_the_quotes_with_their_treatment(index: StoredIndex) -> None:
    laser, heading = "Fractional CO2 laser", "Before the CO2 laser"
    given = answer_from(index, "Wrinkles come back.")
    assert given.suggestions == (f"{laser}: Results", f"{laser}: {heading}", f"{laser}: Recovery")


def test_the_object_of_an_answer_has_the_keys_of_the_contract_and_can_be_written_as_json(index: StoredIndex) -> None:
    given = answer_from(index, "One session closes every pore.")
    written = json.loads(json.dumps(given.to_json()))
    assert written == given.to_json()
    assert " ".join(written) == "question status urgency text confidence citations suggestions contact"
    assert " ".join(written["citations"][0]) == (
        "number passage_id document_id document_title section page quote start end source caveat"
    )
    assert list(written.values())[:3] == ["when can I go out?", "answered", None]
    assert (written["confidence"], written["contact"]) == (0.8765, None)


def test_a_citation_says_where_its_quote_stands_whose_it_is_and_who_reviewed_it(index: StoredIndex) -> None:
    cited = answer_from(index, "One session closes every pore.").to_json()["citations"]
    texts = {document.id: document.text for document in index.documents}
    assert all(texts[c["document_id"]][c["start"] : c["end"]] == c["quote"] for c in cited)
    assert (cited[0]["number"], cited[0]["section"], cited[0]["document_title"]) == (1, "Results", "CO2 laser")
    assert cited[0]["source"] == {
        "name": "The maker", "address": "https://maker.example", "kind": "vendor", "others": [],
        "reviewed_by": "Dr A. Example", "reviewed_on": "2026-01-31",
    }  # fmt: skip
    assert cited[1]["source"]["name"] == "CO2 laser"  # a sentence without a source is the document's own


def test_a_named_treatment_without_documents_is_said_to_be_missing_beside_the_answer(index: StoredIndex) -> None:
    about = Scope(frozenset({"Fractional CO2 laser"}), frozenset({"Microneedling"}))
    evidence = (said(index, "Redness fades in a week."),)
    question = Question("CO2 laser or microneedling for redness?")
    given = answer(question, ANSWERABLE, [verdict_on(index, *evidence)], index, about, CLINIC)
    assert given.text == "Redness fades in a week. [1]\n\nWe have no document about Microneedling."


def test_sentences_that_differ_in_a_figure_or_a_negation_do_not_say_the_same(tmp_path: Path, index_of: IndexOf) -> None:
    pairs = ["You may wash after 24 hours.", "You may wash after 72 hours.", "You may eat.", "You may not eat."]
    text = "---\n{id: a, title: A, treatment: Peel}\n---\n" + "".join(f"## H{n}\n{p}\n" for n, p in enumerate(pairs))
    folder = tmp_path / "pairs"
    folder.mkdir()
    (folder / "a.md").write_text(text, encoding="utf-8")
    index = index_of(folder)
    evidence = tuple(said(index, pair, means=pairs[0]) for pair in pairs)
    given = answer(Question("?"), ANSWERABLE, [verdict_on(index, *evidence)], index, ANY, CLINIC)
    assert quotes(given) == pairs


# A question that asks several things


def nothing_on(index: StoredIndex, question: str, *unknown: str, probability: float = 0.1) -> Verdict:
    """That the documents do not answer, although something was read."""
    return Verdict(question, probability, is_answered=False, evidence=(said(index, FADES),), unknown=unknown)


def test_each_part_is_quoted_in_the_documents_order_and_the_confidence_is_the_surest_ones(index: StoredIndex) -> None:
    smoking = verdict_on(index, "Stop smoking.", question="can I smoke")
    redness = replace(verdict_on(index, FADES, question="is it red"), probability=0.95)
    given = answer(OUT, ANSWERABLE, [smoking, redness], index, LASER_NAMED, CLINIC)
    assert given.text == "Redness fades in a week. [1]\n\nStop smoking. [2]"
    assert (given.question, given.confidence, given.contact) == (OUT.text, 0.95, None)


def test_a_part_that_the_documents_do_not_answer_is_named_with_the_way_to_the_clinic(index: StoredIndex) -> None:
    fly, name = nothing_on(index, "may I fly", "fly"), nothing_on(index, "what is it called?")
    given = answer(OUT, ANSWERABLE, [fly, verdict_on(index, "Stop smoking."), name], index, LASER_NAMED, CLINIC)
    note = f"Our documents do not answer “may I fly” or “what is it called?”. {REACH}"
    assert (given.status, given.note) == ("answered", note)
    assert given.text == f"Stop smoking. [1]\n\n{note}"  # what was read for a part that is not answered is not quoted
    assert given.confidence == pytest.approx(0.87654321)


def test_what_is_missing_and_what_to_watch_for_are_said_one_after_another(index: StoredIndex) -> None:
    about = Scope(frozenset({"Fractional CO2 laser"}), frozenset({"Microneedling"}))
    verdicts = [verdict_on(index, FADES), nothing_on(index, "does microneedling hurt")]
    given = answer(SORE, watching("bleeding-dots", asks_day=False), verdicts, index, about, CLINIC)
    no_document, not_answered, watch = given.note.split("\n\n")
    assert no_document == "We have no document about Microneedling."
    assert not_answered == f"Our documents do not answer “does microneedling hurt”. {REACH}"
    assert watch.endswith("call 999.")


def test_of_each_part_fewer_sentences_are_quoted_and_what_answers_two_comes_once(index: StoredIndex) -> None:
    first = verdict_on(index, FADES, "Stop smoking.", "Swelling goes sooner.", question="a")
    second = verdict_on(index, FADES, "Keep out of the sun.", "Crusts fall off by themselves.", question="b")
    given = answer(OUT, ANSWERABLE, [first, second], index, LASER_NAMED, CLINIC)
    assert MAX_OF_PART == 2
    assert quotes(given) == ["Keep out of the sun.", FADES, "Stop smoking."]


def test_the_caveats_of_every_part_are_shown(index: StoredIndex) -> None:
    first = verdict_on(index, "One session closes every pore.", question="does it close pores")
    second = verdict_on(index, "Stop smoking.", question="may I smoke")
    third = nothing_on(index, "may I fly")
    given = answer(OUT, ANSWERABLE, [first, second, third], index, LASER_NAMED, CLINIC)
    assert quotes_and_caveats(given) == [
        ("One session closes every pore.", False),
        ("Most people need three sessions. Wrinkles come back.", True),
        ("The studies of sessions were small.", True),
        ("Stop smoking.", False),
    ]


def test_of_each_part_every_treatment_has_one_quote_where_any_may_be_meant(index: StoredIndex) -> None:
    first = verdict_on(index, "Stop smoking.", FADES, "Peeling lasts five days.", question="a")
    second = verdict_on(index, "Swelling goes sooner.", "Keep out of the sun.", question="b")
    given = answer(OUT, ANSWERABLE, [first, second], index, ANY, CLINIC)
    assert [(citation.about, citation.quote) for citation in given.citations] == [
        ("any treatment", "Keep out of the sun."),
        ("Fractional CO2 laser", "Swelling goes sooner."),
        (None, "Stop smoking."),
        ("Chemical peel", "Peeling lasts five days."),
    ]


def test_where_no_part_is_answered_the_unknown_words_of_all_are_named_each_once(index: StoredIndex) -> None:
    verdicts = [
        nothing_on(index, "may I fly", "fly"),
        nothing_on(index, "may I ski or fly", "ski", "fly", probability=0.3),
    ]
    given = abstain(Question("may I fly, may I ski or fly"), ANSWERABLE, verdicts, ANY, CLINIC)
    assert given.text == f"Our documents do not answer that: they say nothing about “fly” or “ski”. {REACH}"
    assert (given.confidence, given.suggestions) == (0.3, ("Fractional CO2 laser: Recovery",))


def test_whoever_names_no_subject_is_asked_for_one(index: StoredIndex) -> None:
    given = abstain(Question("can I have it?"), ANSWERABLE, [nothing_on(index, "can I have it?")], ANY, CLINIC)
    assert given.text.startswith("Please say a little more: which treatment, and what about it, such as make-up,")
    assert given.text.endswith(REACH)
    understood = nothing_on(index, "can I have a sauna after the CO2 laser")  # by what was asked before
    given = abstain(Question("can I have it?"), ANSWERABLE, [understood], ANY, CLINIC)
    assert given.text == f"Our documents do not answer that, although they mention some of its words. {REACH}"


# What is chosen


def texts(chosen: list[Evidence]) -> list[str]:
    return [evidence.passage.document.text[evidence.start : evidence.end] for evidence in chosen]


@pytest.mark.parametrize(
    ("most", "per_treatment", "expected"),
    [
        (4, 4, ["Stop smoking.", "Peeling lasts five days.", "Keep out of the sun.", FADES]),
        (2, 4, ["Stop smoking.", "Peeling lasts five days."]),
        (4, 1, ["Stop smoking.", "Peeling lasts five days.", "Keep out of the sun."]),
        (1, 1, ["Stop smoking."]),
    ],
    ids=["room for all", "two at most", "one of each treatment", "one"],
)
def test_the_first_sentences_are_chosen_as_far_as_there_is_room_for_them_and_their_treatment(
    most: int, per_treatment: int, expected: list[str], index: StoredIndex
) -> None:
    sentences = ["Stop smoking.", "Peeling lasts five days.", "Keep out of the sun.", FADES]
    assert texts(choose([said(index, one) for one in sentences], most, per_treatment)) == expected


def test_what_repeats_a_better_one_takes_nobodys_place(index: StoredIndex) -> None:
    again = said(index, "Keep out of the sun.", means=FADES)
    evidence = [said(index, FADES), again, said(index, "Peeling lasts five days.")]
    assert texts(choose(evidence, 2, 2)) == [FADES, "Peeling lasts five days."]
    other_words = [evidence[0], replace(again, covers=frozenset({"sun"}))]  # they cover other parts of the question
    assert texts(choose(other_words, 2, 2)) == [FADES, "Keep out of the sun."]


def test_nothing_is_chosen_from_nothing() -> None:
    assert choose([], MAX_QUOTES, MAX_QUOTES) == []


# A sign that may become urgent

WATCHED = {rule.id: rule for rule in load_rules().watch}
SORE = Question("a bit sore")


def watching(rule: str, asks_day: bool) -> Triage:
    return Triage("answerable", watch=WATCHED[rule], asks_day=asks_day)


def test_a_sign_that_may_become_urgent_is_answered_with_when_it_does_on_the_clinics_own_numbers(
    index: StoredIndex,
) -> None:
    given = answer(
        SORE, watching("bleeding-dots", asks_day=False), [verdict_on(index, FADES)], index, LASER_NAMED, CLINIC
    )
    assert given.text == (
        "Redness fades in a week. [1]\n\nThis page cannot judge your own skin. "
        "If blood flows, soaks a dressing or does not stop under firm pressure, call 999."
    )
    assert (given.asks_day, given.contact) == (False, None)
    assert given.suggestions == answer_from(index, "Redness fades in a week.").suggestions


def test_whoever_does_not_say_the_day_is_asked_for_it_once_with_the_question_repeated_for_each_choice(
    index: StoredIndex,
) -> None:
    given = answer(SORE, watching("soreness", asks_day=True), [verdict_on(index, FADES)], index, LASER_NAMED, CLINIC)
    assert given.text.endswith("\n\nHow long ago was your treatment? What to look for depends on it.")
    assert given.suggestions == (
        "a bit sore (today or yesterday)",
        "a bit sore (3 days ago)",
        "a bit sore (6 days ago)",
        "a bit sore (2 weeks ago)",
    )
    assert given.asks_day


def test_the_line_on_a_sign_stands_beside_a_treatment_without_documents(index: StoredIndex) -> None:
    about = Scope(frozenset({"Fractional CO2 laser"}), frozenset({"Microneedling"}))
    given = answer(SORE, watching("bleeding-dots", asks_day=False), [verdict_on(index, FADES)], index, about, CLINIC)
    assert given.note.split("\n\n")[0] == "We have no document about Microneedling."
    assert given.note.endswith("call 999.")
    assert given.text == f"Redness fades in a week. [1]\n\n{given.note}"


def test_where_the_documents_do_not_answer_the_line_on_a_sign_is_said_all_the_same(index: StoredIndex) -> None:
    given = abstain(SORE, watching("soreness", asks_day=True), [nothing_on(index, SORE.text, "sore")], ANY, CLINIC)
    missing, watch, day = given.text.split("\n\n")
    assert missing == f"Our documents do not answer that: they say nothing about “sore”. {REACH}"
    assert watch.startswith("This page cannot judge your own skin. Call Rose Clinic on 01 234 the same day if pain")
    assert watch.endswith("is an emergency: 999.")
    assert day.startswith("How long ago was your treatment?")
    assert (given.status, given.asks_day, given.contact, len(given.suggestions)) == ("abstained", True, CLINIC, 4)


def test_a_rule_that_refuses_says_why_and_how_to_reach_the_clinic_and_leaves_its_name() -> None:
    reply = "Device settings are chosen by the clinician."
    given = refuse(Question("which joules?"), Triage("refused", "settings", reply), CLINIC)
    assert (given.status, given.text) == ("abstained", f"{reply} {REACH}")
    assert (given.rule, given.contact, given.citations, given.suggestions) == ("settings", CLINIC, (), ())
    assert given.confidence == 0.0
