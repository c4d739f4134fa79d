"""A backup in place of what there is: all of it, or nothing, whatever happens in between.

What is to be done to the folders is written down first (`restoring.json`). Then the rows are replaced in one
transaction of the store, and just before its end the files are moved. That transaction notes the restore's id in the
audit log: so after a crash the store itself says whether it was done, and if it was not, the files are moved back.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, func, select, text

from chatbot.desk.archive import FOLDERS, Archive, BackupError, alone, opened
from chatbot.desk.audit import note, told
from chatbot.desk.backup import files_in, flush_folder, folders
from chatbot.desk.rows import add_rows, columns_in, split_lines, tables_in
from chatbot.desk.swap import Swap
from chatbot.migrations import STATE, migrate, newest, tables_at, versions
from chatbot.settings import Settings
from chatbot.store import StoreError, opened_store, scrub, transaction
from index.manifest import sha256

logger = logging.getLogger(__name__)

RESTORED = "backup.restored"
SWAPS: TypeAdapter[list[Swap]] = TypeAdapter(list[Swap])


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the folders in which former files are kept."""

    rows: int
    files: int
    former: tuple[Path, ...]


def restore(settings: Settings, file: Path, replace: bool) -> Restored:
    """Put a backup in place. What is there already is refused, unless it is to be replaced.

    Raises BackupError, StoreError and OSError; everything is then as it was, or will be once `settle` was called.
    """
    with opened(file) as archive, opened_store(settings.store) as store:
        _check_tables(archive)
        with alone(settings, "restore"):
            _settle(settings, store)
            if not replace:
                _refuse_to_overwrite(settings, store, archive)
            swaps = _swaps(settings, archive)
            _check_room(archive, settings)
            _write_plan(settings, swaps)
            try:
                _write_files(archive, swaps)
                rows = _replace(store, archive, swaps)
            finally:
                _settle(settings, store)
        _forget_what_was_replaced(store)
    kept = tuple(swap.former for swap in swaps if swap.former.is_dir())
    return Restored(rows, sum(len(archive.manifest.below(name)) for name in folders(settings)), kept)


def settle(settings: Settings) -> None:
    """Bring to an end a restore that a crash has cut off: as if it had never begun, unless it was done.

    Called before anything else. Raises BackupError while another process restores, and StoreError.
    """
    if _plan(settings).exists():
        with alone(settings, "restore"), opened_store(settings.store) as store:
            _settle(settings, store)


def _plan(settings: Settings) -> Path:
    return settings.data / "restoring.json"


def _write_plan(settings: Settings, swaps: list[Swap]) -> None:
    plan = _plan(settings)
    unfinished = plan.with_suffix(".new")
    with unfinished.open("wb") as file:
        file.write(SWAPS.dump_json(swaps))
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, plan)
    flush_folder(plan.parent)


def _settle(settings: Settings, store: Engine) -> None:
    plan = _plan(settings)
    if not plan.exists():
        return
    swaps = SWAPS.validate_json(plan.read_bytes())
    is_done = _is_done(store, swaps[0].id)
    for swap in swaps:
        if is_done:
            swap.finish()
        else:
            swap.undo()
    plan.unlink()
    flush_folder(plan.parent)


def _is_done(store: Engine, id: str) -> bool:
    with transaction(store) as connection:
        return any(entry.action == RESTORED for entry in told(connection, id))


def _check_tables(archive: Archive) -> None:
    """Whether the store in the backup is one that this program knows, with all its tables and their columns."""
    manifest = archive.manifest
    if manifest.tables not in versions():
        known = f"it has version {manifest.tables} of the tables, and this program knows {newest()} at most"
        raise BackupError(f"{archive.file}: {known}. Install the program that made it, or a newer one.")
    known_tables = tables_at(manifest.tables).tables
    if set(manifest.below("store")) != {f"{name}.jsonl" for name in known_tables}:
        raise BackupError(f"{archive.file}: its tables are not those of a store. Take another backup.")
    for name, table in known_tables.items():
        try:
            columns = columns_in(split_lines(archive.blocks(f"store/{name}.jsonl")))
        except ValueError as error:
            raise BackupError(f"{archive.file}: the table {name} cannot be read. Take another backup.") from error
        if sorted(columns) != sorted(table.columns.keys()):
            raise BackupError(f"{archive.file}: the table {name} has other columns. Take another backup.")


def _refuse_to_overwrite(settings: Settings, store: Engine, archive: Archive) -> None:
    there: list[str] = []
    with transaction(store) as connection:
        for table in tables_in(connection, tables_at(newest()).tables):
            if count := connection.scalar(select(func.count()).select_from(table)):
                there.append(f"{table.name} ({count} in the store)")
    for name, folder in folders(settings).items():
        members = archive.manifest.below(name)
        others = [p for p, f in files_in(folder).items() if p not in members or sha256(f) != members[p].sha256]
        if others:
            there.append(f"{others[0]} and whatever else in {folder} the backup lacks ({len(others)})")
    if there:
        remedy = "Make a backup of it, and then restore with --replace."
        raise BackupError(f"The restore would replace {', '.join(there)}. {remedy}")


def _swaps(settings: Settings, archive: Archive) -> list[Swap]:
    id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    swaps = []
    for name, folder in folders(settings).items():
        names = dict.fromkeys(path.split("/")[0] for path in archive.manifest.below(name))
        swaps.append(Swap(folder.resolve(), id, tuple(names), folder.exists()))
    return swaps


def _check_room(archive: Archive, settings: Settings) -> None:
    needed = sum(member.size for member in archive.manifest.members.values())
    for folder in (*folders(settings).values(), settings.data):
        there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
        if (free := shutil.disk_usage(there).free) < needed:
            room = f"{needed / 10**6:.0f} MB are needed, and {free / 10**6:.0f} MB are free on the disk of {there}"
            raise BackupError(f"{room}. Make room.")


def _write_files(archive: Archive, swaps: list[Swap]) -> None:
    for name, swap in zip(FOLDERS, swaps, strict=True):
        for path in archive.manifest.below(name):
            swap.write(path, archive.blocks(f"{name}/{path}"))


def _replace(store: Engine, archive: Archive, swaps: list[Swap]) -> int:
    with transaction(store) as connection:
        rows = _replace_rows(connection, archive)
        details = {"made_at": archive.manifest.made_at.isoformat(), "rows": rows}
        note(connection, None, RESTORED, swaps[0].id, **details)
        for swap in swaps:
            swap.put_in_place()
    return rows


def _replace_rows(connection: Connection, archive: Archive) -> int:
    for table in reversed(tables_in(connection, tables_at(newest()).tables)):
        table.drop(connection)
    connection.execute(text(f"DROP TABLE {STATE}"))
    version, count = archive.manifest.tables, 0
    migrate(connection, version)
    for table in tables_in(connection, tables_at(version).tables):
        try:
            count += add_rows(connection, table, split_lines(archive.blocks(f"store/{table.name}.jsonl")))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BackupError(
                f"{archive.file}: the table {table.name} has a row that is none. Take another."
            ) from error
    migrate(connection, newest())
    return count


def _forget_what_was_replaced(store: Engine) -> None:
    """Its bytes go too. Where somebody reads at the moment, they go with the next deletion."""
    try:
        scrub(store)
    except StoreError as error:
        logger.warning("What the restore replaced is not overwritten yet: %s", error)
