"""The manifest: which files changed since the index was built, and when a passage counts as changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.manifest import changed_files, file_states, passage_hash, question_hash, sha256
from kb.document import Passage
from kb.load import load
from kb.split import split


def passage_of(folder: Path, passage_id: str) -> Passage:
    return next(p for document in load(folder).documents for p in split(document) if p.id == passage_id)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_the_state_of_a_file_is_its_size_time_and_hash(clinic_folder: Path) -> None:
    states = file_states(clinic_folder)
    laser = clinic_folder / "laser.md"
    assert sorted(states) == ["laser.md", "peel.md", "telephone.md"]
    assert states["laser.md"].size == len(laser.read_bytes())
    assert states["laser.md"].mtime_ns == laser.stat().st_mtime_ns
    assert states["laser.md"].sha256 == sha256(laser)


def test_nothing_changed_when_nothing_was_done(clinic_folder: Path) -> None:
    assert changed_files(clinic_folder, file_states(clinic_folder)) == []


def test_a_file_that_was_touched_but_not_edited_did_not_change(clinic_folder: Path) -> None:
    known = file_states(clinic_folder)
    os.utime(clinic_folder / "laser.md", (0, 0))
    assert changed_files(clinic_folder, known) == []


def test_an_edit_that_keeps_the_size_is_seen(clinic_folder: Path) -> None:
    known = file_states(clinic_folder)
    edit(clinic_folder, "laser.md", "seven days", "eight days")
    assert (clinic_folder / "laser.md").stat().st_size == known["laser.md"].size
    assert changed_files(clinic_folder, known) == ["laser.md"]


def _add(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "ipl.md").write_text("# IPL\n\nLight.\n", encoding="utf-8")


def _delete(folder: Path) -> None:
    (folder / "peel.md").unlink()


def _rename(folder: Path) -> None:
    (folder / "peel.md").rename(folder / "acid.md")


def _edit(folder: Path) -> None:
    edit(folder, "peel.md", "five days", "five or six days")


def _describe(folder: Path) -> None:
    (folder / "peel.md.yaml").write_text("audience: staff\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (_add, ["more/ipl.md"]),
        (_delete, ["peel.md"]),
        (_rename, ["acid.md", "peel.md"]),
        (_edit, ["peel.md"]),
        (_describe, ["peel.md.yaml"]),
    ],
)
def test_a_changed_file_is_named_by_its_path(
    clinic_folder: Path, change: Callable[[Path], None], changed: list[str]
) -> None:
    known = file_states(clinic_folder)
    change(clinic_folder)
    assert changed_files(clinic_folder, known) == changed


def test_a_hidden_file_is_no_document_and_changes_nothing(clinic_folder: Path) -> None:
    known = file_states(clinic_folder)
    (clinic_folder / ".laser.md.swp").write_text("an editor's own", encoding="utf-8")
    assert changed_files(clinic_folder, known) == []


def test_a_file_that_cannot_be_opened_counts_as_changed_once_it_can(
    clinic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may run as root, who may open everything: so the refusal is played.
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "peel.md":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    with monkeypatch.context() as locked:
        locked.setattr(Path, "read_bytes", refuse)
        known = file_states(clinic_folder)
        assert known["peel.md"].sha256 == ""
        assert changed_files(clinic_folder, known) == []
    assert changed_files(clinic_folder, known) == ["peel.md"]


def test_the_hash_of_a_passage_stays_while_what_is_embedded_does(clinic_folder: Path) -> None:
    before = passage_hash(passage_of(clinic_folder, "peel#recovery"))
    edit(clinic_folder, "peel.md", "Do not have a peel", "Never have a peel")  # another section
    edit(clinic_folder, "peel.md", "treatment: Chemical peel", "audience: staff")  # not embedded
    assert passage_hash(passage_of(clinic_folder, "peel#recovery")) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("five days", "nine days"),  # the text
        ("## Recovery", "## RECOVERY"),  # its heading
        ("title: Chemical peel", "title: Acid peel"),  # the title above it
    ],
)
def test_the_hash_of_a_passage_changes_with_its_text_and_its_headings(clinic_folder: Path, old: str, new: str) -> None:
    before = passage_hash(passage_of(clinic_folder, "peel#recovery"))
    edit(clinic_folder, "peel.md", old, new)
    assert passage_hash(passage_of(clinic_folder, "peel#recovery")) != before


def test_the_hash_of_a_passage_changes_with_where_its_sentences_end(clinic_folder: Path) -> None:
    passage = passage_of(clinic_folder, "laser#recovery")
    assert len(passage.sentences) == 2
    joined = replace(passage, sentences=((passage.start, passage.end),))
    assert passage_hash(joined) != passage_hash(passage)


def test_the_hash_of_a_passage_does_not_depend_on_where_it_stands(clinic_folder: Path) -> None:
    before = passage_of(clinic_folder, "laser#what-studies-found")
    edit(clinic_folder, "laser.md", "Crusts fall off after a week.", "Crusts fall off.")
    after = passage_of(clinic_folder, "laser#what-studies-found")
    assert after.start != before.start
    assert passage_hash(after) == passage_hash(before)


def test_the_hash_of_a_passage_does_not_depend_on_the_questions_beside_it(clinic_folder: Path) -> None:
    before = passage_hash(passage_of(clinic_folder, "peel#recovery"))
    edit(clinic_folder, "peel.md", "five days.", "five days.\n\n> Questions: How long?")
    assert passage_hash(passage_of(clinic_folder, "peel#recovery")) == before


def test_the_hash_of_a_question_is_that_of_its_words() -> None:
    assert question_hash("How long?") == question_hash("How long?") != question_hash("How long")
