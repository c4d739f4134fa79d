"""A message that staff answered: ticked off, without name and contact, and told in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked import NOW, send
from conftest import rows_of
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk.audit import entries
from chatbot.desk.desk import Desk
from chatbot.desk.inbox import opened, waiting
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.mailing.message import Message
from chatbot.mailing.outbox import Outbox, UnknownReceiptError, messages
from chatbot.rules import Urgency
from chatbot.settings import Settings

EDITOR, READER = Person("Ann", "editor"), Person("Ben", "reader")
TEXT = "I am Florence Nightingale. Could you call me about vouchers?"


@pytest.fixture
def outbox(store: Engine) -> Outbox:
    return Outbox(store, None, keep_days=30)


@pytest.fixture
def desk(rose_bot: Bot, store: Engine, outbox: Outbox) -> Desk:
    return Desk(rose_bot, store, outbox, Settings())


def all_bytes(store: Engine) -> bytes:
    return b"".join(file.read_bytes() for file in Path(str(store.url.database)).parent.iterdir())


def test_what_is_done_waits_no_more_and_the_log_says_who_did_it(outbox: Outbox, store: Engine) -> None:
    receipt, other = send(outbox, TEXT), send(outbox, "Another")
    outbox.done(receipt.lower(), EDITOR)
    assert [one.receipt for one in outbox.waiting()] == [other]
    (entry,) = rows_of(store, entries)
    assert (entry["person"], entry["action"], entry["subject"]) == ("Ann", "message.done", f"message:{receipt}")


def test_name_and_contact_are_deleted_from_every_file_and_the_question_is_kept_redacted(
    outbox: Outbox, store: Engine
) -> None:
    outbox.done(send(outbox, TEXT, conversation="a key"), EDITOR)
    (row,) = rows_of(store, messages)
    assert (row["name"], row["contact"], row["transcript"], row["consented_at"]) == (None, None, None, None)
    assert "vouchers" in row["text"]
    assert b"Nightingale" not in all_bytes(store)
    assert b"900123" not in all_bytes(store)


@pytest.mark.parametrize(("conversation", "urgency"), [(None, None), ("a key", "emergency")])
def test_no_word_is_kept_of_what_nobody_could_delete_and_of_what_was_urgent(
    outbox: Outbox, store: Engine, conversation: str | None, urgency: Urgency | None
) -> None:
    outbox.done(send(outbox, TEXT, conversation, urgency), EDITOR)
    assert rows_of(store, messages)[0]["text"] is None
    assert b"vouchers" not in all_bytes(store)


def test_it_is_done_once_and_by_an_editor(outbox: Outbox, store: Engine) -> None:
    receipt = send(outbox, TEXT)
    with pytest.raises(NotAllowedError):
        outbox.done(receipt, READER)
    assert [one.receipt for one in outbox.waiting()] == [receipt]
    outbox.done(receipt, EDITOR)
    with pytest.raises(UnknownReceiptError, match="has been done since"):
        outbox.done(receipt, EDITOR)
    assert len(rows_of(store, entries)) == 1


def test_the_same_message_posted_again_keeps_its_receipt_and_does_not_come_back(outbox: Outbox) -> None:
    message = Message("an id", None, "Jo", "07700 900123", TEXT, (), NOW)
    receipt = outbox.post(message)
    outbox.done(receipt, EDITOR)
    assert outbox.post(message) == receipt
    assert outbox.waiting() == []


def test_the_most_urgent_stand_first_then_the_oldest(desk: Desk, outbox: Outbox) -> None:
    receipts = [
        send(outbox, str(urgency), urgency=urgency) for urgency in (None, "soon", "emergency", None, "same_day")
    ]
    assert [one.receipt for one in waiting(EDITOR, desk)] == [receipts[n] for n in (2, 4, 1, 0, 3)]


def test_only_an_editor_sees_and_opens_messages(desk: Desk, outbox: Outbox) -> None:
    receipt = send(outbox, TEXT)
    assert opened(EDITOR, desk, receipt).text == TEXT
    for forbidden in (lambda: waiting(READER, desk), lambda: opened(READER, desk, receipt)):
        with pytest.raises(NotAllowedError):
            forbidden()
