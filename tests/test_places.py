"""Results as HTML: escaped, marked, with disputes beside, and with what can be copied."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from conftest import ROSE, LetterEncoder
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookUp
from chatbot.desk.permissions import Person
from chatbot.mailing.outbox import Outbox
from chatbot.settings import Settings
from chatbot.shelf import Filters
from chatbot.web.staff import places
from index.build import build_index

READER = Person("Rea Hall", "reader")
ALL = Filters()


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return Desk(rose_bot, store, Outbox(store, None, keep_days=30), Settings())


def shown(desk: Desk, text: str, filters: Filters = ALL) -> str:
    return places.results(LookUp(desk).find(READER, text, filters), ROSE)


def test_the_quote_is_marked_and_its_section_can_be_opened(desk: Desk) -> None:
    html = shown(desk, "recovery redness", Filters(treatment="Fractional CO2 laser"))
    first = html.partition("</article>")[0]
    assert "<mark>Redness fades within seven days.</mark>" in first
    assert "Crusts fall off after a week." in first
    assert "Reviewed by Dr A. Example on 2026-01-31" in first
    assert "One session removes every scar." in first.partition("<details>")[2]


def test_a_dispute_stands_beside_the_quote_and_beside_a_neighbour(desk: Desk) -> None:
    dispute = "Most people need three sessions or more."
    for text in ("removes every scar", "recovery redness"):
        first = shown(desk, text, Filters(treatment="Fractional CO2 laser")).partition("</article>")[0]
        claim = first.index("One session removes every scar.")
        assert dispute in first[claim:].partition("<div class='section own'>")[0]


def test_what_is_for_staff_is_said_to_be_and_has_nothing_to_copy(desk: Desk) -> None:
    html = shown(desk, "deposit fifty pounds", Filters(audience="staff"))
    assert "Staff only: not for patients" in html
    assert "data-refused='This is for staff only. It was not copied.'" in html
    assert "data-phone" not in html
    assert "data-copy" not in html


def test_what_is_copied_is_what_the_desk_says(desk: Desk) -> None:
    html = unescape(shown(desk, "recovery redness", Filters(treatment="Fractional CO2 laser")))
    assert "data-phone='Redness fades within seven days.\nThat is from Fractional CO2 laser." in html
    assert "data-email='“Redness fades within seven days.”\n\nFrom “Fractional CO2 laser”, Recovery." in html


def test_an_emergency_stands_above_the_results(desk: Desk) -> None:
    html = shown(desk, "redness, I can't breathe")
    assert html.index("Call <a href='tel:999'>999</a> now") < html.index("<ol class='places'")


def test_the_words_of_a_document_are_never_html(
    desk: Desk, clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    hostile = """---
title: "<img src=x onerror=alert(1)>"
treatment: "\\"><script>alert(2)</script>"
sources:
  bad: {name: "<svg onload=alert(3)>", address: "javascript:alert(4)"}
reviewed_by: "<b onclick=alert(5)>"
---

## Yes `<i onmouseover=alert(6)>'"`

Zebra `<script>alert(7)</script>` ' " `&lt;`.
"""
    (clinic_folder / "hostile.md").write_text(hostile, encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    html = shown(desk, "zebra")
    assert "Zebra" in html
    for begun in ("<script", "<img", "<svg", "<i ", "<b ", "href='javascript"):
        assert begun not in html
    assert places.refused("<b>'no'").count("<b>") == 0


def test_nothing_found_says_what_to_do(desk: Desk) -> None:
    assert "Nothing was found" in shown(desk, "pain", Filters(treatment="Another one"))
