"""Render: an answer becomes HTML in which every text is escaped, every quote can be opened where it stands, and every
number of the clinic can be tapped.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from bs4 import BeautifulSoup

from chatbot.answer import Answer, Status
from chatbot.citation import Citation
from chatbot.question import Question
from chatbot.rules import Urgency, load_rules
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.urgent import urgent
from chatbot.web.render import (
    NOT_FILLED_IN,
    NOT_REVIEWED,
    citations,
    contact,
    message,
    paragraphs,
    pinned,
    placeholders,
)
from kb.document import Document, Paragraph, Passage, Section, Source

CLINIC = Clinic(
    name="Rose & Clinic", phone="+44 (0)20 7946 0000", hours="9 to 17", emergency_number="999",
    urgent_care_line="111", poison_line="0344 892 0111 (24 h)", crisis_line="116 123 (Samaritans)",
)  # fmt: skip

EVIL = "<script>alert('x')</script> \"quoted\" & <img src=x onerror=y>"
TEXT = f"Before {EVIL}.\nRedness {EVIL} fades.\nAfter."
START, END = TEXT.index("Redness"), TEXT.index("\nAfter.")
MAKER = Source("The maker", "https://maker.example/?a=1&b='2'", "vendor")


def passage_of(
    *sources: Source, reviewed_by: str | None = None, page: int | None = None, text: str = TEXT,
    treatment: str = "CO2 & laser",
) -> Passage:  # fmt: skip
    lines = [Paragraph(m.start(), m.end(), is_item=m[0].startswith("- ")) for m in re.finditer(r".+", text)]
    section = Section("d#s", (EVIL, "Recovery"), 0, len(text), tuple(lines))
    document = Document(
        id="d",
        title=f"Title {EVIL}",
        path="d.md",
        text=text,
        sections=(section,),
        treatment=treatment,
        sources=tuple((source.name, source) for source in sources),
        reviewed_by=reviewed_by,
        reviewed_on=date(2026, 1, 31) if reviewed_by else None,
    )
    return Passage("d#s", document, section, 0, len(text), ((0, len(text)),), page=page)


def answer_of(*cited: Citation, text: str = "", note: str = "", status: Status = "answered") -> Answer:
    return Answer(EVIL, status if cited else "abstained", text, 0.9, citations=cited, note=note)


def urgent_of(rule_id: str, clinic: Clinic = CLINIC) -> Answer:
    """The urgent answer of a rule."""
    rule = next(rule for rule in load_rules().urgent if rule.id == rule_id)
    given = urgent(Question("?"), Triage("urgent", rule.id, urgent=rule), clinic)
    assert given is not None
    return given


def urgent_text(first: str, level: Urgency = "same_day") -> Answer:
    """An urgent answer whose first line is this."""
    return Answer("?", "urgent", f"{first}\n\n- Rest.\n\nWorse:\n- {EVIL}\n\nA rule.", 0.0, level)


def links_of(html: str) -> dict[str, str]:
    """The text of each link, and where it leads."""
    return {link.get_text(): str(link["href"]) for link in soup_of(html).find_all("a")}


def cited(passage: Passage, number: int = 1, caveat: bool = False, about: str | None = None) -> Citation:
    return Citation(number, passage, START, END, caveat, about)


def opened(citation: Citation) -> tuple[str, str]:
    """What is marked in the section that a citation opens to, and the section."""
    section = soup_of(citations(answer_of(citation))).select_one(".section")
    assert section is not None
    assert section.mark is not None
    for line_break in section.find_all("br"):
        line_break.replace_with("\n")
    return section.mark.get_text(), section.get_text()


def soup_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_no_tag_of_a_document_becomes_a_tag_of_the_page() -> None:
    given = answer_of(cited(passage_of(MAKER, reviewed_by=EVIL), about=EVIL), cited(passage_of(), 2, caveat=True))
    html = message(given, CLINIC)
    assert soup_of(html).find_all(["script", "img"]) == []
    assert soup_of(html).find_all(onerror=True) == []
    assert html.count(
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &quot;quoted&quot; &amp; &lt;img"
    ) == html.count("onerror")


def test_the_words_of_a_question_are_shown_as_text() -> None:
    (html,) = paragraphs(answer_of(text=f"They say nothing about {EVIL}.\nCall."), CLINIC)
    assert soup_of(html).find_all(True, recursive=True) == soup_of(html).find_all(["p", "br"])
    assert EVIL in soup_of(html).get_text()


def test_a_quote_is_shown_word_for_word_with_its_number() -> None:
    (html,) = paragraphs(answer_of(cited(passage_of(), number=7)), CLINIC)
    assert soup_of(html).get_text() == f"Redness {EVIL} fades. [7]"


def test_a_caveat_says_that_it_disputes() -> None:
    claim, caveat = paragraphs(answer_of(cited(passage_of()), cited(passage_of(), 2, caveat=True)), CLINIC)
    assert "disputed" not in claim
    assert soup_of(caveat).get_text().startswith("This is disputed:Redness")


def test_the_treatment_stands_above_the_quotes_that_begin_it() -> None:
    first, second = paragraphs(answer_of(cited(passage_of(), about="CO2 & laser"), cited(passage_of(), 2)), CLINIC)
    assert first.startswith("<p class='about'>About CO2 &amp; laser:</p>")
    assert "About" not in second


def test_a_source_opens_to_its_section_with_exactly_the_quote_marked() -> None:
    assert opened(cited(passage_of())) == (TEXT[START:END], TEXT)


@pytest.mark.parametrize(
    ("around", "shown"),
    [
        ("One. QUOTE Two.\nThree.", "One. QUOTE Two.\nThree."),
        ("Take 500 mg of it. One. QUOTE Two.", "[…] One. QUOTE Two."),
        ("One. QUOTE It is set to 20 mJ. At a fluence of ten. Two.", "One. QUOTE […] Two."),
        ("Use 20 mJ. QUOTE Or 30 mJ.", "[…] QUOTE […]"),
        ("QUOTE\nThe laser does not burn the skin.\nTwo.", "QUOTE\n[…]\nTwo."),
        ("One.\nThe laser removes eye bags.\nQUOTE", "One.\n[…]\nQUOTE"),
        ("QUOTE\nBring:\n- a hat\n- 500 mg of aciclovir\n- a scarf", "QUOTE\nBring:\n- a hat\n[…]\n- a scarf"),
        ("QUOTE\nAt 20 mJ it suits:\n- a hat\n- a scarf\nTwo.", "QUOTE\n[…]\nTwo."),
    ],
    ids=["nothing", "dose", "run", "both sides", "never repeated", "disputed", "item", "lead-in"],
)
def test_around_the_quote_only_what_a_patient_may_be_shown_is_shown(around: str, shown: str) -> None:
    quote = "Redness fades."
    text = around.replace("QUOTE", quote)
    passage = passage_of(MAKER, text=text, treatment="Fractional CO2 laser")
    start = text.index(quote)
    citation = Citation(1, passage, start, start + len(quote))
    assert opened(citation) == (quote, shown.replace("QUOTE", quote))


def test_what_a_section_holds_outside_its_paragraphs_is_not_shown() -> None:
    passage = passage_of()
    bare = replace(passage, section=replace(passage.section, paragraphs=passage.section.paragraphs[:2]))
    assert opened(cited(bare)) == (TEXT[START:END], f"{TEXT[:END]}\n[…]")


def test_the_summary_of_a_source_names_heading_document_page_and_kind() -> None:
    html = citations(answer_of(cited(passage_of(MAKER, page=3))))
    summary = soup_of(html).summary
    assert summary is not None
    assert summary.get_text() == f"[1] {EVIL} › Recovery (Title {EVIL}, page 3; the vendor's statement)"


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://maker.example/?a=1&b='2'", True),
        ("http://maker.example", True),
        ("javascript:alert(1)", False),
        (" https://maker.example", False),
        ("data:text/html,<script>", False),
        ("supplied by the vendor", False),
        (None, False),
    ],
)
def test_only_addresses_of_the_web_become_links(address: str | None, is_link: bool) -> None:
    html = citations(answer_of(cited(passage_of(Source("The maker", address, "vendor")))))
    assert [link["href"] for link in soup_of(html).find_all("a")] == ([address] if is_link else [])
    assert "Source: The maker" in soup_of(html).get_text()


def test_every_source_of_a_quote_is_named() -> None:
    html = citations(answer_of(cited(passage_of(MAKER, Source("A study", None, "clinical")))))
    assert "Source: A study; The maker." in soup_of(html).get_text()


def test_what_nobody_reviewed_says_so_beside_the_source_and_under_the_answer() -> None:
    html = citations(answer_of(cited(passage_of())))
    assert html.count(NOT_REVIEWED) == 2


def test_what_was_reviewed_names_the_reviewer() -> None:
    html = citations(answer_of(cited(passage_of(reviewed_by="Dr A. Example"))))
    assert "Reviewed by Dr A. Example." in html
    assert NOT_REVIEWED not in html


def test_one_text_that_nobody_reviewed_is_enough_for_the_notice() -> None:
    reviewed = passage_of(reviewed_by="Dr A. Example")
    assert "not-reviewed" in citations(answer_of(cited(reviewed), cited(passage_of(), 2)))


def test_an_answer_without_quotes_has_no_sources() -> None:
    assert citations(answer_of(text="Hello.")) == ""
    assert message(answer_of(text="Hello."), CLINIC) == "<p>Hello.</p>"


def test_a_message_has_no_blank_line_that_markdown_would_take_for_its_own() -> None:
    text = "One.\n\n- two\n\n\n    three"
    passage = passage_of(text=text)
    assert "\n" not in message(urgent_of("pus"), CLINIC)
    assert "\n" not in message(answer_of(Citation(1, passage, 0, len(text))), CLINIC)


def test_the_clinic_can_be_called_written_to_and_is_escaped() -> None:
    clinic = CLINIC.model_copy(
        update={"name": EVIL, "phone": "+44 (20) 1234", "email": "a'b@rose.example", "hours": "9 < 17"}
    )
    soup = soup_of(contact(clinic))
    assert [link["href"] for link in soup.find_all("a")] == ["tel:+44201234", "mailto:a'b@rose.example", "tel:999"]
    assert soup.find_all(["script", "img"]) == []
    assert "9 < 17" in soup.get_text()


def test_a_personal_question_gets_its_quotes_then_what_the_clinic_must_decide_then_the_sources() -> None:
    given = answer_of(cited(passage_of()), note="Only a clinician can decide.\n\nCall 999.", status="referred")
    quote, note = paragraphs(given, CLINIC)
    assert "Redness" in quote
    assert note == "<p class='note'>Only a clinician can decide.<br><br>Call <a href='tel:999'>999</a>.</p>"
    assert message(given, CLINIC).endswith(citations(given))
    alone = Answer("?", "referred", "Only a clinician can decide.", 0.1, note="Only a clinician can decide.")
    assert message(alone, CLINIC) == "<p>Only a clinician can decide.</p>"


def test_an_urgent_answer_says_first_what_to_do_now_then_lists_then_why() -> None:
    soup = soup_of(message(urgent_of("pus"), CLINIC))
    box = soup.div
    assert box is not None
    assert (box["class"], box["role"]) == (["urgent", "same_day"], "alert")
    assert [(part.name, part.get("class")) for part in box.find_all(["p", "ul"])] == [
        ("p", ["now"]), ("ul", None), ("p", ["worse"]), ("ul", None), ("p", ["why"]),
    ]  # fmt: skip
    now, meanwhile, worse, signs, why = (part.get_text() for part in box.find_all(["p", "ul"]))
    assert now.startswith("Call Rose & Clinic on +44 (0)20 7946 0000 (9 to 17) now, today")
    assert meanwhile == "Say when your treatment was. Do not squeeze or pick anything."
    assert worse == "Call 999 at once with any of these:"
    assert "extreme shivering" in signs
    assert "(rule: pus)" in why


@pytest.mark.parametrize("level", ["emergency", "same_day", "soon"])
def test_each_level_has_its_class(level: Urgency) -> None:
    assert message(urgent_text("Call.", level), CLINIC).startswith(f"<div class='urgent {level}' role='alert'>")
    assert pinned([urgent_text("Call.", level)], CLINIC).startswith(f"<div class='pinned {level}' role='status'>")


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules().urgent])
def test_every_urgent_rule_can_be_shown_and_its_first_line_can_be_called(rule: str) -> None:
    given = urgent_of(rule)
    now = soup_of(message(given, CLINIC)).select_one(".now")
    assert now is not None
    assert now.get_text() == given.text.splitlines()[0]
    assert now.find("a") is not None


def test_an_urgent_answer_is_escaped() -> None:
    html = message(urgent_text(EVIL), CLINIC) + pinned([urgent_text(EVIL)], CLINIC)
    assert soup_of(html).find_all(["script", "img"]) == []
    assert soup_of(html).get_text().count(EVIL) == 3


def test_each_number_of_the_clinic_can_be_tapped_and_no_other() -> None:
    text = "Call +44 (0)20 7946 0000, 999, 111, 0344 892 0111 (24 h) or 116 123 (Samaritans); not 1999, 9 to 17 or 24."
    html = message(urgent_text(text), CLINIC)
    assert links_of(html) == {
        "+44 (0)20 7946 0000": "tel:+442079460000",
        "999": "tel:999",
        "111": "tel:111",
        "0344 892 0111": "tel:03448920111",
        "116 123": "tel:116123",
    }
    assert text in soup_of(html).get_text()


@pytest.mark.parametrize(
    ("setting", "dialled"),
    [
        ("111", "111"),
        ("15", "15"),
        ("116 123 (Samaritans)", "116123"),
        ("988 (call or text 24/7)", "988"),
        ("24/7: 0800 11 11", "08001111"),
        ("999 or 112", "999"),
        ("999/112", "999"),
        ("030/123456", "030123456"),
        ("(020) 7946-0000", "02079460000"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("+44 (0)20 7946 0000", "+442079460000"),
        ("020 7946 0000 ext 123", "02079460000"),
        ("your doctor", None),
        ("9 to 17", None),
    ],
)
def test_the_first_number_in_a_setting_is_dialled(setting: str, dialled: str | None) -> None:
    clinic = Clinic(crisis_line=setting)
    links = links_of(message(urgent_text(f"Call {setting}, now."), clinic))
    assert list(links.values()) == ([f"tel:{dialled}"] if dialled else [])


def test_what_is_not_filled_in_is_no_link_and_no_number() -> None:
    html = message(urgent_of("pus", Clinic()), Clinic()) + contact(Clinic())
    assert links_of(html) == {}
    assert "SET ME" not in html
    assert "In an emergency call your local emergency number" in contact(Clinic())


def test_a_page_without_numbers_warns_and_one_with_all_does_not() -> None:
    assert placeholders(CLINIC.model_copy(update={"poison_line": "SET ME"})) == (
        f"<div class='placeholders' role='alert'>{NOT_FILLED_IN}</div>"
    )
    assert placeholders(CLINIC) == ""


def test_of_all_answers_the_most_urgent_is_pinned_and_of_equals_the_latest() -> None:
    soon, call, first, second = (
        urgent_text("Soon.", "soon"), urgent_text("Call 111."), urgent_text("First.", "emergency"),
        urgent_text("Second.", "emergency"),
    )  # fmt: skip
    assert pinned([], CLINIC) == ""
    assert pinned([None, answer_of(text="Hello.")], CLINIC) == ""
    assert pinned([soon, call, None, soon], CLINIC) == (
        "<div class='pinned same_day' role='status'>Call <a href='tel:111'>111</a>.</div>"
    )
    assert ">Second.<" in pinned([first, call, second, call], CLINIC)
