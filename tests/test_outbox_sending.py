"""The outbox and the mail server: what is due is sent, again after pauses, each message by itself, while we serve."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mail_server import MailServer, serving
from ports import free_port
from posted import AFTER_PAUSE, KEEP_DAYS, MESSAGE, soon
from sqlalchemy import Engine

from chatbot.mailing.delivery import delivering
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import PAUSES, Outbox, messages
from chatbot.store import StoreError, transaction


def test_the_oldest_is_sent_first(outbox: Outbox, server: MailServer) -> None:
    receipts = [outbox.post(replace(MESSAGE, id=str(number))) for number in range(5)]
    assert outbox.send_due(soon()) == 5
    assert [mail["Subject"].split()[1] for mail in server.taken] == receipts


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
    outbox: Outbox, server: MailServer, path: Path
) -> None:
    outbox.post(MESSAGE)
    server.pause_s = 0.5
    with ThreadPoolExecutor(max_workers=1) as threads, closing(sqlite3.connect(path, isolation_level=None)) as other:
        sending = threads.submit(outbox.send_due, soon())
        assert server.has_one.wait(10)
        other.execute("BEGIN IMMEDIATE")  # nobody else can write
        with pytest.raises(StoreError, match="locked"):
            sending.result(20)
        other.execute("ROLLBACK")
    assert outbox.send_due(soon()) == 0
    assert outbox.send_due(soon() + AFTER_PAUSE) == 1
    assert len(server.ids) == 2
    assert len(set(server.ids)) == 1  # the same mail


def test_nothing_is_sent_that_cannot_be_marked_as_taken(outbox: Outbox, server: MailServer, path: Path) -> None:
    outbox.post(MESSAGE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
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
    outbox: Outbox, server: MailServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with delivering(outbox, every_s=0.1):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            wait_until(path.exists)
            other.execute("PRAGMA busy_timeout = 5000")
            other.execute("BEGIN IMMEDIATE")
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
