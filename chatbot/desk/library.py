"""The clinic's documents as staff publish them: whole versions in folders, one of which is served.

    LIBRARY/CURRENT          the name of the version that is served
    LIBRARY/versions/NAME/   the documents of a version, never changed once they are written

Each version has an index of its own, built before one rename of CURRENT publishes both. Until the first is published
the folder of the settings is served.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from chatbot.settings import Settings
from index.live import LiveIndex
from index.store import current_version, flush, index_home, write_current
from kb.load import document_paths
from kb.read import sidecar

KEPT_VERSIONS = 10  # to roll back to, the current one among them
VERSION = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
MAX_WAIT_S = 120.0  # for somebody else who builds or publishes a version


class LibraryError(Exception):
    """The library cannot be used as it is; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Library:
    """The folder of the versions, the folder of documents before the first of them, and where indexes are kept."""

    home: Path
    first: Path
    indexes: Path

    @classmethod
    def of(cls, settings: Settings) -> Library:
        """The library of an installation, whether anything was published or not."""
        return cls(settings.library, settings.documents, settings.indexes)

    def current(self) -> str | None:
        """The name of the version that is served; None before the first was published."""
        return current_version(self.home)

    def folder(self, version: str | None) -> Path:
        """The documents of a version; for None those that were served before the first."""
        return self.first if version is None else self.home / "versions" / version

    def index_home(self, version: str | None) -> Path:
        """Where the index of a version is kept."""
        return index_home(self.indexes, self.folder(version))

    def versions(self) -> list[str]:
        """The names of the versions that are there, newest first, unpublished ones among them."""
        folder = self.home / "versions"
        return sorted((p.name for p in folder.iterdir()), reverse=True) if folder.is_dir() else []

    def served_folder(self) -> Path:
        """The documents that are served. Raises LibraryError when CURRENT names a version that is not there."""
        version = self.current()
        folder = self.folder(version)
        if version is not None and not folder.is_dir():
            raise LibraryError(
                f"{folder} is gone, which {self.home / 'CURRENT'} names. Restore a backup, write the name of another "
                f"folder beside it into CURRENT, or delete CURRENT to serve the folder of the settings."
            )
        return folder

    def paths(self) -> list[str]:
        """The paths of the served documents, sorted."""
        folder = self.served_folder()
        return [path.relative_to(folder).as_posix() for path in document_paths(folder)]

    def files(self, path: str) -> tuple[bytes, bytes | None]:
        """A served document's file, and the one beside it with its front matter.

        Raises LibraryError when it is not, or no longer, served.
        """
        if path not in self.paths():  # also what is no path in the library at all
            raise LibraryError(f"“{path}” is not served any more. Reload the page.")
        file = self.served_folder() / path
        return file.read_bytes(), sidecar(file).read_bytes() if sidecar(file).exists() else None

    def base(self, path: str) -> str:
        """The sha256 of a served document's files; empty where none is served at the path."""
        if path not in self.paths():
            return ""
        content, beside = self.files(path)
        return hashlib.sha256(content + b"\0" + (beside or b"")).hexdigest()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes a version or publishes one meanwhile. Raises LibraryError when that takes too long."""
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.home / "lock", timeout=MAX_WAIT_S):
                yield
        except Timeout as error:
            raise LibraryError("Somebody else is preparing or publishing a version. Try again in a minute.") from error

    def write(self, changes: Mapping[str, bytes | None]) -> str:
        """Write a version: the served documents with these files (path → bytes, None to leave it out).

        Returns its name; nobody serves it yet. What cannot be written to its end is taken away again.
        """
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        folder, source = self.folder(name), self.served_folder()
        try:
            folder.mkdir(parents=True)
            paths = document_paths(source)
            for path in [*paths, *(sidecar(path) for path in paths if sidecar(path).exists())]:
                if (relative := path.relative_to(source)).as_posix() not in changes:
                    (folder / relative).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, folder / relative)
            for changed, content in changes.items():
                if content is not None:
                    (folder / changed).parent.mkdir(parents=True, exist_ok=True)
                    (folder / changed).write_bytes(content)
            flush(folder)
        except BaseException:
            self.delete(name)
            raise
        return name

    def make_current(self, version: str) -> None:
        """Serve this version from the next question on, by one rename."""
        write_current(self.home, version)

    def delete(self, version: str) -> None:
        """Take away a version, and its index."""
        shutil.rmtree(self.index_home(version), ignore_errors=True)
        shutil.rmtree(self.folder(version), ignore_errors=True)

    def sweep(self, keep: set[str]) -> None:
        """Take away every version that is neither served nor to be kept, and what a crash left of any."""
        kept = keep | {self.current() or ""}
        for version in self.versions():
            if version not in kept:
                self.delete(version)
        homes = {self.index_home(version).name for version in kept}
        for home in self.indexes.iterdir() if self.indexes.is_dir() else ():
            is_ours = VERSION.fullmatch(home.name.rpartition("-")[0]) is not None
            if is_ours and home.name not in homes:
                shutil.rmtree(home, ignore_errors=True)


class LiveLibrary(LiveIndex):
    """The index of the version that is served: a newly published one is picked up between two questions."""

    def __init__(self, library: Library, mend: str) -> None:
        """Open the served index; `mend` is the command that rebuilds it. Raises as `LiveIndex` does."""
        self._library = library
        super().__init__(library.index_home(library.current()), mend)

    def _home_now(self) -> Path:
        return self._library.index_home(self._library.current())
