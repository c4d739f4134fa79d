"""Every problem of a folder, errors first, each with its remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kb.check import check
from kb.document import Problem

TODAY = date(2026, 6, 1)
GOOD = """\
---
sources:
  clinic: {name: Our clinic, address: "https://clinic.example", kind: clinic}
reviewed_by: Dr A. Example
reviewed_on: 2026-01-31
review_due: 2026-06-01
---
# Glow

It heals.
"""


def found(folder: Path, text: str) -> list[Problem]:
    (folder / "a.md").write_text(text, encoding="utf-8")
    return check(folder, TODAY)


def test_a_reviewed_document_with_its_sources_has_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param(
            "reviewed_by: Dr A. Example",
            "",
            Problem(
                "a.md",
                "no clinician has reviewed it",
                "Have a clinician review it, then set `reviewed_by`, `reviewed_on` and `review_due`.",
                "warning",
            ),
            id="no review",
        ),
        pytest.param(
            "review_due: 2026-06-01",
            "review_due: 2026-05-31",
            Problem(
                "a.md",
                "its review was due on 2026-05-31",
                "Have it reviewed again, then set a new `review_due`.",
                "error",
            ),
            id="a review that was due yesterday",
        ),
        pytest.param(
            'sources:\n  clinic: {name: Our clinic, address: "https://clinic.example", kind: clinic}\n',
            "",
            Problem("a.md", "it names no source", "Name its `sources` in its front matter.", "warning"),
            id="no source",
        ),
        pytest.param(
            ', address: "https://clinic.example"',
            "",
            Problem("a.md", "source 'clinic' has no address", "Add its address in its front matter.", "warning"),
            id="a source without an address",
        ),
        pytest.param(
            ", kind: clinic",
            "",
            Problem("a.md", "source 'clinic' has no kind", "Add its kind in its front matter.", "warning"),
            id="a source without a kind",
        ),
        pytest.param(
            "It heals.\n",
            "It heals.\n\n## Risks\n\n## Costs\n\nNone.\n",
            Problem("a.md", "section 'Risks' is empty", "Write its text, or delete the heading.", "warning"),
            id="an empty section",
        ),
        pytest.param(
            "It heals.\n",
            "It heals.\n\n> Questions: Does it heal? · How?\n\n## Risks\n\nFew.\n\n> Questions: does it heal\n",
            Problem(
                "a.md",
                "sections 'Glow' and 'Risks' have the same question, 'does it heal'",
                "Keep it where it is answered better.",
                "warning",
            ),
            id="a question in two sections",
        ),
        pytest.param(
            "# Glow\n",
            "# Glow\n\n> Questions: Does it heal?\n\n## Healing\n",
            Problem(
                "a.md",
                "section 'Glow' has questions, but no text that answers them",
                "Move them to the section that does.",
                "warning",
            ),
            id="questions without an answer",
        ),
        pytest.param(
            "It heals.\n",
            "> Questions: Does it heal?\nIt heals.\n\nIt does.\n",
            Problem(
                "a.md",
                "section 'Glow' has a question that ends as a statement, 'It heals.', and is not shown",
                "Text needs an empty line between the questions and itself.",
                "warning",
            ),
            id="text that was taken for a question",
        ),
        pytest.param(
            "It heals.\n",
            "It heals.\n\n> Questions:\n",
            Problem(
                "a.md",
                "section 'Glow' has an empty list of questions",
                'Write the questions, with "·" between them, or delete the list.',
                "error",
            ),
            id="an empty list of questions",
        ),
        pytest.param(
            "It heals.\n",
            "It heals.\n\n## Risks",
            Problem("a.md", "section 'Risks' is empty", "Write its text, or delete the heading.", "warning"),
            id="an empty section at the end",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(tmp_path: Path, before: str, after: str, problem: Problem) -> None:
    assert before in GOOD
    assert found(tmp_path, GOOD.replace(before, after)) == [problem]


def test_a_heading_with_sections_under_it_is_not_empty(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD + "\n## Risks\n\n### Early\n\nRedness.\n") == []


def test_the_front_matter_of_a_page_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>It heals.</p>", encoding="utf-8")
    assert [problem.remedy for problem in check(tmp_path, TODAY)][1] == "Name its `sources` in a.html.yaml."


def test_a_folder_without_documents_is_an_error(tmp_path: Path) -> None:
    assert check(tmp_path, TODAY) == [
        Problem(str(tmp_path), "the folder holds no readable document", "Put your treatment documents in it.", "error")
    ]


def test_errors_come_before_warnings_and_files_that_cannot_be_read_are_among_them(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("It heals.", encoding="utf-8")
    (tmp_path / "b.odt").write_text("x", encoding="utf-8")
    (tmp_path / "c.md").write_text("It works.\n\nCaveat: [no](#no)\n\n# Rest\n\nIt heals.", encoding="utf-8")
    assert [(problem.severity, problem.path, problem.what) for problem in check(tmp_path, TODAY)] == [
        ("error", "b.odt", "files of type '.odt' are not read"),
        ("error", "c.md", "section 'Rest' is withheld: its caveat link leads nowhere (#no)"),
        ("warning", "a.md", "no clinician has reviewed it"),
        ("warning", "a.md", "it names no source"),
        ("warning", "c.md", "no clinician has reviewed it"),
        ("warning", "c.md", "it names no source"),
    ]


def test_a_review_that_is_long_overdue_is_found_without_a_date(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD.replace("2026-06-01", "2001-01-01"), encoding="utf-8")
    assert [problem.what for problem in check(tmp_path)] == ["its review was due on 2001-01-01"]


def test_a_problem_reads_as_one_line() -> None:
    assert str(Problem("a.md", "it is empty", "Delete it.")) == "a.md: it is empty. Delete it."


@pytest.mark.parametrize("field", ["reviewed_on: 2026-01-31", "review_due: 2026-06-01"])
def test_a_review_without_its_dates_is_named(tmp_path: Path, field: str) -> None:
    (problem,) = found(tmp_path, GOOD.replace(field, ""))
    assert (problem.what, problem.severity) == (f"it names a reviewer but no `{field.split(':')[0]}`", "warning")
