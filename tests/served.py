"""The real program over the shipped documents, as tests in a browser start, stop and start it again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from ports import free_port
from shipped import DOCUMENTS, put_index_under

ROOT = Path(__file__).parent.parent
START_S = 180


class Program:
    """`app.py serve` with its settings and data in a folder, on a port that stays the same."""

    def __init__(self, folder: Path, clinic: str) -> None:
        self.data = folder / "data"
        self._settings, self._log = folder / "settings.toml", folder / "log"
        self._settings.write_text(f'data = "data"\ndocuments = "{DOCUMENTS}"\n{clinic}', encoding="utf-8")
        put_index_under(self.data / "index")
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers; fails the test with the log when it does not."""
        command = [sys.executable, "app.py", "serve", "--settings", str(self._settings), "--port", str(self._port)]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urlopen(f"{self.address}/api/health")
                return
            except URLError:
                time.sleep(0.5)
        pytest.fail(f"the server did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=20)


@contextmanager
def served(folder: Path, clinic: str) -> Iterator[Program]:
    """The running program, with these settings of the clinic."""
    program = Program(folder, clinic)
    try:
        program.start()
        yield program
    finally:
        program.stop()
