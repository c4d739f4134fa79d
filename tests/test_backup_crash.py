"""`kill -9` of a restore before any of its steps, and a full disk: what is there is all old or all new.

Started as a program, `python tests/test_backup_crash.py SETTINGS`, this file imports once, and then for each line
"COMMAND FILE STEP BYTES" starts a process of its own that backs up, restores or settles. That process dies just before
its STEP-th change of a file or a table, and cannot write beyond BYTES of a file. It prints how that process ended.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Connection, Engine, event

from chatbot.answer import Answer
from chatbot.database import Database
from chatbot.desk.archive import BackupError
from chatbot.desk.backup import files_in, make_backup
from chatbot.desk.restore import restore, settle
from chatbot.records import Records, Turn, turns
from chatbot.settings import Settings, load_settings
from chatbot.store import StoreError, open_store, transaction

ROOT = Path(__file__).parent.parent
NEVER = 0
PLENTY = 10**9

# SIGKILL and limits of files exist on POSIX systems only; CI runs on one, so nothing is skipped there.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")]


class Run(Protocol):
    """Backs up or restores in another process; was that "killed", did it say an "error", or was it "done"?"""

    def __call__(self, command: str, file: Path, step: int = ..., most: int = ...) -> str: ...


def program(settings: Settings) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        command, file, step, most = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            run_and_exit(settings, command, Path(file), int(step), int(most))
        status = os.waitpid(pid, 0)[1]
        ended = {0: "done", 1: "error"}.get(os.waitstatus_to_exitcode(status), "broken")
        print("killed" if os.WIFSIGNALED(status) else ended, flush=True)


def run_and_exit(settings: Settings, command: str, file: Path, last_step: int, most: int) -> None:
    steps, root = count(1), str(settings.documents.parent)

    def step() -> None:
        if next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_file(name: str, arguments: tuple[Any, ...]) -> None:
        writes = name in {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}  # Python's names of what it is about to do
        if name == "open":
            writes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and str(arguments[0]).startswith(root):
            step()

    def on_statement(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.engine.url.database and statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP"):
            step()

    def on_commit(connection: Connection) -> None:
        if connection.engine.url.database:
            step()

    sys.addaudithook(on_file)
    event.listen(Engine, "before_cursor_execute", on_statement)
    event.listen(Engine, "commit", on_commit)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        if command == "backup":
            make_backup(settings, file)
        elif command == "settle":
            settle(settings)
        else:
            restore(settings, file, replace=True)
    except (BackupError, StoreError, OSError):
        os._exit(1)
    except BaseException:
        os._exit(2)
    os._exit(0)


@pytest.fixture
def settings(where: Path | Database, tmp_path: Path) -> Settings:
    """A clinic in one folder, `tmp_path / "clinic"`, but for the store, if that is a database."""
    folder = tmp_path / "clinic"
    (folder / "documents").mkdir(parents=True)
    database = "" if isinstance(where, Path) else f'database = "{where.url}"'
    (folder / "settings.toml").write_text(f'documents = "documents"\ndata = "var"\n{database}')
    return load_settings(folder / "settings.toml")


@pytest.fixture
def run(settings: Settings) -> Iterator[Run]:
    """The program, ready to be killed."""
    with subprocess.Popen(
        [sys.executable, __file__, str(settings.documents.parent / "settings.toml")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, replies = process.stdin, process.stdout
        assert replies.readline() == "ready\n"

        def ask(command: str, file: Path, step: int = NEVER, most: int = PLENTY) -> str:
            print(command, file, step, most, sep="\t", file=requests, flush=True)
            return replies.readline().strip()

        yield ask
        requests.close()


def fill(settings: Settings, word: str, rows: int = 3) -> None:
    """Make everything say a word: rows, documents, library."""
    store = open_store(settings.store)
    with transaction(store) as connection:
        connection.execute(turns.delete())
    records = Records(store, keep_days=30)
    for number in range(rows):
        records.answered(Answer(f"{word} {'long ' * 100}", "abstained", "", 0.0), word, 0.1, Turn(word, str(number)))
    store.dispose()
    for name in ("laser.md", f"{word}.md", f"{word}/more.md", "both/more.md"):
        for folder in (settings.documents, settings.data / "library"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(word)


def says(settings: Settings) -> str:
    """The word that everything says: all the rows, and all the files, none missing and none too many."""
    store = open_store(settings.store)
    with transaction(store) as connection:
        (word,) = set(connection.execute(turns.select().with_only_columns(turns.c.index)).scalars())
    store.dispose()
    for folder in (settings.documents, settings.data / "library"):
        files = {path: file.read_text() for path, file in files_in(folder).items()}
        assert files == dict.fromkeys([f"{word}.md", f"{word}/more.md", "both/more.md", "laser.md"], word)
    left = [
        path
        for path in settings.documents.parent.rglob("*")
        if "restoring-" in path.name or path.name == "restoring.json"
    ]
    assert left == []
    return str(word)


@pytest.fixture
def backups(settings: Settings, tmp_path: Path) -> dict[str, Path]:
    """Two states of the clinic, "old" and "new"; it is in the old one."""
    files = {word: tmp_path / f"{word}.backup" for word in ("new", "old")}
    for word, file in files.items():
        for folder in (settings.documents, settings.data / "library"):
            for path in files_in(folder).values():
                path.unlink()
        fill(settings, word, rows=200 if word == "new" else 3)
        make_backup(settings, file)
    return files


def test_after_a_kill_before_any_step_everything_is_old_or_everything_is_new(
    settings: Settings, backups: dict[str, Path], run: Run
) -> None:
    is_new: list[bool] = []
    for step in count(1, 1 if isinstance(settings.store, Path) else 5):  # a server is slower, and its steps the same
        ended = run("restore", backups["new"], step=step)
        run("settle", backups["new"], step=1 + step % 7)  # as the next command does first; it may be killed too
        settle(settings)
        word = says(settings)
        is_new.append(word == "new")
        if word == "new":
            assert run("restore", backups["old"]) == "done"
        if ended == "done":
            break
        assert ended == "killed"
    # From one step on it is new, and before that old: the end of the store's transaction decides.
    assert is_new == sorted(is_new)
    assert is_new.count(False) > 8
    assert is_new.count(True) > 0


@pytest.mark.parametrize("most", [0, 100, 30_000, 60_000, 90_000])
@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_a_disk_that_is_full_after_so_many_bytes_leaves_everything_old(
    most: int, settings: Settings, backups: dict[str, Path], run: Run
) -> None:
    assert run("restore", backups["new"], most=most) == "error"
    settle(settings)
    assert says(settings) == "old"
    assert run("restore", backups["new"]) == "done"
    assert says(settings) == "new"


@pytest.mark.parametrize("most", [0, 2000, 100_000])
def test_a_disk_that_is_full_leaves_the_former_backup(
    most: int, settings: Settings, backups: dict[str, Path], run: Run
) -> None:
    former, around = backups["new"].read_bytes(), sorted(backups["new"].parent.iterdir())
    (settings.documents / "scan.pdf").write_bytes(bytes(200_000))
    assert run("backup", backups["new"], most=most) == "error"
    assert backups["new"].read_bytes() == former
    assert sorted(backups["new"].parent.iterdir()) == around
    assert run("backup", backups["new"]) == "done"
    assert backups["new"].read_bytes() != former


if __name__ == "__main__":
    program(load_settings(Path(sys.argv[1])))
