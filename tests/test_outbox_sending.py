"""Sending what is in the outbox: once, in turn, after a failure again, and whatever happens to the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from mail_server import MailServer, serving
from ports import free_port
from posted import AFTER_PAUSE, KEEP_DAYS, MESSAGE, soon
from sqlalchemy import Engine

from chatbot.database import Database
from chatbot.desk.people import OWNER
from chatbot.mailing.delivery import delivering
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import PAUSES, Outbox, UnknownReceiptError
from chatbot.store import StoreError, open_store, transaction


@contextmanager
def locked(where: Path | Database) -> Iterator[None]:
    """Nobody else can write."""
    other = open_store(where)
    with transaction(other):
        yield
    other.dispose()


def test_threads_that_post_the_same_at_once_get_one_receipt(unmailed: Outbox) -> None:
    assert unmailed.waiting() == []  # the tables are there: to make them takes longer than a post waits
    with ThreadPoolExecutor(max_workers=8) as threads:
        assert len(set(threads.map(unmailed.post, [MESSAGE] * 40))) == 1
    assert len(unmailed.waiting()) == 1


def test_a_message_that_is_done_is_not_sent_any_more(store: Engine, server: MailServer) -> None:
    down = Outbox(store, Mail(MailServer(free_port()).settings()), KEEP_DAYS)
    receipt = down.post(MESSAGE)
    down.send_due(soon())
    down.done(receipt, OWNER)
    assert Outbox(store, Mail(server.settings()), KEEP_DAYS).send_due(soon() + timedelta(days=1)) == 0
    assert down.waiting() == []
    assert server.taken == []
    assert down.post(MESSAGE) == receipt  # a late retry is known
    assert down.waiting() == []


def test_what_does_not_wait_cannot_be_ticked_off_and_it_is_said_why(outbox: Outbox, unmailed: Outbox) -> None:
    done = unmailed.post(replace(MESSAGE, id="done"))
    unmailed.done(done, OWNER)
    sent = outbox.post(MESSAGE)
    outbox.send_due(soon())
    for receipt, why in {
        "K7F-2QX": "no message that waits has the receipt 'K7F-2QX'",
        done: f"message {done} has been done since {datetime.now(UTC):%Y-%m-%d}",
        sent: f"message {sent} went to the clinic by e-mail on",
    }.items():
        for refused in (partial(unmailed.done, by=OWNER), unmailed.read):
            with pytest.raises(UnknownReceiptError, match=f"{why}.*lists those that wait"):
                refused(receipt)


def test_a_mail_server_that_is_down_for_a_day_loses_nothing(store: Engine) -> None:
    port = free_port()
    outbox = Outbox(store, Mail(MailServer(port).settings()), KEEP_DAYS)
    receipts = {outbox.post(replace(MESSAGE, id=str(number))) for number in range(2)}
    now = soon()
    evening = now + timedelta(days=1)
    while now < evening:
        assert outbox.send_due(now) == 0
        now = max(now + timedelta(seconds=30), min(one.due_at for one in outbox.waiting()))
    assert {one.state for one in outbox.waiting()} == {"not_sent"}
    assert {"cannot be reached" in (one.error or "") for one in outbox.waiting()} == {True}
    assert [40 < one.tries < 60 for one in outbox.waiting()] == [True] * 2  # every half hour, in the end
    with serving(port) as server:
        assert outbox.send_due(now + PAUSES[-1]) == 2
        assert {mail["Subject"].split()[1] for mail in server.taken} == receipts
    assert outbox.waiting() == []


def test_after_a_failure_the_pauses_grow_to_half_an_hour(store: Engine) -> None:
    outbox = Outbox(store, Mail(MailServer(free_port()).settings()), KEEP_DAYS)
    outbox.post(MESSAGE)
    now, pauses = soon(), []
    for _ in range(7):
        outbox.send_due(now)
        (waiting,) = outbox.waiting()
        pauses.append(round((waiting.due_at - now).total_seconds() / 60))
        assert outbox.send_due(waiting.due_at - timedelta(seconds=5)) == 0
        assert outbox.waiting() == [waiting]  # not tried before
        now = waiting.due_at
    assert pauses == [2, 4, 8, 16, 30, 30, 30]


def test_a_server_that_is_down_is_tried_with_one_message_only(store: Engine) -> None:
    outbox = Outbox(store, Mail(MailServer(free_port()).settings()), KEEP_DAYS)
    for number in range(5):
        outbox.post(replace(MESSAGE, id=str(number)))
    outbox.send_due(soon())
    assert sorted(one.tries for one in outbox.waiting()) == [0, 0, 0, 0, 1]


def test_a_message_that_the_server_refuses_keeps_no_other_back_and_stays(outbox: Outbox, server: MailServer) -> None:
    server.refuse_message, server.refuse_words = "554 5.7.1 no Nightingale here", "poison"
    poison = outbox.post(replace(MESSAGE, id="poison", text="poison"))
    others = [outbox.post(replace(MESSAGE, id=str(number))) for number in range(4)]
    assert outbox.send_due(soon()) == 4
    assert [mail["Subject"].split()[1] for mail in server.taken] == others
    (waiting,) = outbox.waiting()
    assert (waiting.receipt, waiting.state, waiting.tries) == (poison, "not_sent", 1)
    assert "refused this message (554 5.7.1)" in (waiting.error or "")
    server.refuse_message = None
    assert outbox.send_due(soon() + AFTER_PAUSE) == 1


def test_a_refused_address_leaves_all_for_later(outbox: Outbox, server: MailServer) -> None:
    server.refuse_address = "550 5.1.1 no such user"
    outbox.post(MESSAGE)
    outbox.post(replace(MESSAGE, id="2"))
    assert outbox.send_due(soon()) == 0
    server.refuse_address = None
    assert outbox.send_due(soon() + AFTER_PAUSE) == 2


def test_a_failure_is_logged_with_the_receipt_and_without_words(
    store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(store, Mail(MailServer(free_port()).settings()), KEEP_DAYS)
    receipt = outbox.post(MESSAGE)
    outbox.send_due(soon())
    (line,) = caplog.messages
    assert f"Message {receipt} was not sent, and is tried again: the mail server localhost:" in line
    assert "Nightingale" not in caplog.text


def test_threads_that_send_at_once_send_each_message_once(outbox: Outbox, server: MailServer) -> None:
    for number in range(20):
        outbox.post(replace(MESSAGE, id=str(number)))
    server.pause_s = 0.02
    with ThreadPoolExecutor(max_workers=4) as threads:
        assert sum(threads.map(outbox.send_due, [soon()] * 4)) == 20
    assert len(server.ids) == len(set(server.ids)) == 20


def test_a_message_that_was_sent_but_could_not_be_marked_is_not_sent_again_at_once(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    outbox.post(MESSAGE)
    server.pause_s = 0.5
    with ThreadPoolExecutor(max_workers=1) as threads:
        sending = threads.submit(outbox.send_due, soon())
        assert server.has_one.wait(10)
        with locked(where), pytest.raises(StoreError, match="lock"):
            sending.result(20)
    assert outbox.send_due(soon()) == 0
    assert outbox.send_due(soon() + AFTER_PAUSE) == 1
    assert len(server.ids) == 2
    assert len(set(server.ids)) == 1  # the same mail


def test_nothing_is_sent_that_cannot_be_marked_as_taken(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    outbox.post(MESSAGE)
    with locked(where), pytest.raises(StoreError, match="lock"):
        outbox.send_due(soon())
    assert server.taken == []
    assert outbox.send_due(soon()) == 1


def wait_until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_while_the_server_runs_a_new_message_is_sent_at_once(outbox: Outbox, server: MailServer) -> None:
    with delivering(outbox):
        time.sleep(0.2)  # it waits by now
        outbox.post(MESSAGE)
        wait_until(lambda: len(server.taken) == 1)


def test_what_an_earlier_run_left_is_sent_at_the_start(outbox: Outbox, server: MailServer) -> None:
    outbox.post(MESSAGE)
    with delivering(outbox):
        wait_until(lambda: len(server.taken) == 1)


def test_what_another_process_posted_is_found_after_a_while(
    outbox: Outbox, unmailed: Outbox, server: MailServer
) -> None:
    with delivering(outbox, every_s=0.1):
        time.sleep(0.2)
        unmailed.post(MESSAGE)
        wait_until(lambda: len(server.taken) == 1)


def test_a_store_that_cannot_be_used_for_a_while_does_not_end_the_sending(
    outbox: Outbox, server: MailServer, where: Path | Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert outbox.waiting() == []  # the tables are there
    with delivering(outbox, every_s=0.1):
        with locked(where):
            wait_until(lambda: "Messages to the clinic are not sent" in caplog.text)
        outbox.post(MESSAGE)
        wait_until(lambda: len(server.taken) == 1)


def test_at_the_end_what_is_being_sent_is_finished_and_nothing_new_begun(outbox: Outbox, server: MailServer) -> None:
    server.pause_s = 0.5
    with delivering(outbox):
        for number in range(3):
            outbox.post(replace(MESSAGE, id=str(number)))
        assert server.has_one.wait(10)
    assert len(server.taken) == 1
    assert len(outbox.waiting()) == 2
    time.sleep(0.6)
    assert len(server.taken) == 1  # no thread is left


# SIGKILL exists on POSIX systems only; CI runs on one, so nothing is skipped there.
