"""The outbox: what is stored before its receipt is given, what staff see of it, and when it goes."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import fill_disk, rows_of, written
from mail_server import MailServer
from posted import KEEP_DAYS, MESSAGE, soon
from sqlalchemy import Engine

from chatbot.desk.people import OWNER
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import Outbox, UnknownReceiptError, messages
from chatbot.store import StoreError, transaction


def test_a_receipt_can_be_read_out_on_the_telephone(unmailed: Outbox) -> None:
    receipts = {unmailed.post(replace(MESSAGE, id=str(number))) for number in range(200)}
    assert len(receipts) == 200
    assert [receipt for receipt in receipts if not re.fullmatch("[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}", receipt)] == []


def test_the_same_words_under_the_same_id_are_one_message_with_one_receipt(unmailed: Outbox) -> None:
    receipt = unmailed.post(MESSAGE)
    assert unmailed.post(replace(MESSAGE, consented_at=soon())) == receipt
    assert [one.receipt for one in unmailed.waiting()] == [receipt]


@pytest.mark.parametrize("change", [{"text": "Do not call me."}, {"contact": "01 234"}, {"transcript": ()}])
def test_other_words_under_the_same_id_get_a_receipt_of_their_own_and_none_are_lost(
    change: dict[str, Any], outbox: Outbox, server: MailServer
) -> None:
    first = outbox.post(MESSAGE)
    changed = replace(MESSAGE, **change)
    assert outbox.post(changed) != first
    assert outbox.send_due(soon()) == 2
    assert len(set(server.ids)) == 2


def test_a_message_is_sent_once_and_the_same_again_is_known_and_not_sent(outbox: Outbox, server: MailServer) -> None:
    receipt = outbox.post(MESSAGE)
    assert outbox.send_due(soon()) == 1
    assert outbox.send_due(soon() + timedelta(days=1)) == 0
    assert outbox.post(MESSAGE) == receipt
    assert outbox.send_due(soon() + timedelta(days=1)) == 0
    (mail,) = server.taken
    assert mail["Subject"] == f"Message {receipt} from your web site [same day]"
    assert mail["Date"].datetime == MESSAGE.consented_at
    assert "The program answered:\r\nRedness fades. [1]" in mail.get_content()


def test_once_it_was_sent_no_byte_of_it_is_left(outbox: Outbox, store: Engine) -> None:
    outbox.post(MESSAGE)
    assert b"Nightingale" in written(store)
    outbox.send_due(soon())
    left = written(store)
    for words in ("Nightingale", "visitor.example", "Could you", "Redness", "c-1", MESSAGE.id):
        assert words.encode() not in left


@pytest.mark.parametrize(("conversation", "kept"), [("c-1", True), (None, False)])
def test_of_what_was_not_urgent_the_question_is_left_redacted_where_its_visitor_can_delete_it(
    conversation: str | None, kept: bool, outbox: Outbox, store: Engine
) -> None:
    text = "I am Zoë Nightingale. Do you sell vouchers?"
    outbox.post(replace(MESSAGE, conversation=conversation, urgency=None, text=text))
    outbox.send_due(soon())
    left = written(store)
    assert (b"vouchers" in left) is kept
    for words in ("Nightingale", "visitor.example", "Redness"):
        assert words.encode() not in left
    outbox.forget("c-1")
    assert b"vouchers" not in written(store)


def test_a_conversation_that_is_deleted_while_its_message_is_sent_stays_deleted(
    outbox: Outbox, server: MailServer, store: Engine
) -> None:
    outbox.post(MESSAGE)
    server.pause_s = 0.3
    with ThreadPoolExecutor(1) as sender:
        sent = sender.submit(outbox.send_due, soon())
        assert server.has_one.wait(20)
        outbox.forget("c-1")
        assert sent.result(20) == 1
    assert rows_of(store, messages) == []


def test_the_oldest_is_sent_first(outbox: Outbox, server: MailServer) -> None:
    receipts = [outbox.post(replace(MESSAGE, id=str(number))) for number in range(5)]
    assert outbox.send_due(soon()) == 5
    assert [mail["Subject"].split()[1] for mail in server.taken] == receipts


def test_without_mail_a_message_waits_for_staff_and_goes_once_there_is_mail(
    unmailed: Outbox, store: Engine, server: MailServer
) -> None:
    receipt = unmailed.post(MESSAGE)
    assert unmailed.send_due(soon()) == 0
    (waiting,) = unmailed.waiting()
    assert (waiting.receipt, waiting.state, waiting.urgency, waiting.tries) == (receipt, "waiting", "same_day", 0)
    assert replace(unmailed.read(receipt.lower()), id=MESSAGE.id, conversation="c-1") == MESSAGE
    assert Outbox(store, Mail(server.settings()), KEEP_DAYS).send_due(soon()) == 1


def test_the_staffs_list_has_nobodys_words(unmailed: Outbox) -> None:
    unmailed.post(MESSAGE)
    shown = str([one.to_json() for one in unmailed.waiting()])
    for words in (MESSAGE.id, MESSAGE.name, MESSAGE.contact, MESSAGE.text, "Redness", "c-1"):
        assert words not in shown


def test_what_was_sent_cannot_be_read_any_more(outbox: Outbox) -> None:
    receipt = outbox.post(MESSAGE)
    outbox.send_due(soon())
    assert outbox.waiting() == []
    with pytest.raises(UnknownReceiptError, match=receipt):
        outbox.read(receipt)


def test_a_message_that_is_done_waits_no_more_and_no_byte_of_it_is_left(unmailed: Outbox, store: Engine) -> None:
    receipt, other = unmailed.post(MESSAGE), unmailed.post(replace(MESSAGE, id="2", name="Robin Wren"))
    unmailed.done(f" {receipt.lower()} ", OWNER)
    assert [one.receipt for one in unmailed.waiting()] == [other]
    assert unmailed.read(other).name == "Robin Wren"
    assert b"Nightingale" not in written(store)
    assert receipt.encode() in written(store)  # that it is done stays


def test_a_message_that_is_done_goes_after_its_days_without_a_complaint(
    outbox: Outbox, store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = outbox.post(MESSAGE)
    outbox.done(receipt, OWNER)
    outbox.purge(soon() + timedelta(days=KEEP_DAYS))
    assert rows_of(store, messages) == []
    assert caplog.messages == []


def test_a_message_that_no_mail_can_be_made_of_keeps_no_other_back(
    outbox: Outbox, store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    broken = outbox.post(replace(MESSAGE, id="broken"))
    with transaction(store) as connection:
        connection.execute(messages.update().values(transcript=[{"question": None, "answer": None}]))
    outbox.post(MESSAGE)
    assert outbox.send_due(soon()) == 1
    (waiting,) = outbox.waiting()
    assert (waiting.receipt, waiting.error) == (broken, "The message cannot be made into an e-mail (TypeError).")
    assert "Nightingale" not in caplog.text


def test_a_full_disk_gives_no_receipt_and_loses_nothing_that_had_one(
    outbox: Outbox, store: Engine, server: MailServer
) -> None:
    fill_disk(store, messages)
    receipts: list[str] = []

    def post_without_end() -> None:
        for number in range(100):
            receipts.append(outbox.post(replace(MESSAGE, id=str(number), text="long " * 400)))

    with pytest.raises(StoreError, match="disk is full"):
        post_without_end()
    assert receipts
    assert [one.receipt for one in outbox.waiting()] == receipts
    assert outbox.send_due(soon()) == len(receipts)
    assert outbox.post(MESSAGE)  # what was sent made room


def test_what_has_a_receipt_is_on_the_disk_itself(store: Engine, unmailed: Outbox) -> None:
    unmailed.post(MESSAGE)
    asked, sure = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}[store.name]
    with transaction(store) as connection:
        assert connection.exec_driver_sql(asked).scalar() == sure  # a power cut keeps it


def test_a_conversation_that_is_deleted_takes_its_messages_along(
    outbox: Outbox, server: MailServer, store: Engine
) -> None:
    outbox.post(MESSAGE)
    kept = outbox.post(replace(MESSAGE, id="other", conversation="c-2", name="Robin Wren"))
    outbox.forget("c-1")
    outbox.forget("never there")
    assert [one.receipt for one in outbox.waiting()] == [kept]
    assert b"Nightingale" not in written(store)
    assert outbox.send_due(soon()) == 1


def test_a_message_is_deleted_after_its_days_whether_it_was_sent_or_not(
    outbox: Outbox, store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    sent = outbox.post(replace(MESSAGE, id="sent"))
    outbox.send_due(soon())
    lost = outbox.post(MESSAGE)
    day = timedelta(days=1)
    outbox.purge(soon() + (KEEP_DAYS - 1) * day)
    assert [one.receipt for one in outbox.waiting()] == [lost]
    outbox.purge(soon() + KEEP_DAYS * day)
    assert outbox.waiting() == []
    assert caplog.messages == [f"Deleted after 30 days without having been sent: {lost}."]
    assert sent.encode() not in written(store)
    assert b"Nightingale" not in written(store)


def test_where_there_is_no_mail_old_messages_go_without_a_complaint(
    unmailed: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    unmailed.post(MESSAGE)
    unmailed.purge(soon() + timedelta(days=KEEP_DAYS))
    assert unmailed.waiting() == []
    assert caplog.messages == []
