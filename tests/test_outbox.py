"""The outbox: a receipt is given for what is stored, and what is stored is sent, whatever happens in between.

Started as a program, `python tests/test_outbox.py post|send STORE PORT`, this file is the process that the tests kill:
it says "ready", and for a line of input posts a message and says its receipt, or sends what is due and says how many.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import fill_disk, written
from mail_server import MailServer, serving
from ports import free_port
from sqlalchemy import Engine

from chatbot.database import Database
from chatbot.desk.people import OWNER
from chatbot.mailing.delivery import delivering
from chatbot.mailing.mail import Mail
from chatbot.mailing.message import Exchange, Message
from chatbot.mailing.outbox import PAUSES, Outbox, UnknownReceiptError, messages
from chatbot.store import StoreError, open_store, transaction

ROOT = Path(__file__).parent.parent
KEEP_DAYS = 30
MESSAGE = Message(
    id="5f0c",
    conversation="c-1",
    name="Zoë Nightingale",
    contact="zoe@visitor.example",
    text="Could you call me?",
    transcript=(Exchange("Is it red?", "Redness fades. [1]"),),
    consented_at=datetime(2026, 11, 24, 22, 5, tzinfo=UTC),
    urgency="same_day",
)
AFTER_PAUSE = PAUSES[0] + timedelta(seconds=5)


def soon() -> datetime:
    """A moment at which what was just posted is due."""
    return datetime.now(UTC) + timedelta(seconds=1)


def program(command: str, where: str, port: int) -> None:
    store = open_store(Database(where) if "://" in where else Path(where))
    outbox = Outbox(store, Mail(MailServer(port).settings()), KEEP_DAYS)
    print("ready", flush=True)
    for line in sys.stdin:
        done = outbox.post(replace(MESSAGE, id=line.strip())) if command == "post" else outbox.send_due(soon())
        print(done, flush=True)


@contextmanager
def started(command: str, where: Path | Database, port: int) -> Iterator[subprocess.Popen[str]]:
    """The program, ready."""
    store = str(where) if isinstance(where, Path) else where.url
    arguments = [sys.executable, __file__, command, store, str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    assert process.stdin is not None
    print(line, file=process.stdin, flush=True)


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with serving() as server:
        yield server


@pytest.fixture
def outbox(store: Engine, server: MailServer) -> Outbox:
    return Outbox(store, Mail(server.settings(), step_s=1.0), KEEP_DAYS)


@pytest.fixture
def unmailed(store: Engine) -> Outbox:
    """Of a clinic without a mail server."""
    return Outbox(store, None, KEEP_DAYS)


@contextmanager
def locked(where: Path | Database) -> Iterator[None]:
    """Nobody else can write."""
    other = open_store(where)
    with transaction(other):
        yield
    other.dispose()


def test_a_receipt_can_be_read_out_on_the_telephone(unmailed: Outbox) -> None:
    receipts = {unmailed.post(replace(MESSAGE, id=str(number))) for number in range(200)}
    assert len(receipts) == 200
    assert [receipt for receipt in receipts if not re.fullmatch("[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}", receipt)] == []


def test_the_same_words_under_the_same_id_are_one_message_with_one_receipt(unmailed: Outbox) -> None:
    receipt = unmailed.post(MESSAGE)
    assert unmailed.post(replace(MESSAGE, consented_at=soon())) == receipt
    assert [one.receipt for one in unmailed.waiting()] == [receipt]


def test_threads_that_post_the_same_at_once_get_one_receipt(unmailed: Outbox) -> None:
    with ThreadPoolExecutor(max_workers=8) as threads:
        assert len(set(threads.map(unmailed.post, [MESSAGE] * 40))) == 1
    assert len(unmailed.waiting()) == 1


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


def test_a_message_that_is_done_is_not_sent_any_more(store: Engine, server: MailServer) -> None:
    down = Outbox(store, Mail(MailServer(free_port()).settings()), KEEP_DAYS)
    receipt = down.post(MESSAGE)
    down.send_due(soon())
    down.done(receipt, OWNER)
    assert Outbox(store, Mail(server.settings()), KEEP_DAYS).send_due(soon() + timedelta(days=1)) == 0
    assert down.waiting() == server.taken == []
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


def test_a_message_that_is_done_goes_after_its_days_without_a_complaint(
    outbox: Outbox, store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = outbox.post(MESSAGE)
    outbox.done(receipt, OWNER)
    outbox.purge(soon() + timedelta(days=KEEP_DAYS))
    assert receipt.encode() not in written(store)
    assert caplog.messages == []


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
killed = pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")


@pytest.mark.slow
@killed
def test_after_a_kill_at_random_moments_every_receipt_is_a_message_and_every_message_is_sent_once(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    moments, receipts = random.Random(6), []
    outbox.waiting()  # the tables are there: nobody is killed over making them
    for number in range(8):
        with started("post", where, server.port) as process:
            for message in range(1000):
                tell(process, f"{number}-{message}")
            time.sleep(moments.uniform(0.0, 0.2))
            process.send_signal(signal.SIGKILL)
            assert process.stdout is not None
            receipts += [line.strip() for line in process.stdout if line.endswith("\n")]
        if len(receipts) > 60:
            break
    waiting = {one.receipt for one in outbox.waiting()}
    assert set(receipts) <= waiting
    assert len(waiting - set(receipts)) <= number + 1  # stored just before the end of a process, and not said
    assert receipts
    assert outbox.send_due(soon()) == len(waiting)
    assert outbox.send_due(soon() + timedelta(days=1)) == 0
    assert len(server.ids) == len(set(server.ids)) == len(waiting)


@pytest.mark.slow
@killed
def test_after_a_kill_while_it_is_being_sent_a_message_is_sent_once_after_the_pause(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    outbox.post(MESSAGE)
    server.pause_s = 60
    with started("send", where, server.port) as process:
        tell(process)
        assert server.has_one.wait(20)
        process.send_signal(signal.SIGKILL)
    server.pause_s = 0
    assert outbox.send_due(soon()) == 0  # whoever took it may still be sending
    assert outbox.send_due(soon() + AFTER_PAUSE) == 1
    assert len(server.ids) == 1


@pytest.mark.slow
@killed
def test_after_a_kill_between_sending_and_marking_it_is_sent_again_as_the_same_mail(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    outbox.post(MESSAGE)
    server.goodbye_s = 60
    with started("send", where, server.port) as process:
        tell(process)
        assert server.is_leaving.wait(20)
        process.send_signal(signal.SIGKILL)
    server.goodbye_s = 0
    assert outbox.send_due(soon()) == 0
    assert outbox.send_due(soon() + AFTER_PAUSE) == 1
    assert len(server.ids) == 2
    assert len(set(server.ids)) == 1


@pytest.mark.slow
def test_two_processes_that_send_at_once_send_each_message_once(
    outbox: Outbox, server: MailServer, where: Path | Database
) -> None:
    for number in range(20):
        outbox.post(replace(MESSAGE, id=str(number)))
    server.pause_s = 0.1
    with started("send", where, server.port) as one, started("send", where, server.port) as other:
        tell(one)
        tell(other)
        counts = [int(said_by(one)), int(said_by(other))]
    assert min(counts) > 0
    assert sum(counts) == len(server.ids) == len(set(server.ids)) == 20


if __name__ == "__main__":
    program(sys.argv[1], sys.argv[2], int(sys.argv[3]))
