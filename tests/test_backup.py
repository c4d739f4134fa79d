"""Backup and restore: one file with the store, the documents and the library, put back whole or not at all."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from filelock import FileLock
from postgres_server import PostgresServer
from sqlalchemy import Engine, select

import app
from chatbot.answer import Answer
from chatbot.database import Database
from chatbot.desk.archive import BackupError, opened
from chatbot.desk.audit import entries, note
from chatbot.desk.backup import make_backup
from chatbot.desk.restore import restore
from chatbot.desk.rows import tables_in
from chatbot.mailing.message import Exchange, Message
from chatbot.mailing.outbox import Outbox, messages
from chatbot.migrations import newest, tables_at
from chatbot.records import Records, Turn, votes
from chatbot.settings import Settings
from chatbot.store import StoreError, open_store, transaction

ANSWER = Answer("Is it red “today”? 🌹", "abstained", "nothing", 0.1 + 0.2)
TURN = Turn("c-1", "turn-1")
MESSAGE = Message(
    "1", "c-1", "Zoë", "zoe@visitor.example", "Call\nme", (Exchange("Q", "A"),), datetime(2026, 11, 24, tzinfo=UTC)
)
State = tuple[dict[str, list[dict[str, Any]]], dict[str, bytes]]


def settings_of(where: Path | Database, folder: Path) -> Settings:
    """Of a clinic with everything in one folder, but for the store, if that is a database."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    if isinstance(where, Path):
        return Settings(documents=documents, data=where.parent)
    return Settings(documents=documents, data=folder / "var", database=where.url)


@pytest.fixture
def settings(where: Path | Database, tmp_path: Path) -> Settings:
    """A clinic with something of everything."""
    settings = settings_of(where, tmp_path / "old")
    (settings.documents / "laser").mkdir()
    (settings.documents / "laser" / "recovery.md").write_text("Redness fades.")
    (settings.documents / "scan.pdf").write_bytes(bytes(range(256)) * 5000)
    (settings.documents / ".draft.md").write_text("hidden")
    (settings.data / "library" / "v1").mkdir(parents=True)
    (settings.data / "library" / "v1" / "a: é.md").write_text("Approved.")
    return settings


@pytest.fixture
def full(settings: Settings, store: Engine) -> Engine:
    """Its store, with rows in every table."""
    records, outbox = Records(store, keep_days=30), Outbox(store, None, keep_days=30)
    for turn in (TURN, None):
        records.answered(ANSWER, "v1", 0.0123, turn)
    records.voted(TURN, True, "other", "thanks")
    outbox.post(MESSAGE)
    outbox.post(replace(MESSAGE, id="2"))
    with transaction(store) as connection:
        note(connection, "Ann", "document.published", "laser", was=None, sizes=[1, 2.5])
        sent = messages.update().where(messages.c.conversation.is_not(None), messages.c.receipt == _first(connection))
        connection.execute(sent.values(transcript=None))  # JSON's null, not the database's
    return store


def _first(connection: Any) -> str:
    return str(connection.execute(select(messages.c.receipt).order_by(messages.c.receipt)).scalar())


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A new clinic, with nothing yet, over a store of either kind."""
    if request.param == "sqlite":
        yield settings_of(tmp_path / "new" / "var" / "records.sqlite3", tmp_path / "new")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.fresh() as database:
            yield settings_of(database, tmp_path / "new")


def state_of(settings: Settings) -> State:
    """All rows but those about backups themselves, and the files."""
    store = open_store(settings.store)
    rows: dict[str, list[dict[str, Any]]] = {}
    with transaction(store) as connection:
        for table in tables_in(connection, tables_at(newest()).tables):
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            rows[table.name] = [dict(row) for row in found if not str(row.get("action")).startswith("backup.")]
    store.dispose()
    files: dict[str, bytes] = {}
    for name, folder in {"documents": settings.documents, "library": settings.data / "library"}.items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and ".before-restore" not in str(path):
                files[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return rows, files


def shown(state: State) -> State:
    """Without the files that are hidden."""
    rows, files = state
    return rows, {name: content for name, content in files.items() if "/." not in name}


def numbers(state: State) -> dict[str, int]:
    """How many rows each table has that has any."""
    return {name: len(rows) for name, rows in state[0].items() if rows}


def test_what_was_backed_up_is_there_after_a_restore_elsewhere(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    restored = restore(elsewhere, tmp_path / "clinic.backup", replace=False)
    before, after = shown(state_of(settings)), state_of(elsewhere)
    assert after == before
    assert numbers(before) == {"turns": 2, "votes": 1, "messages": 2, "audit": 3}
    assert restored.rows == 8
    assert restored.files == len(before[1]) == 3
    assert restored.former == ()


def test_after_a_restore_the_program_goes_on_where_the_backup_ended(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    restore(elsewhere, tmp_path / "clinic.backup", replace=False)
    store = open_store(elsewhere.store)
    Records(store, keep_days=30).answered(ANSWER, "v2", 0.1, Turn("c-2", "turn-1"))
    Records(store, keep_days=30).voted(Turn("c-2", "turn-1"), True)
    assert [row["key"] for row in state_of(elsewhere)[0]["turns"]] == [1, 2, 3]
    Records(store, keep_days=30).forget("c-1")
    assert [row["turn"] for row in state_of(elsewhere)[0]["votes"]] == [3]
    store.dispose()


def test_the_audit_log_says_that_a_backup_was_made_and_restored(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    restore(elsewhere, tmp_path / "clinic.backup", replace=False)
    for one, action in ((settings, "backup.made"), (elsewhere, "backup.restored")):
        store = open_store(one.store)
        with transaction(store) as connection:
            assert connection.execute(select(entries.c.action)).scalars().all()[-1] == action
        store.dispose()


def test_a_backup_can_be_read_by_whoever_made_it_only_and_takes_the_place_of_a_former_one_when_it_is_whole(
    settings: Settings, full: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "backups" / "clinic.backup"
    file.parent.mkdir()
    file.write_text("the former one")
    make_backup(settings, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["clinic.backup"]
    with opened(file) as archive:
        assert archive.manifest.tables == newest()


def test_a_backup_of_a_server_at_work_is_of_one_moment(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    stop = Event()

    def work() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            Records(full, keep_days=30).answered(ANSWER, "busy", 0.1, Turn("busy", str(number)))
            with transaction(full) as connection:
                row = {"at": datetime(2026, 1, 1), "helpful": True, "status": "x", "confidence": 0, "passages": []}
                connection.execute(votes.insert().values(remark="busy", **row))
                note(connection, None, "vote.noted", str(number))
        return number

    with ThreadPoolExecutor(max_workers=2) as threads:
        working = threads.submit(work)
        for number in range(3):
            make_backup(settings, tmp_path / f"{number}.backup")
        stop.set()
        assert working.result() > 3
    restore(elsewhere, tmp_path / "2.backup", replace=False)
    rows = state_of(elsewhere)[0]
    voted = [row for row in rows["votes"] if row["remark"] == "busy"]
    noted = [row for row in rows["audit"] if row["action"] == "vote.noted"]
    answered = [row for row in rows["turns"] if row["index"] == "busy"]
    assert len(voted) == len(noted)
    assert len(answered) - len(noted) in (0, 1)


def test_documents_that_change_while_they_are_read_are_read_again(
    settings: Settings, full: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = __import__("chatbot.desk.backup", fromlist=["x"])._blocks

    def blocks(file: Path) -> Iterator[bytes]:
        seen.append(file.name)
        if seen.count("scan.pdf") == 1 and file.name == "scan.pdf":
            (settings.documents / "laser" / "recovery.md").write_text("Redness fades within a week.")
        read: Iterator[bytes] = real(file)
        return read

    monkeypatch.setattr("chatbot.desk.backup._blocks", blocks)
    make_backup(settings, tmp_path / "clinic.backup")
    with opened(tmp_path / "clinic.backup") as archive:
        assert b"".join(archive.blocks("documents/laser/recovery.md")) == b"Redness fades within a week."


def test_a_place_among_the_documents_is_refused(settings: Settings, full: Engine) -> None:
    with pytest.raises(BackupError, match="would be a part of what is backed up"):
        make_backup(settings, settings.documents / "clinic.backup")


def test_documents_that_are_not_there_are_refused(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"documents": tmp_path / "nowhere"})
    with pytest.raises(BackupError, match="no such folder of documents"):
        make_backup(nowhere, tmp_path / "clinic.backup")


def test_what_is_there_is_replaced_only_if_that_is_said(settings: Settings, full: Engine, tmp_path: Path) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    backed_up = shown(state_of(settings))
    Records(full, keep_days=30).answered(ANSWER, "later", 0.1)
    (settings.documents / "scan.pdf").unlink()
    (settings.documents / "laser" / "recovery.md").write_text("Changed.")
    (settings.documents / "new.md").write_text("New.")
    before = state_of(settings)
    with pytest.raises(BackupError, match=r"turns \(3 in the store\), .*, laser/recovery\.md .* \(2\)\. .*--replace"):
        restore(settings, tmp_path / "clinic.backup", replace=False)
    assert state_of(settings) == before
    restored = restore(settings, tmp_path / "clinic.backup", replace=True)
    assert shown(state_of(settings)) == backed_up
    assert (settings.documents / ".draft.md").read_text() == "hidden"
    assert [sorted(path.name for path in folder.iterdir()) for folder in restored.former] == [
        ["laser", "new.md"],
        ["v1"],
    ]
    assert not list(settings.data.glob("restoring*"))


def test_the_same_documents_are_no_reason_to_refuse(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    (elsewhere.documents / "scan.pdf").write_bytes((settings.documents / "scan.pdf").read_bytes())
    assert restore(elsewhere, tmp_path / "clinic.backup", replace=False).files == 3


def test_while_somebody_restores_nobody_else_does(settings: Settings, full: Engine, tmp_path: Path) -> None:
    make_backup(settings, tmp_path / "clinic.backup")
    with FileLock(settings.data / "restore.lock"), pytest.raises(BackupError, match="Another process is at a restore"):
        restore(settings, tmp_path / "clinic.backup", replace=True)


def test_a_backup_of_an_older_program_is_brought_up_to_date(
    settings: Settings, full: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "clinic.backup"
    make_backup(settings, file)

    def older(members: dict[str, bytes]) -> None:
        known = {f"store/{table}.jsonl" for table in tables_at("0001").tables}
        for name in [name for name in members if name.startswith("store/") and name not in known]:
            del members[name]
        rows = [json.loads(line)[:-1] for line in members["store/messages.jsonl"].splitlines()]  # without `done_at`
        members["store/messages.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in rows).encode()

    rewrite(file, older, tables="0001")
    restore(elsewhere, file, replace=False)
    assert numbers(state_of(elsewhere)) == {"turns": 2, "votes": 1, "messages": 2}


# Refused files: what a backup becomes by damage, or by somebody's hand.


def rewrite(
    file: Path,
    change: Callable[[dict[str, bytes]], object] = lambda _: None,
    compression: int = zipfile.ZIP_STORED,
    unlisted: dict[str, bytes] | None = None,
    **manifest: Any,
) -> None:
    """Change the members of a backup, with a manifest that is right for them, or says something else."""
    with zipfile.ZipFile(file) as old:
        members = {name: old.read(name) for name in old.namelist()}
    said = json.loads(members.pop("manifest.json"))
    change(members)
    listed = {name: {"size": len(data), "sha256": sha256(data).hexdigest()} for name, data in members.items()}
    said |= {"members": listed} | manifest
    with zipfile.ZipFile(file, "w", compression) as new:
        for name, data in [*members.items(), *(unlisted or {}).items(), ("manifest.json", json.dumps(said).encode())]:
            new.writestr(zipfile.ZipInfo(name), data, compress_type=compression)


def named(name: str) -> Callable[[Path], None]:
    return lambda file: rewrite(file, lambda members: members.update({name: b"evil"}))


def set_member(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda file: rewrite(file, lambda members: members.update({name: data}))


COLUMNS = ["key", "at", "turn", "helpful", "reason", "remark", "status", "urgency", "rule", "confidence", "passages"]
HEADER = json.dumps(COLUMNS).encode() + b"\n"
ORPHAN = [1, "2026-01-31T12:00:00", 99, True, None, None, "answered", None, None, 0.5, "[]"]
FILES: dict[str, Callable[[Path], object]] = {
    "a text": lambda file: file.write_text("This is a letter. " * 1000),
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "no manifest": lambda file: zipfile.ZipFile(file, "w").close(),
    "a way out": named("documents/../../evil"),
    "a way out of the table": named("store/../evil.jsonl"),
    "an absolute name": named("/etc/evil"),
    "an absolute name in a folder": named("documents//etc/evil"),
    "a hidden file": named("documents/.git/hooks/evil"),
    "another folder": named("code/evil.py"),
    "a folder itself": named("documents"),
    "another table": named("store/evil.jsonl"),
    "Alembic's table": named("store/alembic_version.jsonl"),
    "what the manifest does not list": lambda file: rewrite(file, unlisted={"documents/evil": b"x"}),
    "other bytes": lambda file: file.write_bytes(file.read_bytes().replace(b"Redness fades.", b"Redness stays.")),
    "a bomb": lambda file: rewrite(
        file, lambda members: members.update({"documents/bomb": bytes(10**7)}), compression=zipfile.ZIP_DEFLATED
    ),
    "a newer format": lambda file: rewrite(file, format=2),
    "newer tables": lambda file: rewrite(file, tables="9999"),
    "no version of the tables": lambda file: rewrite(file, tables="../../evil"),
    "something more in the manifest": lambda file: rewrite(file, more=1),
    "a missing table": lambda file: rewrite(file, lambda members: members.pop("store/votes.jsonl")),
    "no columns": set_member("store/votes.jsonl", b""),
    "other columns": set_member("store/votes.jsonl", b'["key", "evil"]\n'),
}
ROWS = {
    "a row that is too short": set_member("store/votes.jsonl", HEADER + b"[1]\n"),
    "a row that is none": set_member("store/votes.jsonl", HEADER + b"{}\n"),
    "a row without what it needs": set_member("store/votes.jsonl", HEADER + json.dumps([1, *[None] * 10]).encode()),
    "a row that belongs to nothing": set_member("store/votes.jsonl", HEADER + json.dumps(ORPHAN).encode()),
}


def files_around(folder: Path) -> list[Path]:
    """All but locks, and what SQLite keeps beside its file."""
    found = (path for path in folder.rglob("*") if path.suffix != ".lock")
    return sorted(path for path in found if not path.name.startswith("records.sqlite3-"))


def refuse(settings: Settings, file: Path, folder: Path) -> None:
    """A restore of it is refused, and nothing is changed: not a row, not a file."""
    before, around = state_of(settings), files_around(folder)
    with pytest.raises((BackupError, StoreError)) as caught:
        restore(settings, file, replace=True)
    assert str(caught.value).endswith(".")
    assert state_of(settings) == before
    assert files_around(folder) == around


@pytest.mark.parametrize("hostile", FILES)
@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_a_file_that_is_no_whole_backup_is_refused_and_changes_nothing(
    hostile: str, settings: Settings, full: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "clinic.backup"
    make_backup(settings, file)
    FILES[hostile](file)
    refuse(settings, file, tmp_path)


@pytest.mark.parametrize("hostile", ROWS)
def test_a_backup_with_a_row_that_cannot_be_stored_is_refused_and_changes_nothing(
    hostile: str, settings: Settings, full: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "clinic.backup"
    make_backup(settings, file)
    ROWS[hostile](file)
    refuse(settings, file, tmp_path)
    Records(full, keep_days=30).answered(ANSWER, "works on", 0.1)
    assert len(state_of(settings)[0]["turns"]) == 3


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_whatever_byte_is_damaged_what_is_read_is_what_was_written_or_nothing(
    settings: Settings, full: Engine, tmp_path: Path
) -> None:
    (settings.documents / "scan.pdf").unlink()
    file = tmp_path / "clinic.backup"
    make_backup(settings, file)
    whole = file.read_bytes()

    def content() -> dict[str, bytes]:
        with opened(file) as archive:
            return {name: b"".join(archive.blocks(name)) for name in archive.manifest.members}

    members, refused = content(), 0
    for position in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[position] ^= 0x41
        file.write_bytes(damaged)
        try:
            assert content() == members
        except BackupError:
            refused += 1
    assert refused > len(whole) / 5 / 2


def test_the_commands_back_up_and_restore(
    settings: Settings, full: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "settings.toml"
    lines = [f'documents = "{settings.documents.as_posix()}"', f'data = "{settings.data.as_posix()}"']
    toml.write_text("\n".join(lines + ([f'database = "{settings.database}"'] if settings.database else [])))
    file = str(tmp_path / "clinic.backup")
    assert app.main(["backup", file, "--settings", str(toml)]) == 0
    assert "clinic.backup: 20 tables and files, 1.3 MB." in capsys.readouterr().out
    assert app.main(["restore", file, "--settings", str(toml)]) == 2
    assert capsys.readouterr().err.startswith("error: The restore would replace audit (4 in the store), ")
    assert app.main(["restore", file, "--replace", "--settings", str(toml)]) == 0
    assert f"8 rows and 3 files are restored. Bring the index up to date:\npython app.py index --settings {toml}" in (
        capsys.readouterr().out
    )
    assert app.main(["restore", str(tmp_path / "none.backup"), "--settings", str(toml)]) == 2
