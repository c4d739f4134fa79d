"""The real program with a real mail server: what has a receipt arrives, whatever happens to either of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from mail_server import SENDER, TO, serving
from ports import free_port

# SIGKILL exists on POSIX systems only; CI runs on one, so nothing is skipped there.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9"),
]

ROOT = Path(__file__).parent.parent
START_S = 180.0


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def program(settings: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The program, once it serves."""
    command = [sys.executable, "app.py", "serve", "--settings", str(settings), "--port", str(port)]
    with (settings.parent / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:

        def serves() -> bool:
            assert process.poll() is None, (settings.parent / "log").read_text()
            try:
                urlopen(f"http://127.0.0.1:{port}/api/health").close()
            except URLError:
                return False
            return True

        try:
            wait_until(serves, START_S)
            yield process
        finally:
            process.kill()


def post(port: int) -> str:
    """Send a message to the clinic; its receipt."""
    message = {
        "id": str(uuid4()),
        "name": "Zoë",
        "contact": "01234 5678",
        "message": "Please call me.",
        "consent": True,
    }
    sent = Request(f"http://127.0.0.1:{port}/api/messages", json.dumps(message).encode())
    sent.add_header("Content-Type", "application/json")
    with urlopen(sent) as response:
        assert response.status == 202
        receipt: str = json.load(response)["receipt"]
        return receipt


def waiting(settings: Path) -> list[str]:
    """The receipts that the staff's list has."""
    command = [sys.executable, "app.py", "messages", "--json", "--settings", str(settings)]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False).stdout
    return [one["receipt"] for one in json.loads(listed)]


def test_a_receipt_outlives_a_kill_and_an_orderly_end_finishes_what_is_being_sent(
    clinic_folder: Path, tmp_path: Path
) -> None:
    port, settings = free_port(), tmp_path / "settings.toml"
    settings.write_text(f'documents = "{clinic_folder.name}"\n')
    with program(settings, port) as process:
        first = post(port)
        process.kill()
    assert waiting(settings) == [first]

    with serving() as server:
        mail = f'host = "localhost"\nport = {server.port}\nsecurity = "none"\nsender = "{SENDER}"\nto = "{TO}"\n'
        settings.write_text(f"{settings.read_text()}[mail]\n{mail}")
        with program(settings, port) as process:
            wait_until(lambda: len(server.taken) == 1, 20)
            server.has_one.clear()
            server.pause_s = 2.0
            second = post(port)
            assert server.has_one.wait(20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert [mail["Subject"] for mail in server.taken] == [f"Message {r} from your web site" for r in (first, second)]
    assert waiting(settings) == []
