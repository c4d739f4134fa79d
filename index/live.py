"""The index that a running program serves: a newly published one is picked up between two questions."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Protocol

from index.store import StoredIndex, UnusableIndexError, current_version, open_index

logger = logging.getLogger(__name__)


class CurrentIndex(Protocol):
    """Whatever hands out the index to answer the next question from."""

    def current(self) -> StoredIndex:
        """The index that counts now."""


class LiveIndex:
    """Hands out the current index. Whoever holds an older one keeps it until they are done with it."""

    def __init__(self, home: Path, mend: str) -> None:
        """Open the index; `mend` is the command that rebuilds it. Raises UnusableIndexError as `open_index` does."""
        self._home = home
        self._mend = mend
        self._index = open_index(home, mend)
        self._refused: str | None = None
        self._loading = threading.Lock()

    def current(self) -> StoredIndex:
        """The newest index that is whole. While one caller loads a new one, the others get the old one."""
        home = self._home_now()
        version = current_version(home)
        if version not in (None, self._index.version, self._refused) and self._loading.acquire(blocking=False):
            try:
                self._index = self._fitting(open_index(home, self._mend))
                logger.info("serving index %s", self._index.version)
            except (UnusableIndexError, OSError) as error:
                self._refused = version
                logger.error("the new index is not used, the old one still is: %s", error)
            finally:
                self._loading.release()
        return self._index

    def _home_now(self) -> Path:
        """Where the current index is to be looked for."""
        return self._home

    def _fitting(self, new: StoredIndex) -> StoredIndex:
        """The new index, if questions are still encoded as its passages were."""
        old = self._index.manifest
        if (new.manifest.encoder, new.manifest.terms) != (old.encoder, old.terms):
            raise UnusableIndexError("It was built with another encoder or other lists of words. Restart the program.")
        return new
