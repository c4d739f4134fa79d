"""Turn: an answer becomes parts in their order, sources that open to the quote in its section, and choices."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chatbot.answer import Answer
from chatbot.citation import Citation
from chatbot.question import Question
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.urgent import urgent
from chatbot.web.numbers import Run, runs
from chatbot.web.turn import Choice, SourceName, choices, parts, sources
from kb.document import Document, Paragraph, Passage, Section, Source

CLINIC = Clinic(
    name="Rose Clinic", phone="+44 (0)20 7946 0000", emergency_number="999", urgent_care_line="111",
    poison_line="0344 892 0111 (24 h)", crisis_line="116 123 (Samaritans)",
)  # fmt: skip
TEXT = "Before. Redness fades in a week.\nAfter."
QUOTE = "Redness fades in a week."


def citation_of(
    text: str = TEXT, number: int = 1, caveat: bool = False, about: str | None = None, named: tuple[Source, ...] = ()
) -> Citation:
    """A quote of QUOTE in a section of this text."""
    lines = tuple(Paragraph(m.start(), m.end(), is_item=False) for m in re.finditer(r".+", text))
    section = Section("d#s", ("Laser", "Recovery"), 0, len(text), lines)
    document = Document(
        id="d", title="Laser", path="d.md", text=text, sections=(section,), treatment="Laser",
        sources=tuple((source.name, source) for source in named), reviewed_by="Dr A. Example",
    )  # fmt: skip
    passage = Passage("d#s", document, section, 0, len(text), ((0, len(text)),), page=3)
    return Citation(number, passage, text.index(QUOTE), text.index(QUOTE) + len(QUOTE), caveat, about)


def answer_of(*cited: Citation, text: str = "", note: str = "", **more: Any) -> Answer:
    return Answer("red?", "answered" if cited else "abstained", text, 0.9, citations=cited, note=note, **more)


def urgent_of(rule_id: str) -> Answer:
    rule = next(rule for rule in load_rules().urgent if rule.id == rule_id)
    given = urgent(Question("?"), Triage("urgent", rule.id, urgent=rule), CLINIC)
    assert given is not None
    return given


def said(answer: Answer) -> list[tuple[str, str]]:
    return [(part.kind, "".join(run.text for run in part.runs)) for part in parts(answer, CLINIC)]


def test_a_quote_has_its_treatment_above_it_and_its_dispute_below_it_and_the_note_is_last() -> None:
    given = answer_of(citation_of(about="Laser"), citation_of(number=2, caveat=True), note="Please ask the clinic.")
    assert said(given) == [
        ("about", "Laser"), ("quote", QUOTE), ("dispute", QUOTE), ("note", "Please ask the clinic."),
    ]  # fmt: skip
    assert [part.citation for part in parts(given, CLINIC)] == [None, 1, 2, None]


def test_an_answer_without_quotes_is_one_text() -> None:
    assert said(answer_of(text="Our documents do not answer that.")) == [("text", "Our documents do not answer that.")]


def test_an_urgent_answer_says_first_what_to_do_now_then_meanwhile_then_what_is_worse_then_why() -> None:
    kinds = [kind for kind, _ in said(urgent_of("pus"))]
    assert list(dict.fromkeys(kinds)) == ["now", "do", "worse", "sign", "why"]
    assert [kinds.count(kind) for kind in ("now", "worse", "why")] == [1, 1, 1]


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules().urgent])
def test_no_line_of_an_urgent_answer_is_lost(rule: str) -> None:
    given = urgent_of(rule)
    assert [text for _, text in said(given)] == [
        line.removeprefix("- ") for line in given.text.splitlines() if line.strip()
    ]


def test_a_number_of_the_clinic_can_be_tapped_and_no_other() -> None:
    assert runs("Call 999 or +44 (0)20 7946 0000, not 1999.", CLINIC) == (
        Run("Call "), Run("999", "999"), Run(" or "), Run("+44 (0)20 7946 0000", "+442079460000"), Run(", not 1999."),
    )  # fmt: skip


def test_the_numbers_in_a_quote_are_the_documents_and_are_not_tapped() -> None:
    text = TEXT.replace("in a week", "in 999 days")
    quote = "Redness fades in 999 days."
    citation = citation_of()
    section = Section("d#s", ("Laser",), 0, len(text), ())
    document = Document(id="d", title="Laser", path="d.md", text=text, sections=(section,), treatment="Laser")
    passage = Passage("d#s", document, section, 0, len(text), ((0, len(text)),))
    citation = Citation(1, passage, text.index(quote), text.index(quote) + len(quote))
    (part,) = parts(answer_of(citation), CLINIC)
    assert part.runs == (Run(quote),)


def test_a_part_is_sent_without_what_it_does_not_have() -> None:
    (text,) = parts(answer_of(text="Call 999."), CLINIC)
    assert text.to_json() == {"kind": "text", "runs": [{"text": "Call "}, {"text": "999", "tel": "999"}, {"text": "."}]}
    (quote,) = parts(answer_of(citation_of()), CLINIC)
    assert quote.to_json() == {"kind": "quote", "runs": [{"text": QUOTE}], "citation": 1}


def test_a_source_opens_to_the_quote_in_its_section() -> None:
    (source,) = sources(answer_of(citation_of()))
    assert (source.before, source.quote, source.after) == ("Before. ", QUOTE, "\nAfter.")
    assert (source.number, source.title, source.section, source.page) == (1, "Laser", "Recovery", 3)
    assert (source.reviewed_by, source.caveat) == ("Dr A. Example", False)


def test_around_the_quote_only_what_a_patient_may_be_shown_is_shown() -> None:
    (source,) = sources(answer_of(citation_of(f"Take 500 mg of it. One. {QUOTE} It is set to 20 mJ. Two.")))
    assert (source.before, source.after) == ("[…] One. ", " […] Two.")


def test_only_addresses_of_the_web_are_given_to_link_to() -> None:
    bad, good = Source("The maker", "javascript:alert(1)", "vendor"), Source("A study", "https://a.example", "clinical")
    (source,) = sources(answer_of(citation_of(named=(bad, good))))
    assert source.names == (SourceName("A study", "https://a.example"), SourceName("The maker", None))
    assert source.kind == "clinical"


def test_a_choice_of_a_day_shows_the_day_and_asks_the_whole_question() -> None:
    given = answer_of(text="How long ago?", suggestions=("red? (3 days ago)",), asks_day=True)
    assert choices(given) == [Choice("3 days ago", "red? (3 days ago)")]


def test_any_other_choice_shows_what_it_asks() -> None:
    given = answer_of(citation_of(), suggestions=("Laser: Results",))
    assert choices(given) == [Choice("Laser: Results", "Laser: Results")]
