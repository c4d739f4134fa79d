"""Before anything is published: what a draft would look like, and the version that all drafts make together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.desk.desk import Desk
from chatbot.desk.drafts import Draft, DraftError, check_base, content_of, open_drafts
from chatbot.desk.library import Library, LibraryError
from chatbot.desk.matter import HOLDS_ITS_OWN, Matter, as_files, matter_of
from chatbot.desk.permissions import Person
from chatbot.store import transaction
from index.build import BuildReport, EmptyKnowledgeBaseError, Progress, build_index, silent
from index.encode import Encoder
from index.store import StoredIndex, UnusableIndexError, open_index
from kb.apart import Extract, extract
from kb.document import Passage, Problem
from kb.split import split

MEND = "prepare the version again"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would be once it is published: the document as it is read, its passages, and what is wrong."""

    extract: Extract
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that nobody serves yet, made from the one that was served then, and the drafts that are in it."""

    version: str
    base: str | None
    drafts: tuple[Draft, ...]
    report: BuildReport
    index: StoredIndex


def preview(desk: Desk, by: Person, draft: Draft) -> Preview:
    """Read a draft beside the served documents that it may link to, in a process of its own."""
    by.must("edit")
    library = Library.of(desk.settings)
    with transaction(desk.store) as connection:
        content = content_of(connection, draft)
    with tempfile.TemporaryDirectory(prefix="draft-") as temporary:
        folder = Path(temporary)
        _copy_texts(library, folder)
        for path, data in _files(library, draft, content).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        found = extract(folder, draft.path)
    return Preview(found, tuple(split(found.document)) if found.document else ())


def prepare(desk: Desk, by: Person, progress: Progress = silent) -> Candidate:
    """Write the version that approved and retired drafts make, and build its index; what is served stays as it is.

    The caller holds the library's lock. Raises DraftError for a draft that cannot go into it, naming the draft.
    """
    by.must("edit")
    library = Library.of(desk.settings)
    ready = [draft for draft in open_drafts(desk, by) if draft.state in ("approved", "retired")]
    if not ready:
        raise DraftError("Nothing is approved or retired that is not published yet. Approve a draft first.")
    for draft in ready:
        if draft.state == "approved":  # apart, with limits, before it is read in this process
            _must_be_readable(preview(desk, by, draft).extract.problems)
    base, changes = library.current(), _changes(desk, library, ready)
    version = library.write(changes)
    try:
        report, index = _indexed(library, version, base, desk.bot.encoder, progress)
        changed = {draft.path for draft in ready}
        _must_be_readable([problem for problem in report.problems if problem.path in changed])
    except BaseException:
        library.delete(version)
        raise
    return Candidate(version, base, tuple(ready), report, index)


def _copy_texts(library: Library, folder: Path) -> None:
    """Only what a text may link to: reading all of a large library would take longer than a preview may."""
    served = library.served_folder()
    for path in library.paths():
        if path.lower().endswith(HOLDS_ITS_OWN):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(served / path, folder / path)


def _changes(desk: Desk, library: Library, ready: list[Draft]) -> Mapping[str, bytes | None]:
    """Path → bytes of every file that the drafts change, None for what goes."""
    changes: dict[str, bytes | None] = {}
    with transaction(desk.store) as connection:
        for draft in ready:
            check_base(library, draft)
            if draft.state == "retired":
                changes |= {draft.path: None, f"{draft.path}.yaml": None}
            else:
                changes |= _files(library, draft, content_of(connection, draft))
    return changes


def _files(library: Library, draft: Draft, content: bytes) -> dict[str, bytes]:
    try:
        return as_files(draft.path, content, draft.fields, _replaced(library, draft.path))
    except ValueError as error:
        raise DraftError(f"“{draft.path}”: {error}. Correct the text, and save the draft again.") from error


def _replaced(library: Library, path: str) -> Matter:
    """The front matter of the served document at a path; empty where there is none, or none that can be read."""
    try:
        return matter_of(path, *library.files(path))
    except (LibraryError, ValueError):
        return {}


def _indexed(
    library: Library, version: str, base: str | None, encoder: Encoder, progress: Progress
) -> tuple[BuildReport, StoredIndex]:
    home = library.index_home(version)
    try:
        report = build_index(library.folder(version), home, encoder, progress, _kin(library, base))
    except EmptyKnowledgeBaseError as error:
        raise DraftError("No document would be left that can be read. Keep one, or add another first.") from error
    return report, open_index(home, MEND)


def _kin(library: Library, base: str | None) -> StoredIndex | None:
    """The index that is served, to take vectors from; a candidate does without one that cannot be read."""
    try:
        return open_index(library.index_home(base), MEND)
    except UnusableIndexError:
        return None


def _must_be_readable(problems: Sequence[Problem]) -> None:
    wrong = [str(problem) for problem in problems if problem.severity == "error"]
    if wrong:
        raise DraftError(f"It cannot be published as it is: {' '.join(wrong)}")
