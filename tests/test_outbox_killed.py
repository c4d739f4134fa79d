"""The outbox after kill -9, and with two processes: nothing that has a receipt is lost, nothing is sent twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mail_server import MailServer
from posted import AFTER_PAUSE, KEEP_DAYS, MESSAGE, soon

from chatbot.database import Database
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import Outbox
from chatbot.store import open_store

ROOT = Path(__file__).parent.parent
killed = pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")


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
    sent, calls = 0, 0
    while outbox.waiting() and calls < 5:  # a mail server that is slow for once is left alone until the next call
        sent += outbox.send_due(soon() + calls * AFTER_PAUSE)
        calls += 1
    assert sent == len(waiting) == len(set(server.ids))
    assert len(server.ids) < len(waiting) + calls  # whatever such a call broke off at may be there twice
    assert outbox.send_due(soon() + timedelta(days=1)) == 0


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
