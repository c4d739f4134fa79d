"""One file with everything that a clinic cannot make again: the store, the documents, and the library of releases.

Whoever can run this has the files anyway: it is a command, on no page, and asks for no role.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from chatbot.desk.archive import BLOCK, FOLDERS, BackupError, Manifest, Writing, alone
from chatbot.desk.audit import note
from chatbot.desk.rows import lines_of, tables_in
from chatbot.migrations import newest, tables_at
from chatbot.settings import Settings
from chatbot.store import opened_store, snapshot, transaction
from kb.load import files_below

TRIES = 3  # of a backup in whose course files change


class _ChangedError(Exception):
    """Files were changed while they were read."""


def folders(settings: Settings) -> dict[str, Path]:
    """Where the folders stand whose files are backed up, by their names in a backup."""
    return dict(zip(FOLDERS, (settings.documents, settings.data / "library"), strict=True))


def files_in(folder: Path) -> dict[str, Path]:
    """The files of a folder that are not hidden, by their paths in it, sorted; none where it is not there."""
    paths = sorted(path for path in files_below(folder) if path.is_file()) if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): path for path in paths}


def make_backup(settings: Settings, file: Path) -> Manifest:
    """Write a backup as of now, while the server runs. A former one of that name is there until this one is whole.

    Raises BackupError, StoreError and OSError, and leaves nothing behind then.
    """
    if not settings.documents.is_dir():
        raise BackupError(f"{settings.documents}: no such folder of documents. Correct `documents` in the settings.")
    if any(file.resolve().is_relative_to(folder.resolve()) for folder in folders(settings).values()):
        raise BackupError(f"{file} would be a part of what is backed up. Choose a place outside of the documents.")
    unfinished = file.with_name(f".{file.name}.part")  # what a crash leaves of it, the next backup overwrites
    try:
        with alone(settings, "backup"), opened_store(settings.store) as store:
            manifest = _written(settings, store, unfinished)
            with transaction(store) as connection:
                size = unfinished.stat().st_size
                note(connection, None, "backup.made", file.name, size=size, members=len(manifest.members))
                os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
    flush_folder(file.parent)
    return manifest


def _written(settings: Settings, store: Engine, file: Path) -> Manifest:
    for _ in range(TRIES):
        try:
            with open(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as to:
                with Writing(to) as writing:
                    _add_store(writing, store)
                    for name, folder in folders(settings).items():
                        _add_folder(writing, name, folder)
                    manifest = writing.finish(newest())
                to.flush()
                os.fsync(to.fileno())
                return manifest
        except _ChangedError:
            continue
    raise BackupError("The documents changed while they were read, again and again. Try once nobody edits them.")


def _add_store(writing: Writing, store: Engine) -> None:
    with snapshot(store) as connection:
        for table in tables_in(connection, tables_at(newest()).tables):
            writing.add(f"store/{table.name}.jsonl", lines_of(connection, table))


def _add_folder(writing: Writing, name: str, folder: Path) -> None:
    """Every file as it was at one moment: where that cannot be, since others write, it must be tried again."""
    try:
        before = _states(folder)
        for path, file in files_in(folder).items():
            _refuse_unwritable(file)
            writing.add(f"{name}/{path}", _blocks(file))
        if _states(folder) != before:
            raise _ChangedError
    except FileNotFoundError as error:
        raise _ChangedError from error


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path: file.stat() for path, file in files_in(folder).items()}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def _refuse_unwritable(file: Path) -> None:
    try:
        str(file).encode()
    except UnicodeEncodeError as error:
        raise BackupError(f"{os.fsencode(file)!r}: this name is not UTF-8. Rename the file.") from error


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            yield block


def flush_folder(folder: Path) -> None:
    """Have what was renamed in a folder survive a power cut."""
    if os.name == "nt":
        return  # Windows cannot open folders
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
