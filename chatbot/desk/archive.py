"""A backup's one file: a zip whose manifest says how long each member is and what its sha256 is.

Nothing in it is compressed. So what comes out is never larger than the file, and no such file can fill a disk.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Self
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chatbot.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
MAX_MANIFEST = 64 * 2**20  # bytes; a member needs about 150
BLOCK = 2**20  # bytes that are read at a time
FOLDERS = ("documents", "library")
# What zipfile raises for bytes that are no zip, or one that is damaged or made to mislead.
DAMAGE = (
    BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    OverflowError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


class BackupError(Exception):
    """A backup cannot be made or used; the message says why and what to do."""


class Member(BaseModel):
    """What a member must be: so many bytes, with this hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """What a backup is: made by which version of the program, with which version of the tables, of what."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int
    program: str
    tables: str
    made_at: AwareDatetime
    members: dict[str, Member]

    def below(self, folder: str) -> dict[str, Member]:
        """The members in one of the folders "store", "documents" and "library", by their paths in it."""
        start = f"{folder}/"
        return {name.removeprefix(start): self.members[name] for name in self.members if name.startswith(start)}


class Writing:
    """A backup that is being written to an open file, in a `with` block."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_STORED)
        self._members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            self._zip.close()
        except OSError:
            if error is None:  # on a full disk the end cannot be written either
                raise

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write a member."""
        size, digest = 0, hashlib.sha256()
        with self._zip.open(ZipInfo(name), "w", force_zip64=True) as member:
            for block in blocks:
                member.write(block)
                digest.update(block)
                size += len(block)
        self._members[name] = Member(size=size, sha256=digest.hexdigest())

    def finish(self, tables: str) -> Manifest:
        """Write the manifest, after all else. `tables` is the version of the store's tables."""
        program = version("treatment-knowledge-base")
        manifest = Manifest(
            format=FORMAT, program=program, tables=tables, made_at=datetime.now(UTC), members=self._members
        )
        self._zip.writestr(ZipInfo(MANIFEST), manifest.model_dump_json(indent=1))
        return manifest


class Archive:
    """A backup that was found whole."""

    def __init__(self, file: Path, content: ZipFile, manifest: Manifest) -> None:
        self.file = file
        self.manifest = manifest
        self._zip = content

    def blocks(self, name: str) -> Iterator[bytes]:
        """A member, piece by piece. Raises BackupError, with the last piece, where it is not what the manifest says."""
        expected, size, digest = self.manifest.members[name], 0, hashlib.sha256()
        try:
            with self._zip.open(name) as member:
                while block := member.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    yield block
        except DAMAGE as error:
            raise _damaged(self.file, f"{name} cannot be read ({error})") from error
        if (size, digest.hexdigest()) != (expected.size, expected.sha256):
            raise _damaged(self.file, f"{name} is not what was written")


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """The backup in a file, after every byte of it was checked.

    Raises BackupError for one that is damaged, made by a newer program, or not made by this one at all, and
    FileNotFoundError.
    """
    with file.open("rb") as bytes_of_it:  # closed with the block, whoever still reads a member
        try:
            content = ZipFile(bytes_of_it)
        except DAMAGE as error:
            raise _damaged(file, f"it is no backup ({error})") from error
        with content:
            _check_form(file, content.infolist())
            archive = Archive(file, content, _manifest(file, content))
            _check_members(file, archive.manifest.members, content.infolist())
            for name in archive.manifest.members:
                for _ in archive.blocks(name):
                    pass
            yield archive


def _check_form(file: Path, found: list[ZipInfo]) -> None:
    """Whether no more can come out of it than it is long."""
    if any(info.compress_type != ZIP_STORED or info.flag_bits & 1 for info in found):
        raise _damaged(file, "a member is compressed or encrypted, which no backup does")
    if sum(info.file_size for info in found) > file.stat().st_size:
        raise _damaged(file, "its members are longer than itself")


def _manifest(file: Path, content: ZipFile) -> Manifest:
    try:
        if content.getinfo(MANIFEST).file_size > MAX_MANIFEST:
            raise ValueError("its manifest is too long")
        written = json.loads(content.read(MANIFEST))
        if isinstance(written, dict) and written.get("format") != FORMAT:
            made_by = f"it has format {written.get('format')}, and this program reads format {FORMAT}"
            raise BackupError(f"{file}: {made_by}. Install the program that made it.")
        return Manifest.model_validate(written)
    except DAMAGE as error:  # Pydantic's is a ValueError
        raise _damaged(file, f"it has no manifest that can be read ({type(error).__name__})") from error


def _check_members(file: Path, expected: dict[str, Member], found: list[ZipInfo]) -> None:
    """Whether there is what the manifest says, and nothing else, under names that lead nowhere else."""
    names = [info.filename for info in found]
    if len(set(names)) != len(names) or set(names) != {MANIFEST, *expected}:
        raise _damaged(file, "its members are not those of its manifest")
    if unsafe := next((name for name in expected if not _is_safe(name)), None):
        raise _damaged(file, f"a member has a name that no backup gives, {unsafe!r}")
    if any(info.file_size != expected[info.filename].size for info in found if info.filename != MANIFEST):
        raise _damaged(file, "a member is not as long as its manifest says")


def _is_safe(name: str) -> bool:
    """Whether it leads to a file that is not hidden in a known folder, on any system."""
    first, *others = name.split("/")
    is_known = first in ("store", *FOLDERS) and bool(others)
    is_plain = all(part and not part.startswith(".") for part in others)
    return is_known and is_plain and Path(*others).parts == tuple(others)


@contextmanager
def alone(settings: Settings, what: str) -> Iterator[None]:
    """Nobody else does this with the clinic's files. Raises BackupError where somebody does."""
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.data / f"{what}.lock", timeout=0):  # goes with the process, however it ends
            yield
    except Timeout as error:
        raise BackupError(f"Another process is at a {what}. Wait until it has ended.") from error


def _damaged(file: Path, what: str) -> BackupError:
    return BackupError(f"{file}: {what}. Nothing was changed. Take another backup.")
