"""A disputed section is tied to the sections that dispute it, or it is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.document import Problem
from kb.load import Loaded, load

REMEDY = "Correct the link: file.md#heading-in-lower-case-with-hyphens, to a section with text for the same readers."


def claim(*links: str, heading: str = "Claim") -> str:
    return f"# {heading}\n\nIt works.\n\n> Caveat: {' and '.join(f'[see]({link})' for link in links)}\n"


def loaded(folder: Path, **files: str) -> Loaded:
    """Load files given as name=text, where "__" stands for the line between folders."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load(folder)


def caveats(found: Loaded) -> dict[str, tuple[str, ...]]:
    return {section.id: section.caveats for document in found.documents for section in document.sections}


def withheld(path: str, heading: str, *links: str) -> Problem:
    what = f"section '{heading}' is withheld: its caveat link leads nowhere ({', '.join(links)})"
    return Problem(path, what, REMEDY, "error")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        pytest.param("#doubt", "a.md#doubt", id="in the same file"),
        pytest.param("b.md#doubt", "b-id#doubt", id="in another file, whose id is its own"),
        pytest.param("./b.md#doubt", "b-id#doubt", id="with a dot"),
        pytest.param("c/d.md#doubt", "c/d.md#doubt", id="in a folder below"),
        pytest.param("b.md#doubt-about-crème", "b-id#doubt-about-crème", id="with an accent"),
        pytest.param("b.md#doubt-1", "b-id#doubt-1", id="the second of two equal headings"),
    ],
)
def test_a_caveat_link_becomes_the_id_of_its_section(tmp_path: Path, link: str, target: str) -> None:
    found = loaded(
        tmp_path,
        a=claim(link) + "\n# Doubt\n\nNo.",
        b="---\nid: b-id\n---\n# Doubt\n\nNo.\n\n# Doubt about crème\n\nNo.\n\n# Doubt\n\nStill no.",
        c__d="# Doubt\n\nNo.",
    )
    assert found.problems == ()
    assert caveats(found)["a.md#claim"] == (target,)


def test_a_caveat_link_may_lead_to_a_folder_beside_its_own(tmp_path: Path) -> None:
    found = loaded(tmp_path, one__a=claim("../two/b.md#doubt"), two__b="# Doubt\n\nNo.")
    assert caveats(found) == {"one/a.md#claim": ("two/b.md#doubt",), "two/b.md#doubt": ()}


def test_a_section_may_have_several_caveats(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=claim("b.md#one", "b.md#two"), b="# One\n\nNo.\n\n# Two\n\nNo.")
    assert caveats(found)["a.md#claim"] == ("b.md#one", "b.md#two")


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("b.md#no-such-heading", id="to no section"),
        pytest.param("no-such-file.md#doubt", id="to no file"),
        pytest.param("b.md", id="to a file without a section"),
        pytest.param("b.md#empty", id="to an empty section"),
        pytest.param("staff.md#doubt", id="to a document for staff"),
        pytest.param("https://example.org/b.md#doubt", id="to a web page"),
    ],
)
def test_a_section_whose_caveat_cannot_be_shown_is_withheld_and_named(tmp_path: Path, link: str) -> None:
    found = loaded(
        tmp_path,
        a=claim(link, "b.md#doubt") + "\n# Rest\n\nIt hurts.",
        b="# Doubt\n\nNo.\n\n# Empty\n",
        staff="---\naudience: staff\n---\n# Doubt\n\nNo.",
    )
    assert found.problems == (withheld("a.md", "Claim", link),)
    assert [section.id for section in found.documents[0].sections] == ["a.md#rest"]


def test_staff_see_caveats_in_documents_for_staff(tmp_path: Path) -> None:
    staff = "---\naudience: staff\n---\n"
    found = loaded(tmp_path, a=staff + claim("b.md#doubt"), b=staff + "# Doubt\n\nNo.")
    assert found.problems == ()


def test_a_section_whose_caveat_is_withheld_is_withheld_too(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        a=claim("b.md#claim-b", heading="Claim A"),
        b=claim("c.md#claim-c", heading="Claim B"),
        c=claim("d.md#gone", heading="Claim C"),
        d="# Doubt\n\nNo.",
    )
    assert caveats(found) == {"d.md#doubt": ()}
    assert found.problems == (
        withheld("a.md", "Claim A", "b.md#claim-b"),
        withheld("b.md", "Claim B", "c.md#claim-c"),
        withheld("c.md", "Claim C", "d.md#gone"),
    )


def test_two_sections_may_dispute_each_other(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=claim("b.md#no", heading="Yes"), b=claim("a.md#yes", heading="No"))
    assert caveats(found) == {"a.md#yes": ("b.md#no",), "b.md#no": ("a.md#yes",)}


def test_text_above_the_first_heading_may_be_disputed_and_is_named_by_the_title(tmp_path: Path) -> None:
    found = loaded(tmp_path, a="It works.\n\n> Caveat: [no](#no)\n\n# Rest\n\nIt hurts.")
    assert found.problems == (withheld("a.md", "Rest", "#no"),)


def test_the_text_of_a_document_stays_the_same_when_a_section_is_withheld(tmp_path: Path) -> None:
    (document,) = loaded(tmp_path, a=claim("#gone") + "\n# Rest\n\nIt hurts.").documents
    (rest,) = document.sections
    assert document.text == "Claim\n\nIt works.\n\nRest\n\nIt hurts."
    assert document.text[rest.start : rest.end] == "It hurts."


def test_a_section_with_a_caveat_without_a_link_is_withheld(tmp_path: Path) -> None:
    found = loaded(tmp_path, a="# Claim\n\nIt works.\n\n> Caveat: results differ.\n\n# Rest\n\nIt hurts.")
    assert found.problems == (withheld("a.md", "Claim", "no link"),)
