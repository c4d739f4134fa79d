"""Render: an answer becomes HTML in which every text is escaped and every quote can be opened where it stands."""

from __future__ import annotations

from datetime import date

import pytest
from bs4 import BeautifulSoup

from chatbot.answer import Answer
from chatbot.citation import Citation
from chatbot.settings import Clinic
from chatbot.web.render import NOT_REVIEWED, citations, contact, message, paragraphs
from kb.document import Document, Passage, Section, Source

EVIL = "<script>alert('x')</script> \"quoted\" & <img src=x onerror=y>"
TEXT = f"Before {EVIL}.\nRedness {EVIL} fades.\nAfter."
START, END = TEXT.index("Redness"), TEXT.index("\nAfter.")
MAKER = Source("The maker", "https://maker.example/?a=1&b='2'", "vendor")


def passage_of(*sources: Source, reviewed_by: str | None = None, page: int | None = None, text: str = TEXT) -> Passage:
    section = Section("d#s", (EVIL, "Recovery"), 0, len(text), ())
    document = Document(
        id="d",
        title=f"Title {EVIL}",
        path="d.md",
        text=text,
        sections=(section,),
        treatment="CO2 & laser",
        sources=tuple((source.name, source) for source in sources),
        reviewed_by=reviewed_by,
        reviewed_on=date(2026, 1, 31) if reviewed_by else None,
    )
    return Passage("d#s", document, section, 0, len(text), ((0, len(text)),), page=page)


def answer_of(*cited: Citation, text: str = "") -> Answer:
    return Answer(EVIL, "answered" if cited else "abstained", text, 0.9, citations=cited)


def cited(passage: Passage, number: int = 1, caveat: bool = False, about: str | None = None) -> Citation:
    return Citation(number, passage, START, END, caveat, about)


def soup_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_no_tag_of_a_document_becomes_a_tag_of_the_page() -> None:
    html = message(
        answer_of(cited(passage_of(MAKER, reviewed_by=EVIL), about=EVIL), cited(passage_of(), 2, caveat=True))
    )
    assert soup_of(html).find_all(["script", "img"]) == []
    assert soup_of(html).find_all(onerror=True) == []
    assert html.count(
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &quot;quoted&quot; &amp; &lt;img"
    ) == html.count("onerror")


def test_the_words_of_a_question_are_shown_as_text() -> None:
    (html,) = paragraphs(answer_of(text=f"They say nothing about {EVIL}.\nCall."))
    assert soup_of(html).find_all(True, recursive=True) == soup_of(html).find_all(["p", "br"])
    assert EVIL in soup_of(html).get_text()


def test_a_quote_is_shown_word_for_word_with_its_number() -> None:
    (html,) = paragraphs(answer_of(cited(passage_of(), number=7)))
    assert soup_of(html).get_text() == f"Redness {EVIL} fades. [7]"


def test_a_caveat_says_that_it_disputes() -> None:
    claim, caveat = paragraphs(answer_of(cited(passage_of()), cited(passage_of(), 2, caveat=True)))
    assert "disputed" not in claim
    assert soup_of(caveat).get_text().startswith("This is disputed:Redness")


def test_the_treatment_stands_above_the_quotes_that_begin_it() -> None:
    first, second = paragraphs(answer_of(cited(passage_of(), about="CO2 & laser"), cited(passage_of(), 2)))
    assert first.startswith("<p class='about'>About CO2 &amp; laser:</p>")
    assert "About" not in second


def test_a_source_opens_to_its_section_with_exactly_the_quote_marked() -> None:
    details = soup_of(citations(answer_of(cited(passage_of())))).details
    assert details is not None
    assert details.mark is not None
    assert details.mark.get_text() == TEXT[START:END]
    section = details.select_one(".section")
    assert section is not None
    for line_break in section.find_all("br"):
        line_break.replace_with("\n")
    assert section.get_text() == TEXT


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
    assert message(answer_of(text="Hello.")) == "<p>Hello.</p>"


def test_a_message_has_no_blank_line_that_markdown_would_take_for_its_own() -> None:
    text = "One.\n\n- two\n\n\n    three"
    passage = passage_of(text=text)
    assert "\n" not in message(answer_of(Citation(1, passage, 0, len(text))))


def test_the_clinic_can_be_called_written_to_and_is_escaped() -> None:
    clinic = Clinic(name=EVIL, phone="+44 (20) 1234", emergency_number="999", email="a'b@rose.example", hours="9 < 17")
    soup = soup_of(contact(clinic))
    assert [link["href"] for link in soup.find_all("a")] == ["tel:+44201234", "mailto:a'b@rose.example", "tel:999"]
    assert soup.find_all(["script", "img"]) == []
    assert "9 < 17" in soup.get_text()
