"""The build: unchanged text is never embedded twice, and a build that fails leaves the index as it was."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import MEND, IndexOf, LetterEncoder
from filelock import FileLock

import index.build
from index.build import BuildReport, EmptyKnowledgeBaseError, build_index
from index.search import search
from index.store import UnusableIndexError, current_version, open_index
from kb.split import MAX_PASSAGE_CHARS


@pytest.fixture
def indexed(clinic_folder: Path, home: Path) -> Path:
    """The clinic's folder with its index built: 6 passages."""
    build_index(clinic_folder, home, LetterEncoder())
    return clinic_folder


def counts(report: BuildReport) -> dict[str, int]:
    """The counts of a report that are not 0."""
    fields = {name: getattr(report, name) for name in ("new", "changed", "kept", "removed", "embedded")}
    return {name: count for name, count in fields.items() if count}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_first_build_embeds_every_passage(clinic_folder: Path, home: Path, encoder: LetterEncoder) -> None:
    report = build_index(clinic_folder, home, encoder)
    assert counts(report) == {"new": 6, "embedded": 6}
    assert encoder.encoded == 6
    assert report.problems == ()


def test_a_second_build_embeds_nothing_and_leaves_the_index_alone(
    indexed: Path, home: Path, encoder: LetterEncoder
) -> None:
    version = current_version(home)
    os.utime(indexed / "peel.md", (0, 0))  # touched, not edited
    assert counts(build_index(indexed, home, encoder)) == {"kept": 6}
    assert encoder.encoded == 0
    assert current_version(home) == version


def test_of_an_edited_document_only_the_edited_passage_is_embedded(
    indexed: Path, home: Path, encoder: LetterEncoder
) -> None:
    edit(indexed / "laser.md", "within seven days", "within two weeks")
    assert counts(build_index(indexed, home, encoder)) == {"changed": 1, "kept": 5, "embedded": 1}
    assert encoder.encoded == 1
    assert "two weeks" in open_index(home, MEND).passages.passages["laser#recovery"].text


def test_an_edit_of_the_front_matter_embeds_nothing_and_is_taken_over(
    indexed: Path, home: Path, encoder: LetterEncoder
) -> None:
    edit(indexed / "peel.md", "treatment:", "reviewed_by: Dr B. Example\ntreatment:")
    assert counts(build_index(indexed, home, encoder)) == {"kept": 6}
    assert encoder.encoded == 0
    assert open_index(home, MEND).passages.passages["peel#recovery"].document.reviewed_by == "Dr B. Example"


def test_an_edited_title_embeds_all_passages_under_it(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    edit(indexed / "laser.md", "title: Fractional CO2 laser", "title: The laser")
    assert counts(build_index(indexed, home, encoder)) == {"changed": 3, "kept": 3, "embedded": 3}


def test_of_an_added_document_only_its_passages_are_embedded(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    (indexed / "ipl.md").write_text("# IPL\n\n## What it is\n\nLight.\n\n## Recovery\n\nNone.\n")
    assert counts(build_index(indexed, home, encoder)) == {"new": 2, "kept": 6, "embedded": 2}
    assert encoder.encoded == 2


def test_a_deleted_document_is_found_no_more(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    before = search(open_index(home, MEND).passages, LetterEncoder(), "peeling five days", k=10)
    (indexed / "peel.md").unlink()
    assert counts(build_index(indexed, home, encoder)) == {"kept": 4, "removed": 2}
    assert encoder.encoded == 0
    after = search(open_index(home, MEND).passages, LetterEncoder(), "peeling five days", k=10)
    assert before[0].passage.document.id == "peel"
    assert {hit.passage.document.id for hit in after} == {"laser", "telephone"}


def test_a_renamed_document_that_names_its_id_keeps_its_passages(
    indexed: Path, home: Path, encoder: LetterEncoder
) -> None:
    (indexed / "peel.md").rename(indexed / "acid.md")
    assert counts(build_index(indexed, home, encoder)) == {"kept": 6}
    assert encoder.encoded == 0
    assert open_index(home, MEND).passages.passages["peel#recovery"].document.path == "acid.md"


def test_a_renamed_document_without_an_id_is_another_document_of_the_same_text(
    indexed: Path, home: Path, encoder: LetterEncoder
) -> None:
    (indexed / "ipl.md").write_text("# IPL\n\nIntense light.\n")
    build_index(indexed, home, LetterEncoder())
    (indexed / "ipl.md").rename(indexed / "light.md")
    assert counts(build_index(indexed, home, encoder)) == {"new": 1, "kept": 6, "removed": 1}
    assert encoder.encoded == 0


def test_the_same_text_in_two_documents_is_embedded_once(
    clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    for name in ("one.md", "two.md"):
        (clinic_folder / name).write_text("# Sun\n\nStay out of the sun.\n")
    report = build_index(clinic_folder, home, encoder)
    assert counts(report) == {"new": 8, "embedded": 7}
    assert encoder.encoded == 7
    found = search(open_index(home, MEND).passages, encoder, "stay out of the sun", k=2)
    assert {hit.passage.document.path for hit in found} == {"one.md", "two.md"}


def test_another_encoder_embeds_everything_anew(indexed: Path, home: Path) -> None:
    other = LetterEncoder(name="other letters")
    assert counts(build_index(indexed, home, other)) == {"kept": 6, "embedded": 6}
    assert other.encoded == 6
    assert open_index(home, MEND).manifest.encoder == "other letters"


def test_kept_vectors_are_those_that_a_build_from_nothing_makes(indexed: Path, home: Path, tmp_path: Path) -> None:
    edit(indexed / "laser.md", "within seven days", "within two weeks")
    (indexed / "peel.md").rename(indexed / "acid.md")  # so the passages change their order
    for place in (home, tmp_path / "fresh"):
        build_index(indexed, place, LetterEncoder())
    updated, fresh = open_index(home, MEND), open_index(tmp_path / "fresh", MEND)
    assert updated.passages.passages == fresh.passages.passages
    assert updated.manifest.passages == fresh.manifest.passages
    np.testing.assert_array_equal(updated.passages.vectors.vectors, fresh.passages.vectors.vectors)
    for passage_id, vectors in fresh.passages.sentence_vectors.items():
        np.testing.assert_array_equal(updated.passages.sentence_vectors[passage_id], vectors)


def test_questions_are_embedded_once_and_change_no_passage(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    edit(indexed / "laser.md", "after a week.", "after a week.\n\n> Questions: scabs · how long")
    edit(indexed / "peel.md", "five days.", "five days.\n\n> Questions: how long")
    assert counts(build_index(indexed, home, encoder)) == {"kept": 6}
    assert encoder.encoded == 2  # "scabs", and "how long" for both
    edit(indexed / "laser.md", "scabs · how long", "how long · crusts")
    edit(indexed / "laser.md", "title: Fractional CO2 laser", "title: Fractional CO2 laser\nreviewed_by: Dr C. Example")
    build_index(indexed, home, encoder)
    assert encoder.encoded == 3  # "crusts"
    build_index(indexed, home, encoder)
    assert encoder.encoded == 3


def test_an_edited_passage_embeds_none_of_its_questions(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    edit(indexed / "laser.md", "after a week.", "after a week.\n\n> Questions: scabs")
    build_index(indexed, home, LetterEncoder())
    edit(indexed / "laser.md", "within seven days", "within two weeks")
    assert counts(build_index(indexed, home, encoder)) == {"changed": 1, "kept": 5, "embedded": 1}
    assert encoder.encoded == 1


def test_another_encoder_embeds_the_questions_anew(indexed: Path, home: Path) -> None:
    edit(indexed / "laser.md", "after a week.", "after a week.\n\n> Questions: scabs")
    build_index(indexed, home, LetterEncoder())
    other = LetterEncoder(name="other letters")
    build_index(indexed, home, other)
    assert other.encoded == 7


def test_questions_of_a_section_without_text_are_not_indexed(indexed: Path, home: Path, encoder: LetterEncoder) -> None:
    edit(indexed / "laser.md", "# Fractional CO2 laser\n", "# Fractional CO2 laser\n\n> Questions: laser\n")
    build_index(indexed, home, encoder)
    assert encoder.encoded == 0
    assert open_index(home, MEND).passages.questions.section_ids == ()


def test_a_long_list_is_embedded_in_windows_each_under_the_headings(
    tmp_path: Path, index_of: IndexOf, encoder: LetterEncoder
) -> None:
    # With both items the list is longer than a passage may be; the lead-in and the first item are not.
    assert 600 < MAX_PASSAGE_CHARS < 1200
    folder = tmp_path / "list"
    folder.mkdir()
    (folder / "long.md").write_text(f"# Long\n\nDo not come if:\n\n- {'x' * 600}\n- {'y' * 600}\n")
    index = index_of(folder)
    (passage,) = index.passages.passages.values()
    assert passage.is_list
    assert encoder.encoded == 2  # the windows: "Long", the lead-in and the x item; "Long" and the y item
    # The list has the mean of its windows, (1, 0, 0, 0) and (0, 1, 0, 0), at length 1 ...
    np.testing.assert_allclose(index.passages.vectors.vectors, [[0.5**0.5, 0.5**0.5, 0, 0]], atol=1e-6)
    # ... and a vector each for its lead-in, which has no letter x, y or z, and its items.
    expected = [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]
    np.testing.assert_array_equal(index.passages.sentence_vectors[passage.id], expected)


def test_the_progress_ends_at_the_number_of_passages(clinic_folder: Path, home: Path, encoder: LetterEncoder) -> None:
    steps: list[tuple[int, int]] = []
    build_index(clinic_folder, home, encoder, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (6, 6)


def test_a_file_that_cannot_be_used_is_reported_and_the_rest_is_indexed(
    clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    (clinic_folder / "photo.jpeg").write_bytes(b"\xff\xd8")
    report = build_index(clinic_folder, home, encoder)
    assert [problem.path for problem in report.problems] == ["photo.jpeg"]
    assert report.new == 6


def test_a_folder_without_any_text_is_refused_with_the_reasons(
    tmp_path: Path, home: Path, encoder: LetterEncoder
) -> None:
    folder = tmp_path / "empty"
    with pytest.raises(FileNotFoundError, match="no such folder"):
        build_index(folder, home, encoder)
    folder.mkdir()
    (folder / "photo.jpeg").write_bytes(b"\xff\xd8")
    with pytest.raises(EmptyKnowledgeBaseError, match=r"Add your documents.*\n  photo\.jpeg: .*not read"):
        build_index(folder, home, encoder)


def test_only_the_current_version_and_the_one_before_it_are_kept(indexed: Path, home: Path) -> None:
    versions = [current_version(home)]
    for number in range(3):
        edit(indexed / "peel.md", "lasts", f"lasts {number} or")
        build_index(indexed, home, LetterEncoder())
        versions.append(current_version(home))
    assert len(set(versions)) == 4
    assert {folder.name for folder in (home / "versions").iterdir()} == set(versions[-2:])


def _no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("place", "step"), [(np, "save"), (Path, "write_bytes"), (Path, "write_text"), (os, "fsync"), (os, "replace")]
)
def test_a_full_disk_leaves_the_old_index_current_and_whole(
    indexed: Path, home: Path, monkeypatch: pytest.MonkeyPatch, place: object, step: str
) -> None:
    before = open_index(home, MEND)
    edit(indexed / "peel.md", "five days", "nine days")
    with monkeypatch.context() as full:
        full.setattr(place, step, _no_space)
        with pytest.raises(OSError, match="No space left"):
            build_index(indexed, home, LetterEncoder())
    after = open_index(home, MEND)
    assert after.version == before.version
    assert after.passages.passages == before.passages.passages
    # What was written in vain does not fill the disk any further.
    assert [folder.name for folder in (home / "versions").iterdir()] == [before.version]
    assert counts(build_index(indexed, home, LetterEncoder())) == {"changed": 1, "kept": 5, "embedded": 1}


def test_of_two_builders_at_once_one_does_the_work_and_both_end_well(clinic_folder: Path, home: Path) -> None:
    start = threading.Barrier(2)

    def build(encoder: LetterEncoder) -> tuple[BuildReport, int]:
        start.wait()
        return build_index(clinic_folder, home, encoder), encoder.encoded

    with ThreadPoolExecutor() as threads:
        ended = list(threads.map(build, [LetterEncoder(), LetterEncoder()]))
    assert sorted(encoded for _, encoded in ended) == [0, 6]
    assert sorted(report.embedded for report, _ in ended) == [0, 6]
    assert len(open_index(home, MEND).passages.passages) == 6


def test_a_builder_that_waits_too_long_for_another_says_so(
    clinic_folder: Path, home: Path, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.build, "MAX_WAIT_S", 0.1)
    home.mkdir()
    with FileLock(home / "lock"), pytest.raises(UnusableIndexError, match="Another process has been indexing"):
        build_index(clinic_folder, home, encoder)
