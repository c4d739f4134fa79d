"""`kill -9` of whoever uploads, prepares or publishes, at any step: what is served is the old one or the new, whole.

Started as a program, `python tests/test_publish_crash.py`, this file is what the tests kill: for each line "ACT STEP
FOLDER" it starts a process of its own that uploads, prepares or publishes, and dies just before its STEP-th step on
the disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import LetterEncoder, UndecidedMeaning, desk_of
from rose_documents import LASER, PEEL

from chatbot.bot import ask
from chatbot.desk import drafts, publish, releases
from chatbot.desk.audit import told
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library
from chatbot.desk.permissions import Person
from chatbot.question import Question
from chatbot.settings import Settings
from chatbot.store import open_store, transaction
from kb.load import load

ROOT = Path(__file__).parent.parent
ED, APP = Person("Ed", "editor"), Person("Ann", "approver")
DUE = date.today() + timedelta(days=365)
NEVER = -1  # the step of whoever does all, and dies then
IN_UPLOAD = -2  # of whoever dies when a file is in the store, but before that is told in the log
AFTER_RENAME = 0  # the step of whoever dies when the rename is done, and nothing of it is written down yet
TEXT = "# Fractional CO2 laser\n\n## Recovery\n\nRedness fades within {days} days.\n"
Kill = Callable[[str, int, Path], str]  # (act, step, folder) → "killed" or "ended"

# SIGKILL exists on POSIX systems only; CI runs on one, so nothing is skipped there.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")]


def desk_in(folder: Path) -> Desk:
    """The desk of a clinic, as it is after a start of the program."""
    settings = Settings(documents=folder / "clinic", data=folder / "var")
    desk = desk_of(settings, LetterEncoder(), UndecidedMeaning(), open_store(settings.store))
    publish.repair(desk)
    return desk


def program() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        act, step, folder = line.rstrip("\n").split(" ", maxsplit=2)
        pid = os.fork()
        if pid == 0:
            work_and_exit(act, int(step), Path(folder))
        print("killed" if os.WIFSIGNALED(os.waitpid(pid, 0)[1]) else "ended", flush=True)


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work_and_exit(act: str, last_step: int, folder: Path) -> None:
    desk, steps = desk_in(folder), count(1)

    def die_before_last_step(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}
        if event == "open":
            writes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and str(arguments[0]).startswith(str(folder / "var")) and next(steps) == last_step:
            die()

    if last_step == AFTER_RENAME:
        vars(releases)["finish"] = die
    if last_step == IN_UPLOAD:
        vars(drafts)["note"] = die
    sys.addaudithook(die_before_last_step)
    if act == "upload":
        approve(desk, 5)
    elif act == "prepare":
        publish.prepared(desk, ED)
    else:
        publish.publish(desk, APP, prepared_version(desk))
    if last_step == NEVER:
        die()
    os._exit(0)


def prepared_version(desk: Desk) -> str:
    with transaction(desk.store) as connection:
        return releases.of(connection, releases.releases.c.state == "prepared")[0].version


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """The program, ready to work and be killed."""
    with subprocess.Popen(
        [sys.executable, __file__], env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        requests, replies = process.stdin, process.stdout
        assert replies.readline() == "ready\n"

        def work_and_kill(act: str, step: int, folder: Path) -> str:
            print(act, step, folder, file=requests, flush=True)
            return replies.readline().strip()

        yield work_and_kill
        requests.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "laser.md").write_text(LASER)
    (tmp_path / "clinic" / "peel.md").write_text(PEEL)
    return tmp_path


def approve(desk: Desk, days: int) -> None:
    draft = drafts.upload(desk, ED, "laser.md", TEXT.format(days=days).encode(), {}, replaces="laser.md")
    drafts.approve(desk, APP, draft, "Dr B. Example", DUE)


def served_days(desk: Desk) -> str:
    """What is said of redness, once all that is served is seen to be whole and of one version."""
    library = Library.of(desk.settings)
    index, loaded = desk.bot.index.current(), load(library.served_folder())
    assert {d.id: d.text for d in index.documents} == {d.id: d.text for d in loaded.documents}
    assert loaded.problems == ()
    return ask(desk.bot, Question.parse("When does redness fade?")).citations[0].quote


def check_written_down(desk: Desk, is_new: bool) -> None:
    """The store says what is served, and the draft is published where it is."""
    library = Library.of(desk.settings)
    with transaction(desk.store) as connection:
        published = [one for one in releases.published(connection) if one.act != "taken_over"]
        assert [one.version for one in published[:1]] == ([library.current()] if library.current() else [])
        assert releases.of(connection, releases.releases.c.state == "publishing") == []
        if is_new:
            (entry,) = told(connection, published[0].version)
            assert (entry.person, entry.action) == ("Ann", "document.published")
    assert (drafts.open_drafts(desk, ED) == []) == is_new


@pytest.mark.parametrize("is_first", [True, False], ids=["the first version", "a later one"])
def test_after_a_kill_at_any_step_of_publishing_the_old_version_is_served_or_the_new(
    folder: Path, kill: Kill, is_first: bool, tmp_path: Path
) -> None:
    is_new: list[bool] = []
    for step in count(1, 3 if is_first else 1):  # the first also copies the folder: many steps, all alike
        own = folder if not is_first else tmp_path / f"step {step}"
        if is_first:
            (own / "clinic").mkdir(parents=True)
            (own / "clinic" / "laser.md").write_text(LASER)
        desk = desk_in(own)
        if not is_first and step == 1:
            approve(desk, 500)
            publish.publish(desk, APP, publish.prepared(desk, ED).version)
        before = served_days(desk)
        approve(desk, step)
        publish.prepared(desk, ED)
        ended = kill("publish", step, own)
        desk = desk_in(own)
        said = served_days(desk)
        assert said in (before, f"Redness fades within {step} days.")
        is_new.append(said != before)
        check_written_down(desk, is_new[-1])
        if not is_new[-1]:
            publish.publish(desk, APP, publish.prepared(desk, ED).version)
        assert served_days(desk) == f"Redness fades within {step} days."
        if ended == "ended":
            break
    assert is_new == sorted(is_new)  # from one step on it is the new one
    assert is_new.count(False) > 1
    assert is_new[-1]


def test_after_a_kill_between_the_rename_and_the_log_the_next_start_writes_it_down(folder: Path, kill: Kill) -> None:
    desk = desk_in(folder)
    approve(desk, 5)
    publish.prepared(desk, ED)
    assert kill("publish", AFTER_RENAME, folder) == "killed"
    desk = desk_in(folder)
    assert served_days(desk) == "Redness fades within 5 days."
    check_written_down(desk, is_new=True)


def test_after_a_kill_while_a_version_is_prepared_the_old_one_is_served_and_what_is_left_of_it_goes(
    folder: Path, kill: Kill
) -> None:
    desk = desk_in(folder)
    approve(desk, 5)
    homes = len(list(desk.settings.indexes.iterdir()))
    for step in (2, 4, 6, 9, 14, 20):
        assert kill("prepare", step, folder) == "killed"
        desk = desk_in(folder)
        assert served_days(desk) == "Redness fades within seven days."
        check_written_down(desk, is_new=False)
    candidate = publish.prepared(desk, ED)
    assert Library.of(desk.settings).versions() == [candidate.version]
    assert len(list(desk.settings.indexes.iterdir())) == homes + 1
    publish.publish(desk, APP, candidate.version)
    assert served_days(desk) == "Redness fades within 5 days."


def test_after_a_kill_in_an_upload_nothing_of_it_is_there_and_after_one_that_was_kept_it_can_be_published(
    folder: Path, kill: Kill
) -> None:
    assert kill("upload", IN_UPLOAD, folder) == "killed"
    assert drafts.open_drafts(desk_in(folder), ED) == []
    assert kill("upload", NEVER, folder) == "killed"
    desk = desk_in(folder)
    (draft,) = drafts.open_drafts(desk, ED)
    assert (draft.state, drafts.text_of(desk, ED, draft)) == ("approved", TEXT.format(days=5))
    assert served_days(desk) == "Redness fades within seven days."
    publish.publish(desk, APP, publish.prepared(desk, ED).version)
    assert served_days(desk) == "Redness fades within 5 days."
    check_written_down(desk, is_new=True)


def test_two_programs_serve_the_same_version(folder: Path) -> None:
    one, other = desk_in(folder), desk_in(folder)
    approve(one, 5)
    publish.publish(one, APP, publish.prepared(one, ED).version)
    assert served_days(other) == "Redness fades within 5 days."


if __name__ == "__main__":
    program()
