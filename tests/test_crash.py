"""`kill -9` of an indexer at any moment: the index is then the old one or the new one, whole.

Started as a program, `python tests/test_crash.py KB`, this file is the indexer that the tests kill: it imports once,
and then for each line "SECONDS STEP HOME" starts a process of its own that builds the index, and kills it after so
many seconds, or has it die just before its STEP-th step on the disk. It prints how that process ended.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from conftest import MEND, LetterEncoder

from index.build import build_index
from index.encode import Encoder, Progress, Span, Vectors
from index.search import search
from index.store import MissingIndexError, current_version, index_home, open_index

ROOT = Path(__file__).parent.parent
PAUSE_S = 0.005  # before each flush, so that random moments fall between two files too
NEVER = 0  # the step before which an indexer that is killed by the clock dies
LONG_S = 60.0


class Kill(Protocol):
    """Builds once in another process; was that "killed", or had it "ended" before?"""

    def __call__(self, home: Path, seconds: float = ..., step: int = ...) -> str: ...


# SIGKILL exists on POSIX systems only; CI runs on one, so nothing is skipped there.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")]


class SlowLetterEncoder(LetterEncoder):
    """Takes its time, as a real encoder does."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        time.sleep(20 * PAUSE_S)
        return super().encode_spans(texts, spans, progress)


def indexer(kb: Path) -> None:
    """The program."""
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, step, home = line.rstrip("\n").split(" ", maxsplit=2)
        pid = os.fork()
        if pid == 0:
            build_and_exit(kb, Path(home), int(step))
        print("killed" if os.WIFSIGNALED(wait(pid, float(seconds))) else "ended", flush=True)


def wait(pid: int, seconds: float) -> int:
    """Wait for a process of ours to end, and kill it after so many seconds; returns its status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def build_and_exit(kb: Path, home: Path, last_step: int) -> None:
    steps = count(1)
    flush = os.fsync

    def slow_flush(descriptor: Any) -> None:
        time.sleep(PAUSE_S)
        flush(descriptor)

    def die_before_last_step(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}  # Python's names of what it is about to do
        if event == "open":
            writes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and str(arguments[0]).startswith(str(home)) and next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    if last_step == NEVER:
        vars(os)["fsync"] = slow_flush
    sys.addaudithook(die_before_last_step)
    build_index(kb, home, SlowLetterEncoder() if last_step == NEVER else LetterEncoder())
    os._exit(0)


@pytest.fixture
def kill(kb: Path) -> Iterator[Kill]:
    """The program, ready to build and be killed."""
    with subprocess.Popen(
        [sys.executable, __file__, str(kb)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, replies = process.stdin, process.stdout
        assert replies.readline() == "ready\n"

        def build_and_kill(home: Path, seconds: float = LONG_S, step: int = NEVER) -> str:
            print(seconds, step, home, file=requests, flush=True)
            return replies.readline().strip()

        yield build_and_kill
        requests.close()


def write(folder: Path, days: int) -> None:
    """A knowledge base of which each passage says how many days."""
    sections = "".join(f"## Part {part}\n\nThis takes {days} days.\n\n" for part in range(5))
    for name in ("laser", "peel"):
        (folder / f"{name}.md").write_text(f"---\nid: {name}\n---\n\n# About {name}\n\n{sections}")


def days_of(home: Path, encoder: Encoder) -> str:
    """What the index says, asked of all its parts: each must say the same."""
    index = open_index(home, MEND)
    hits = search(index.passages, encoder, "How many days does this take?", k=100)
    (text,) = {hit.passage.text for hit in hits}
    assert len(hits) == len(index.passages.passages) == len(index.manifest.passages) == 10
    assert index.passages.vectors.vectors.shape == (10, encoder.dim)
    return text


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    folder.mkdir()
    write(folder, days=0)
    return folder


def test_after_a_kill_at_twenty_random_moments_the_index_is_the_old_or_the_new_one(
    kb: Path, home: Path, encoder: LetterEncoder, kill: Kill
) -> None:
    build_index(kb, home, encoder)
    write(kb, days=1)
    started = time.perf_counter()
    assert kill(home) == "ended"
    run_s = time.perf_counter() - started
    moments = random.Random(9)
    for number in range(20):
        days = number + 2
        write(kb, days)
        moment = run_s * (number + moments.random()) / 20  # one in each twentieth of the run
        kill(home, seconds=moment)
        assert days_of(home, encoder) in (f"This takes {days - 1} days.", f"This takes {days} days."), moment
        build_index(kb, home, encoder)
        assert days_of(home, encoder) == f"This takes {days} days."


def test_after_a_kill_before_any_step_on_the_disk_the_index_is_the_old_or_the_new_one(
    kb: Path, home: Path, encoder: LetterEncoder, kill: Kill
) -> None:
    build_index(kb, home, encoder)
    is_new: list[bool] = []
    ended = "killed"
    while ended == "killed":
        days = len(is_new) + 1
        write(kb, days)
        ended = kill(home, step=days)
        said = days_of(home, encoder)
        assert said in (f"This takes {days - 1} days.", f"This takes {days} days.")
        is_new.append(said == f"This takes {days} days.")
        build_index(kb, home, encoder)
    # From one step on it is the new one, and before that the old one: the rename of CURRENT publishes it.
    assert is_new == sorted(is_new)
    assert is_new.count(False) > 12  # a step for each file, at least
    assert is_new.count(True) > 1


def test_after_a_kill_of_the_first_build_there_is_no_index_or_a_whole_one(
    kb: Path, tmp_path: Path, encoder: LetterEncoder, kill: Kill
) -> None:
    for step in count(1, 3):
        home = tmp_path / f"home {step}"
        ended = kill(home, step=step)
        if current_version(home) is None:
            with pytest.raises(MissingIndexError, match=MEND):
                open_index(home, MEND)
            build_index(kb, home, encoder)
        assert days_of(home, encoder) == "This takes 0 days."
        if ended == "ended":
            break


def start_app(settings: Path, kb: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "app.py", "index", "--kb", str(kb), "--settings", str(settings)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("phase", ["at a random moment", "while it writes"])
def test_after_a_kill_of_the_real_program_the_index_is_whole(
    kb: Path, tmp_path: Path, real_encoder: Encoder, phase: str
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('data = "data"\n')
    home = index_home(tmp_path / "data" / "index", kb)
    build_index(kb, home, real_encoder)
    write(kb, days=1)
    process = start_app(settings, kb)
    if phase == "while it writes":
        while len(list((home / "versions").iterdir())) == 1 and process.poll() is None:
            time.sleep(0.001)
    else:
        time.sleep(random.Random(9).uniform(0.5, 2.5))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert days_of(home, real_encoder) in ("This takes 0 days.", "This takes 1 days.")
    build_index(kb, home, real_encoder)
    assert days_of(home, real_encoder) == "This takes 1 days."


if __name__ == "__main__":
    indexer(Path(sys.argv[1]))
