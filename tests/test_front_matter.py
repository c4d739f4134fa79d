"""What a document says about itself, and what is refused."""

from __future__ import annotations

import re
from datetime import date

import pytest

from kb.front_matter import FrontMatter, SourceMatter, parse_front_matter, split_front_matter

WHOLE = """\
id: glow
title: Glow, explained
treatment: Glow
other_names: [glowing, glow light]
audience: staff
sources:
  clinic: {name: Our clinic, address: "https://clinic.example", kind: clinic}
  book: {name: A book}
questions:
  Going back to work: ["When can I work?", downtime]
reviewed_by: Dr A. Example
reviewed_on: 2026-01-31
review_due: 2027-01-31
"""


def test_every_field_is_read() -> None:
    assert parse_front_matter(WHOLE) == FrontMatter(
        id="glow",
        title="Glow, explained",
        treatment="Glow",
        other_names=("glowing", "glow light"),
        audience="staff",
        sources={
            "clinic": SourceMatter(name="Our clinic", address="https://clinic.example", kind="clinic"),
            "book": SourceMatter(name="A book"),
        },
        questions={"Going back to work": ("When can I work?", "downtime")},
        reviewed_by="Dr A. Example",
        reviewed_on=date(2026, 1, 31),
        review_due=date(2027, 1, 31),
    )


def test_every_field_may_be_left_out() -> None:
    assert parse_front_matter("{}") == FrontMatter(
        id=None,
        title=None,
        treatment=None,
        other_names=(),
        audience="patient",
        sources={},
        questions={},
        reviewed_by=None,
        reviewed_on=None,
        review_due=None,
    )


@pytest.mark.parametrize(
    ("text", "matter", "rest"),
    [
        pytest.param("---\nid: a\n---\nText.", FrontMatter(id="a"), "Text.", id="between lines of hyphens"),
        pytest.param("---\r\nid: a\r\n---\r\nText.", FrontMatter(id="a"), "Text.", id="Windows line ends"),
        pytest.param("\ufeff---\nid: a\n---\nText.", FrontMatter(id="a"), "Text.", id="after a byte order mark"),
        pytest.param("---\nid: a\n---", FrontMatter(id="a"), "", id="and no text"),
        pytest.param("---\nid: a\n---\nA\n\n---\n\nB", FrontMatter(id="a"), "A\n\n---\n\nB", id="a rule in the text"),
        pytest.param("Text.", None, "Text.", id="none"),
        pytest.param("Text.\n---\nid: a\n---\n", None, "Text.\n---\nid: a\n---\n", id="not at the top"),
    ],
)
def test_front_matter_is_split_from_the_text(text: str, matter: FrontMatter | None, rest: str) -> None:
    assert split_front_matter(text) == (matter, rest)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("title: [", "front matter is not valid YAML: while parsing", id="unreadable YAML"),
        pytest.param("", "front matter must be a list of `field: value` lines", id="nothing"),
        pytest.param("- a", "front matter must be a list of `field: value` lines", id="a list"),
        pytest.param("titel: Glow", "front matter has a wrong field (titel: extra inputs", id="an unknown field"),
        pytest.param("title: 2026", "front matter has a wrong field (title: input should be", id="a wrong kind"),
        pytest.param("audience: all", "front matter has a wrong field (audience: input should be", id="an audience"),
        pytest.param("review_due: soon", "front matter has a wrong field (review_due: input should be", id="no date"),
        pytest.param("review_due: 2026-13-01", "front matter is not valid YAML: month must be", id="month 13"),
        pytest.param(
            "{sources: {a: {name: A, kind: blog}}, id: [1]}",
            "front matter has a wrong field (id: input should be a valid string; sources.a.kind: input should be",
            id="two wrong fields",
        ),
    ],
)
def test_wrong_front_matter_is_refused_with_the_field_and_the_reason(content: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        parse_front_matter(content)


def test_text_is_stripped_and_blank_text_is_none() -> None:
    assert parse_front_matter('{id: " a ", reviewed_by: " "}') == FrontMatter(id="a", reviewed_by=None)
