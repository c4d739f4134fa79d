"""The store: an index is read back exactly as it was written, or refused with the command that mends it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import MEND, IndexOf, LetterEncoder

from index.build import build_index
from index.manifest import FORMAT, passage_hash, question_hash, sha256
from index.store import (
    MissingIndexError,
    StoredIndex,
    UnusableIndexError,
    current_version,
    index_home,
    open_index,
    refuse_stale,
)
from kb.load import load
from kb.split import split

FILES = [
    "checksums.json",
    "documents.json",
    "keywords/data.csc.index.npy",
    "keywords/frequencies.json",
    "keywords/indices.csc.index.npy",
    "keywords/indptr.csc.index.npy",
    "keywords/params.index.json",
    "keywords/vocab.index.json",
    "manifest.json",
    "passages.json",
    "questions.npy",
    "sentences.npy",
    "vectors.faiss",
]


def version_folder(home: Path) -> Path:
    return home / "versions" / str(current_version(home))


def rewrite_manifest(home: Path, **fields: object) -> None:
    """Write a manifest with other fields, and its checksum, as another program version would have."""
    manifest, checksums = version_folder(home) / "manifest.json", version_folder(home) / "checksums.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | fields))
    checksums.write_text(json.dumps(json.loads(checksums.read_text()) | {"manifest.json": sha256(manifest)}))


def test_passages_and_documents_survive_the_round_trip_exactly(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    documents = load(clinic_folder).documents
    assert index.documents == documents
    assert list(index.passages.passages.values()) == [p for document in documents for p in split(document)]
    for passage_id, passage in index.passages.passages.items():
        assert passage.id == passage_id
        assert passage.document.text[passage.start : passage.end] == passage.text


def test_vectors_survive_the_round_trip_each_at_its_passage(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    passages = index_of(clinic_folder).passages
    found = list(passages.passages.values())
    np.testing.assert_allclose(passages.vectors.vectors, encoder.encode([p.context for p in found]), atol=1e-6)
    for passage in found:
        sentences = [passage.document.text[start:end] for start, end in passage.sentences]
        np.testing.assert_array_equal(passages.sentence_vectors[passage.id], encoder.encode(sentences))


def add_questions(clinic_folder: Path) -> None:
    """Three questions beside two sections for patients, and one beside a section for staff."""
    for name, before, questions in [
        ("laser.md", "## Results", "how long xxx · when yyy"),
        ("peel.md", "## Who should not have a peel", "how long xxx"),
        ("telephone.md", "A laser session", "price zzz"),
    ]:
        text = (clinic_folder / name).read_text(encoding="utf-8")
        quoted = text.replace(before, f"> Questions: {questions}\n\n{before}")
        (clinic_folder / name).write_text(quoted, encoding="utf-8")


def test_questions_survive_the_round_trip_each_at_its_section(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    add_questions(clinic_folder)
    index = index_of(clinic_folder)
    questions = index.passages.questions
    assert questions.section_ids == ("laser#recovery", "laser#recovery", "peel#recovery", "telephone#price")
    assert questions.vectors.dtype == np.float32
    np.testing.assert_array_equal(questions.vectors, [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
    assert index.manifest.questions == [
        ("laser#recovery", question_hash("how long xxx")),
        ("laser#recovery", question_hash("when yyy")),
        ("peel#recovery", question_hash("how long xxx")),
        ("telephone#price", question_hash("price zzz")),
    ]


def test_questions_are_found_in_no_passage(index_of: IndexOf, clinic_folder: Path) -> None:
    add_questions(clinic_folder)
    passages = index_of(clinic_folder).passages
    assert [passage_id for passage_id, passage in passages.passages.items() if "xxx" in passage.context] == []
    assert passages.keywords.search("xxx", 10) == []


def test_the_questions_of_staff_documents_lead_patients_nowhere(index_of: IndexOf, clinic_folder: Path) -> None:
    add_questions(clinic_folder)
    index = index_of(clinic_folder)
    patients = {section.id for d in index.documents if d.audience == "patient" for section in d.sections}
    found = index.passages.questions.nearest(np.array([0, 0, 1, 0], dtype=np.float32), 10, patients)
    assert {section_id for section_id, _ in found} == {"laser#recovery", "peel#recovery"}


def test_an_index_without_questions_finds_none(index_of: IndexOf, clinic_folder: Path) -> None:
    questions = index_of(clinic_folder).passages.questions
    assert (questions.section_ids, questions.vectors.shape) == ((), (0, 4))


def test_the_manifest_says_what_the_index_was_built_from(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    manifest = index.manifest
    assert (manifest.format, manifest.encoder, manifest.dim) == (FORMAT, "letters", 4)
    assert manifest.passages == [(p.id, passage_hash(p)) for p in index.passages.passages.values()]
    assert sorted(manifest.documents) == ["laser.md", "peel.md", "telephone.md"]
    assert manifest.built_at.tzinfo is not None


def test_the_treatments_covered_are_those_of_patients_documents(index_of: IndexOf, clinic_folder: Path) -> None:
    text = (clinic_folder / "telephone.md").read_text().replace("Fractional CO2 laser", "Tattoo removal")
    (clinic_folder / "telephone.md").write_text(text)  # a treatment that only staff read about
    assert index_of(clinic_folder).covered == {"Fractional CO2 laser", "Chemical peel"}


def test_each_folder_of_documents_has_its_own_home(tmp_path: Path) -> None:
    for name in ("a/clinic", "b/clinic"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "clinic")
    homes = {name: index_home(tmp_path / "index", tmp_path / name) for name in ("a/clinic", "b/clinic", "link")}
    assert homes["a/clinic"] != homes["b/clinic"]
    assert homes["a/clinic"] == homes["link"] == index_home(tmp_path / "index", tmp_path / "b" / ".." / "a" / "clinic")
    assert {home.parent for home in homes.values()} == {tmp_path / "index"}
    assert homes["a/clinic"].name.startswith("clinic-")


def test_indexes_of_two_folders_do_not_touch_each_other(tmp_path: Path, clinic_folder: Path) -> None:
    other_folder = tmp_path / "other" / "clinic"
    other_folder.mkdir(parents=True)
    (other_folder / "ipl.md").write_text("# IPL\n\nIntense light.\n")
    homes = [index_home(tmp_path / "index", folder) for folder in (clinic_folder, other_folder)]
    for folder, home in zip((clinic_folder, other_folder), homes, strict=True):
        build_index(folder, home, LetterEncoder())
    assert [len(open_index(home, MEND).passages.passages) for home in homes] == [6, 1]


def test_a_missing_index_names_the_command_that_builds_it(home: Path) -> None:
    assert current_version(home) is None
    with pytest.raises(MissingIndexError, match=MEND):
        open_index(home, MEND)


def test_an_index_holds_these_files_and_no_others(index_of: IndexOf, clinic_folder: Path, home: Path) -> None:
    index_of(clinic_folder)
    folder = version_folder(home)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == FILES


def _flip_first(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def _flip_middle(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 128])


def _truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [_flip_first, _flip_middle, _flip_last, _truncate, _empty, None])
def test_a_damaged_file_is_refused_with_the_command_that_mends_it_and_the_command_does(
    index_of: IndexOf, clinic_folder: Path, home: Path, name: str, damage: Callable[[bytes], bytes] | None
) -> None:
    index_of(clinic_folder)
    path = version_folder(home) / name
    if damage:
        path.write_bytes(damage(path.read_bytes()))
    else:
        path.unlink()
    with pytest.raises(UnusableIndexError, match=f"Rebuild it: {MEND}"):
        open_index(home, MEND)
    assert len(index_of(clinic_folder).passages.passages) == 6


@pytest.mark.parametrize("content", [b"20200101T000000-00000000\n", b"\xff\xfe\n", b"a\x00b", b"no/such/folder"])
def test_a_damaged_current_file_is_refused_and_mended_too(
    index_of: IndexOf, clinic_folder: Path, home: Path, content: bytes
) -> None:
    index_of(clinic_folder)
    (home / "CURRENT").write_bytes(content)
    with pytest.raises(UnusableIndexError, match=f"Rebuild it: {MEND}"):
        open_index(home, MEND)
    assert len(index_of(clinic_folder).passages.passages) == 6


@pytest.mark.parametrize(
    "name", ["documents.json", "keywords/vocab.index.json", "questions.npy", "sentences.npy", "vectors.faiss"]
)
def test_a_file_that_is_deleted_while_the_index_is_read_is_refused_too(
    index_of: IndexOf, clinic_folder: Path, home: Path, name: str
) -> None:
    # As when two newer versions are published meanwhile: the file was there to be checked, and is not to be read.
    index_of(clinic_folder)
    checksums = version_folder(home) / "checksums.json"
    checksums.write_text(
        json.dumps({key: its for key, its in json.loads(checksums.read_text()).items() if key != name})
    )
    (version_folder(home) / name).unlink()
    with pytest.raises(UnusableIndexError, match=f"cannot be read .*Rebuild it: {MEND}"):
        open_index(home, MEND)


@pytest.mark.parametrize("built_format", [FORMAT - 1, FORMAT + 1])
def test_an_index_of_another_format_is_refused_and_built_anew(
    index_of: IndexOf, clinic_folder: Path, home: Path, encoder: LetterEncoder, built_format: int
) -> None:
    index_of(clinic_folder)
    rewrite_manifest(home, format=built_format)
    with pytest.raises(UnusableIndexError, match=rf"format {built_format}.*reads format {FORMAT}\. Rebuild it: {MEND}"):
        open_index(home, MEND)
    assert index_of(clinic_folder).manifest.format == FORMAT
    assert encoder.encoded == 12  # all six passages again: what another format holds is not trusted


def test_an_empty_index_is_refused(index_of: IndexOf, clinic_folder: Path, home: Path) -> None:
    index_of(clinic_folder)
    rewrite_manifest(home, passages=[])
    with pytest.raises(UnusableIndexError, match=f"empty.*{MEND}"):
        open_index(home, MEND)


def refusal(index: StoredIndex, folder: Path, encoder_name: str = "letters") -> str:
    """What a stale index is refused with."""
    with pytest.raises(UnusableIndexError, match=f"Rebuild it: {MEND}") as refused:
        refuse_stale(index.manifest, folder, encoder_name, MEND)
    return str(refused.value)


def test_an_index_of_unchanged_documents_is_not_stale(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    os.utime(clinic_folder / "laser.md", (0, 0))  # touched, not edited
    refuse_stale(index.manifest, clinic_folder, "letters", MEND)


def test_an_index_whose_documents_changed_is_stale_and_names_them(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    (clinic_folder / "peel.md").unlink()
    (clinic_folder / "ipl.md").write_text("# IPL\n\nIntense light.\n")
    assert "stale: ipl.md, peel.md changed since it was built" in refusal(index, clinic_folder)


def test_a_stale_index_names_five_files_and_counts_the_others(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    for number in range(7):
        (clinic_folder / f"{number}.md").write_text(f"# Number {number}\n\nText.\n")
    assert "0.md, 1.md, 2.md, 3.md, 4.md and 2 more changed" in refusal(index, clinic_folder)


def test_an_index_of_another_encoder_is_stale(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    assert "encoder letters, the settings say numbers" in refusal(index, clinic_folder, "numbers")


def test_an_index_of_other_concepts_is_stale(index_of: IndexOf, clinic_folder: Path, home: Path) -> None:
    index_of(clinic_folder)
    rewrite_manifest(home, terms="older")
    assert "another index/concepts.yaml" in refusal(open_index(home, MEND), clinic_folder)
