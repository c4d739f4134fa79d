"""Other files in place of those of a folder, which can be undone until it is said to be done.

    FOLDER/.restoring-ID/        the new files, until they are put in place
    FOLDER/.before-restore-ID/   the former ones, which are never deleted

Files are moved within the folder, so that it may be a mounted one, and hidden ones stay: a crash at any moment leaves
each file in one of the three places, from where `undo` takes it back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chatbot.desk.backup import flush_folder


@dataclass(frozen=True, slots=True)
class Swap:
    """A folder, the id of what is done to it, the names of what is new directly in it, and whether it was there."""

    folder: Path
    id: str
    names: tuple[str, ...]
    was_there: bool

    @property
    def new(self) -> Path:
        """Where the new files are written."""
        return self.folder / f".restoring-{self.id}"

    @property
    def former(self) -> Path:
        """Where the former files are kept."""
        return self.folder / f".before-restore-{self.id}"

    def write(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write one of the new files, down to the disk."""
        path = self.new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def put_in_place(self) -> None:
        """Move the former files away, and then the new ones to where those were."""
        for folder in (self.new, self.former):
            folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.iterdir()):
            if not path.name.startswith("."):
                os.rename(path, self.former / path.name)
        for name in self.names:
            os.rename(self.new / name, self.folder / name)
        flush_folder(self.folder)

    def undo(self) -> None:
        """Put everything back as it was, whatever was done before. It may be undone again."""
        if self.former.is_dir():  # otherwise nothing was moved
            for name in self.names:
                if not os.path.lexists(self.new / name):  # moved already
                    os.rename(self.folder / name, self.new / name)
            for path in self.former.iterdir():
                os.rename(path, self.folder / path.name)
            self.former.rmdir()
        shutil.rmtree(self.new, ignore_errors=True)
        if not self.was_there and self.folder.is_dir():
            self.folder.rmdir()

    def finish(self) -> None:
        """It is done. The former files are kept, if there were any."""
        shutil.rmtree(self.new, ignore_errors=True)
        if self.former.is_dir() and not any(self.former.iterdir()):
            self.former.rmdir()
