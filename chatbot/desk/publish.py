"""Publishing a version, and rolling back to one: documents and index by one rename, told in the log with its release.

Order: the store says what is about to be done, CURRENT is renamed, the store says that it was done. Whatever stops
between two of these, CURRENT names a whole version, and `repair` writes down which.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from chatbot.bot import Bot
from chatbot.desk import releases, saved
from chatbot.desk.candidate import MEND, Candidate, prepare
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import drafts
from chatbot.desk.library import Library
from chatbot.desk.permissions import Person
from chatbot.desk.releases import Release
from chatbot.desk.saved import Outcome
from chatbot.served import FixedIndex, Policy, served
from chatbot.store import StoreError, transaction
from index.build import Progress, build_index, silent
from index.manifest import file_states
from index.store import StoredIndex, UnusableIndexError, open_index, refuse_stale
from kb.review import this_day

MAX_LOAD_S = 10.0  # for the server to load what was published
logger = logging.getLogger(__name__)


class PublishError(Exception):
    """A version cannot be published; what was served still is. The message says why and what to do."""


class FailingQuestionsError(PublishError):
    """Saved questions would fail that nobody has let pass yet."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        failed = "; ".join(f"“{one.saved.question}”: {' '.join(one.failures)}" for one in outcomes)
        super().__init__(f"With this version {len(outcomes)} of the saved questions would fail: {failed}")
        self.outcomes = tuple(outcomes)


@dataclass(frozen=True, slots=True)
class Published:
    """What was done. `is_served` is false where this server answers from something else, such as `--kb`."""

    release: Release
    outcomes: tuple[Outcome, ...]
    is_served: bool


def prepared(desk: Desk, by: Person, progress: Progress = silent) -> Candidate:
    """Make the next version, ready to be compared and published; an older one that nobody published goes."""
    by.must("edit")
    library = Library.of(desk.settings)
    with library.locked():
        _repair(desk, library)
        try:
            candidate = prepare(desk, by, progress)
        except OSError as error:
            raise PublishError(
                f"The version could not be written ({error}). Make room on the disk, then try again."
            ) from error
        with transaction(desk.store) as connection:
            for older in releases.of(connection, releases.releases.c.state == "prepared"):
                releases.change(connection, older, state="given up")
            releases.add(
                connection, version=candidate.version, base=candidate.base, index_version=candidate.index.version,
                state="prepared", act="published", person=by.name, **_counted(candidate.index),
                drafts=[[draft.key, draft.revision] for draft in candidate.drafts],
            )  # fmt: skip
            keep = releases.kept(connection) | {candidate.version}
        library.sweep(keep)
    return candidate


def publish(desk: Desk, by: Person, version: str, accepting: Collection[int] = ()) -> Published:
    """Serve a prepared version from the next question on.

    `accepting` are the keys of the saved questions that may fail. Raises FailingQuestionsError for any other that does,
    PublishError for a version that is not what would be published now; nothing is changed then.
    """
    by.must("approve")
    library = Library.of(desk.settings)
    with library.locked():
        _repair(desk, library)
        release = _prepared_release(desk, library, version)
        index = _whole_index(desk, library, version)
        outcomes = _outcomes(desk, by, index)
        failed = saved.failing(outcomes)
        if not {one.saved.key for one in failed} <= set(accepting):
            raise FailingQuestionsError(failed)
        if release.base is None:
            _take_over(desk, by, library, release)
        release = replace(release, person=by.name, accepted=[one.saved.key for one in failed])
        return _switch(desk, library, release, outcomes)


def roll_back(desk: Desk, by: Person, version: str) -> Published:
    """Serve an earlier version again, from the next question on. Saved questions that fail do not hold it up."""
    by.must("approve")
    library = Library.of(desk.settings)
    with library.locked():
        _repair(desk, library)
        if version == library.current():
            raise PublishError("This version is served already. Choose an earlier one.")
        with transaction(desk.store) as connection:
            earlier = [release for release in releases.published(connection) if release.version == version]
        if not earlier or version not in library.versions():
            raise PublishError("There is no such version any more. Reload the page, and choose another.")
        index = _whole_index(desk, library, version)
        outcomes = _outcomes(desk, by, index)
        with transaction(desk.store) as connection:
            release = releases.add(
                connection, version=version, base=library.current(), index_version=index.version, state="publishing",
                act="rolled_back", person=by.name, **_counted(index),
                accepted=[one.saved.key for one in saved.failing(outcomes)],
            )  # fmt: skip
        return _switch(desk, library, release, outcomes)


def repair(desk: Desk) -> None:
    """Bring the store in line with what is served; done at the start, and before anything is published."""
    library = Library.of(desk.settings)
    with library.locked():
        _repair(desk, library)


def releases_so_far(desk: Desk, by: Person) -> list[tuple[Release, bool]]:
    """Every release, newest first, with whether it can be rolled back to."""
    by.must("edit")
    library = Library.of(desk.settings)
    there = set(library.versions()) - {library.current()}
    with transaction(desk.store) as connection:
        return [(release, release.version in there) for release in releases.published(connection)]


def _switch(desk: Desk, library: Library, release: Release, outcomes: list[Outcome]) -> Published:
    with transaction(desk.store) as connection:
        about = {"state": "publishing", "person": release.person, "accepted": release.accepted}
        releases.change(connection, release, **about)
        saved.record(connection, outcomes, release.version, release.key)
    try:
        library.make_current(release.version)
    except OSError as error:
        _repair(desk, library)
        raise PublishError(f"It could not be published ({error}). Make room on the disk, then try again.") from error
    try:
        with transaction(desk.store) as connection:
            releases.finish(connection, release)
            keep = releases.kept(connection)
        library.sweep(keep)
    except StoreError as error:  # it is published: the next repair writes it down
        logger.error("A version was published, but not written down yet: %s", error)
    return Published(replace(release, state="published"), tuple(outcomes), _is_served(desk, release))


def _is_served(desk: Desk, release: Release) -> bool:
    """Whether this server answers from it, once whoever loads it is done."""
    until = time.monotonic() + MAX_LOAD_S
    while desk.bot.index.current().version != release.index_version:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _repair(desk: Desk, library: Library) -> None:
    with transaction(desk.store) as connection:
        releases.repair(connection, library)


def _counted(index: StoredIndex) -> dict[str, int]:
    return {"documents": len(index.documents), "passages": len(index.passages.passages)}


def _prepared_release(desk: Desk, library: Library, version: str) -> Release:
    again = "Look at what would change once more, then publish."
    with transaction(desk.store) as connection:
        is_it = (releases.releases.c.version == version) & (releases.releases.c.state == "prepared")
        found = releases.of(connection, is_it)
        if found and found[0].base != library.current():
            raise PublishError(f"Another version was published meanwhile. {again}")
        if not found or version not in library.versions():
            raise PublishError(f"This version is no longer the one to be published. {again}")
        for key, revision in found[0].drafts:
            is_same = (drafts.c.key == key) & (drafts.c.revision == revision) & drafts.c.open_path.is_not(None)
            if connection.execute(select(drafts.c.key).where(is_same)).first() is None:
                raise PublishError(f"A draft in it was changed meanwhile. {again}")
    return found[0]


def _whole_index(desk: Desk, library: Library, version: str) -> StoredIndex:
    try:
        index = open_index(library.index_home(version), MEND)
        refuse_stale(index.manifest, library.folder(version), desk.bot.encoder.name, MEND)
    except UnusableIndexError as error:
        raise PublishError(f"The index of this version cannot be used: {error}") from error
    return index


def _outcomes(desk: Desk, by: Person, index: StoredIndex) -> list[Outcome]:
    bot = over(desk, index)
    return [Outcome(one, saved.answer_of(bot, one)) for one in saved.every(desk, by)]


def over(desk: Desk, index: StoredIndex) -> Bot:
    """The patients' bot as it would be over another index."""
    return replace(desk.bot, index=FixedIndex(served(index, Policy.of(desk.settings), this_day())))


def _take_over(desk: Desk, by: Person, library: Library, release: Release) -> None:
    """Keep the folder of the settings as the first version, to be able to roll back to it.

    Raises PublishError where it was changed since the version that is to be published was copied from it.
    """
    first = library.write({})
    try:
        own = {path for draft in _changed_paths(desk, release) for path in (draft, f"{draft}.yaml")}
        now, then = (
            {path: state.sha256 for path, state in file_states(library.folder(one)).items() if path not in own}
            for one in (first, release.version)
        )
        if now != then:
            raise PublishError("Files in the folder of documents were changed meanwhile. Prepare the version again.")
        kin = open_index(library.index_home(release.version), MEND)
        build_index(library.folder(first), library.index_home(first), desk.bot.encoder, silent, kin)
        index = open_index(library.index_home(first), MEND)
        with transaction(desk.store) as connection:
            releases.add(
                connection, version=first, index_version=index.version, state="published", act="taken_over",
                person=by.name, **_counted(index),
            )  # fmt: skip
    except BaseException:
        library.delete(first)
        raise


def _changed_paths(desk: Desk, release: Release) -> list[str]:
    """The paths of the documents that a version changes."""
    keys = [key for key, _ in release.drafts]
    with transaction(desk.store) as connection:
        return list(connection.execute(select(drafts.c.path).where(drafts.c.key.in_(keys))).scalars())
