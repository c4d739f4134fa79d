"""What a running program serves of the curated answers: always what is approved now, and nothing is encoded twice."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import LetterEncoder
from curated_clinic import APPROVER, BY_WORDS, EDITOR, PARKING, PEEL_PRICE, approved, desk_of
from sqlalchemy import Engine, event, update

from chatbot.bot import Bot
from chatbot.database import Database
from chatbot.desk.curated import approve, edit, retire
from chatbot.desk.curated_live import COUNT, LiveCurated
from chatbot.desk.curated_tables import versions
from chatbot.desk.desk import Desk
from chatbot.store import open_store, transaction


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return desk_of(rose_bot, store)


def texts(live: LiveCurated) -> list[str]:
    return [version.wording.text for version in live.current().versions]


def test_an_edit_counts_at_once_and_only_its_new_words_are_encoded(
    desk: Desk, store: Engine, encoder: LetterEncoder
) -> None:
    approved(desk, PEEL_PRICE)
    version = approved(desk, PARKING)
    live = LiveCurated(store, encoder, gate=BY_WORDS)
    live.current()
    encoder.encoded = 0
    more = replace(PARKING, questions=(*PARKING.questions, "Is there a car park?"))
    approve(desk, version.id, edit(desk, version.id, 1, more, EDITOR).number, APPROVER)
    assert "Is there a car park?" in [variant for _, variant in live.current().rows]
    assert encoder.encoded == 1


def test_nothing_is_read_again_while_nothing_changed(desk: Desk, store: Engine, encoder: LetterEncoder) -> None:
    approved(desk, PARKING)
    live = LiveCurated(store, encoder, gate=BY_WORDS)
    first = live.current()
    begun: list[object] = []
    event.listen(store, "begin", begun.append)
    assert live.current() is first
    assert begun == []


def test_a_draft_is_no_change(desk: Desk, store: Engine, encoder: LetterEncoder) -> None:
    version = approved(desk, PARKING)
    live = LiveCurated(store, encoder, gate=BY_WORDS)
    first = live.current()
    edit(desk, version.id, 1, replace(PARKING, text="The car park is closed."), EDITOR)
    assert live.current() is first


def test_what_another_process_approves_and_retires_counts_here(
    desk: Desk, where: Path | Database, encoder: LetterEncoder
) -> None:
    elsewhere = open_store(where)
    live = LiveCurated(elsewhere, encoder, gate=BY_WORDS)
    assert texts(live) == []
    version = approved(desk, PARKING)
    assert texts(live) == [PARKING.text]
    retire(desk, version.id, APPROVER)
    assert texts(live) == []


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_while_the_store_cannot_be_read_what_was_read_last_goes_on_answering(
    desk: Desk, store: Engine, encoder: LetterEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    approved(desk, PARKING)
    live = LiveCurated(store, encoder, gate=BY_WORDS)
    live.current()
    store.dispose()
    Path(str(store.url.database)).write_bytes(b"no database at all" * 100)
    for beside in ("-wal", "-shm"):
        Path(f"{store.url.database}{beside}").unlink(missing_ok=True)
    with caplog.at_level(logging.ERROR):
        assert texts(live) == [PARKING.text]
    assert "were not read again" in caplog.text


def test_a_store_that_never_was_serves_nothing_and_stops_nobody(
    tmp_path: Path, encoder: LetterEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    live = LiveCurated(open_store(tmp_path / "file" / "records.sqlite3"), encoder, gate=BY_WORDS)
    assert texts(live) == []
    assert "were not read again" in caplog.text


def test_what_is_overdue_is_served_unless_it_is_to_be_withheld(
    desk: Desk, store: Engine, encoder: LetterEncoder
) -> None:
    approved(desk, PARKING)
    with transaction(store) as connection:
        connection.execute(update(versions).values(review_due=date(2020, 1, 1)))
    assert texts(LiveCurated(store, encoder, gate=BY_WORDS)) == [PARKING.text]
    assert texts(LiveCurated(store, encoder, withhold_overdue=True, gate=BY_WORDS)) == []


def test_the_count_of_changes_is_read_from_the_table_that_it_names(desk: Desk, store: Engine) -> None:
    approved(desk, PARKING)
    with transaction(store) as connection:
        assert connection.exec_driver_sql(COUNT).scalar() == 1
