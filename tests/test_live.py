"""The live index: a new one is picked up between two questions, and nobody who asks meanwhile sees an error."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from conftest import MEND, LetterEncoder

from index.build import build_index
from index.live import LiveIndex
from index.search import search
from index.store import MissingIndexError, StoredIndex, current_version


@pytest.fixture
def live(clinic_folder: Path, home: Path) -> LiveIndex:
    build_index(clinic_folder, home, LetterEncoder())
    return LiveIndex(home, MEND)


def publish(folder: Path, home: Path, days: int) -> None:
    """Build an index in which peeling lasts so many days."""
    (folder / "peel.md").write_text(
        f"---\nid: peel\n---\n\n# Chemical peel\n\n## Recovery\n\nPeeling lasts {days} days.\n"
    )
    build_index(folder, home, LetterEncoder())


def peeling(index: StoredIndex) -> str:
    return index.passages.passages["peel#recovery"].text


def test_a_missing_index_is_refused_at_once(home: Path) -> None:
    with pytest.raises(MissingIndexError, match=MEND):
        LiveIndex(home, MEND)


def test_the_same_index_is_handed_out_while_no_other_is_published(live: LiveIndex) -> None:
    assert live.current() is live.current()


def test_a_newly_published_index_is_picked_up(live: LiveIndex, clinic_folder: Path, home: Path) -> None:
    older = live.current()
    publish(clinic_folder, home, days=9)
    assert peeling(live.current()) == "Peeling lasts 9 days."
    assert live.current().version == current_version(home)
    assert peeling(older) == "Peeling lasts five days."  # who still holds the older one keeps it


@pytest.mark.parametrize("damaged", ["vectors.faiss", "passages.json", "manifest.json", "checksums.json"])
def test_a_damaged_new_index_is_not_used_and_the_old_one_keeps_serving(
    live: LiveIndex, clinic_folder: Path, home: Path, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    older = live.current()
    publish(clinic_folder, home, days=9)
    path = home / "versions" / str(current_version(home)) / damaged
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with caplog.at_level(logging.ERROR):
        assert [live.current() for _ in range(3)] == [older] * 3
    (record,) = caplog.records  # said once, not with every question
    assert "the new index is not used, the old one still is" in record.getMessage()
    assert MEND in record.getMessage()


def test_after_a_damaged_index_the_next_whole_one_is_picked_up(
    live: LiveIndex, clinic_folder: Path, home: Path
) -> None:
    live.current()
    publish(clinic_folder, home, days=9)
    (home / "versions" / str(current_version(home)) / "vectors.faiss").unlink()
    live.current()
    publish(clinic_folder, home, days=10)
    assert peeling(live.current()) == "Peeling lasts 10 days."


@pytest.mark.parametrize("gone", ["CURRENT", "versions"])
def test_the_index_in_memory_serves_on_when_its_files_are_gone(live: LiveIndex, home: Path, gone: str) -> None:
    older = live.current()
    (home / gone).rename(home / "elsewhere")
    assert live.current() is older


def test_eight_threads_that_ask_while_five_indexes_are_published_see_no_error(
    live: LiveIndex, clinic_folder: Path, home: Path
) -> None:
    ended = threading.Event()
    errors: list[BaseException] = []
    seen: set[str] = set()

    def keep_asking() -> None:
        encoder = LetterEncoder()
        try:
            while not ended.wait(0.001):
                index = live.current()
                hits = search(index.passages, encoder, "How many days does peeling last?", k=10)
                texts = {hit.passage.id: hit.passage.text for hit in hits}
                assert texts["peel#recovery"] == peeling(index)  # all of an answer is from one index
                seen.add(texts["peel#recovery"])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=keep_asking) for _ in range(8)]
    for thread in threads:
        thread.start()
    for days in range(10, 15):
        publish(clinic_folder, home, days)
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert seen <= {"Peeling lasts five days.", *(f"Peeling lasts {days} days." for days in range(10, 15))}
    assert len(seen) > 1  # new ones were picked up on the way
    assert peeling(live.current()) == "Peeling lasts 14 days."


def test_an_index_of_another_encoder_waits_for_a_restart(
    live: LiveIndex, clinic_folder: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older = live.current()
    build_index(clinic_folder, home, LetterEncoder("other letters"))
    assert live.current() is older
    assert "Restart the program" in caplog.text
