"""Drafts: documents that staff upload, edit, approve and retire before the next version has them."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    select,
    update,
)

from chatbot.desk.audit import note
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library
from chatbot.desk.matter import REVIEW, Matter, decoded
from chatbot.desk.permissions import Person
from chatbot.desk.uploads import UploadError, check_content, checked_name
from chatbot.store import metadata, transaction
from kb.front_matter import FrontMatter
from kb.review import this_day

State = Literal["draft", "approved", "retired", "published", "discarded"]

drafts = Table(
    "drafts",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("path", String, nullable=False, index=True),  # of the document, in the library
    Column("open_path", String, unique=True),  # the same while it is open: one open draft a document
    Column("state", String, nullable=False),
    Column("content", LargeBinary),  # the file; none for a document that is retired
    Column("sha256", String, nullable=False),
    Column("kind", String, nullable=False),  # of medium, such as application/pdf
    Column("matter", JSON, nullable=False),  # the fields of its front matter that were filled in at the desk
    Column("owner", String, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC
    Column("revision", Integer, nullable=False),  # grows with every change: who changes it says which they have seen
    Column("base", String, nullable=False),  # sha256 of the document as it was served then; empty for a new one
    Column("reviewer", String),
    Column("reviewed_on", Date),
    Column("review_due", Date),
    Column("version", String),  # in which it was published
)
HEAD = [column for column in drafts.c if column.name not in ("content", "open_path")]


class DraftError(Exception):
    """What was asked of a draft cannot be done; the message says why and what to do."""


class DraftConflictError(DraftError):
    """Somebody else was faster. Nothing of either was lost."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft without its file. `at` is in UTC, without saying so; `matter` is what was filled in at the desk."""

    key: int
    path: str
    state: State
    sha256: str
    kind: str
    matter: Matter
    owner: str
    at: datetime
    revision: int
    base: str
    reviewer: str | None
    reviewed_on: date | None
    review_due: date | None
    version: str | None

    @property
    def fields(self) -> dict[str, Any]:
        """What the desk writes into its front matter: never a review that an uploaded file claims for itself."""
        return {**self.matter, **dict(zip(REVIEW, (self.reviewer, self.reviewed_on, self.review_due), strict=True))}


def upload(
    desk: Desk, by: Person, name: str, content: bytes, matter: Mapping[str, Any], replaces: str | None = None
) -> Draft:
    """Keep an uploaded file as a draft: a new document, or one in place of the served document `replaces`.

    Raises UploadError for a file that is refused, DraftConflictError where there is an open draft of the document.
    """
    by.must("edit")
    path = checked_name(name)
    check_content(path, content)
    library = Library.of(desk.settings)
    served = library.paths()
    if replaces is not None:
        if replaces not in served:
            raise DraftConflictError(f"“{replaces}” is no longer served. Upload the file as a new document.")
        if _suffix(replaces) != _suffix(path):
            raise UploadError(
                f"“{path}” is of another type than “{replaces}”",
                "Upload it as a new document, and retire the old one.",
            )
        path = replaces
    elif path.casefold() in {other.casefold() for other in served}:
        raise DraftConflictError(f"There is a document “{path}”. Say that the file replaces it, or rename the file.")
    return _start(desk, by, path, content, _checked(matter))


def take_up(desk: Desk, by: Person, path: str) -> Draft:
    """A draft of a served document as it is, to edit it or to have it reviewed again."""
    by.must("edit")
    content, _ = Library.of(desk.settings).files(path)
    return _start(desk, by, path, content, {})


def retire(desk: Desk, by: Person, path: str) -> Draft:
    """Leave a served document out of the next version."""
    by.must("approve")
    Library.of(desk.settings).files(path)
    return _start(desk, by, path, None, {})


def edit(desk: Desk, by: Person, seen: Draft, content: bytes | None, matter: Mapping[str, Any]) -> Draft:
    """Change the text of a draft, unless None, and its fields. Whoever has approved it must do so again."""
    by.must("edit")
    _must_have_text(seen)
    changes: dict[str, Any] = {"state": "draft", "matter": _checked(matter), "owner": by.name}
    if content is not None:
        check_content(seen.path, content)
        changes |= {"content": content, "sha256": _sha256(content)}
    changes["base"] = Library.of(desk.settings).base(seen.path)
    return _change(desk, by, seen, "document.edited", changes | dict.fromkeys(("reviewer", *REVIEW[1:])))


def approve(desk: Desk, by: Person, seen: Draft, reviewer: str, review_due: date) -> Draft:
    """Say who has reviewed this very draft, today, and when that is due again: it goes into the next version."""
    by.must("approve")
    _must_have_text(seen)
    today = this_day()
    if not reviewer.strip():
        raise DraftError("Nobody is named as reviewer. Write the clinician's name.")
    if review_due <= today:
        raise DraftError(f"The next review would be due on {review_due}, which is not after today. Give a later day.")
    reviewed = {"reviewer": reviewer.strip(), "reviewed_on": today, "review_due": review_due}
    said = {"reviewer": reviewer.strip(), "review_due": review_due.isoformat()}
    return _change(desk, by, seen, "document.approved", {"state": "approved", **reviewed}, **said)


def discard(desk: Desk, by: Person, seen: Draft) -> Draft:
    """Close a draft without publishing it. Its file stays in the store."""
    by.must("approve" if seen.state == "retired" else "edit")
    return _change(desk, by, seen, "document.discarded", {"state": "discarded", "open_path": None})


def open_drafts(desk: Desk, by: Person) -> list[Draft]:
    """Every draft that is not published or discarded, oldest first."""
    by.must("edit")
    with transaction(desk.store) as connection:
        rows = connection.execute(select(*HEAD).where(drafts.c.open_path.is_not(None)).order_by(drafts.c.key))
        return [Draft(**row) for row in rows.mappings()]


def draft_of(connection: Connection, key: int) -> Draft:
    """A draft as it is now. Raises DraftError for a key that there is not."""
    row = connection.execute(select(*HEAD).where(drafts.c.key == key)).mappings().first()
    if row is None:
        raise DraftError("There is no such draft. Reload the page.")
    return Draft(**row)


def content_of(connection: Connection, draft: Draft) -> bytes:
    """The file of a draft; empty for a document that is retired."""
    return connection.execute(select(drafts.c.content).where(drafts.c.key == draft.key)).scalar_one() or b""


def text_of(desk: Desk, by: Person, draft: Draft) -> str:
    """The text of a draft that can be edited as text. Raises ValueError for one that cannot be decoded."""
    by.must("edit")
    with transaction(desk.store) as connection:
        return decoded(content_of(connection, draft))


def check_base(library: Library, draft: Draft) -> None:
    """Raise DraftConflictError where the document that a draft was made from is no longer what is served."""
    if library.base(draft.path) != draft.base:
        raise DraftConflictError(
            f"“{draft.path}” is served in another text than when its draft was made. Save the draft again, once you "
            "have compared the two."
        )


def _start(desk: Desk, by: Person, path: str, content: bytes | None, matter: Matter) -> Draft:
    base = Library.of(desk.settings).base(path)
    row = {
        "path": path, "open_path": path.casefold(), "state": "draft" if content is not None else "retired",
        "content": content, "sha256": _sha256(content or b""), "matter": matter, "owner": by.name, "at": _now(),
        "kind": mimetypes.guess_type(path)[0] or "text/plain", "revision": 1, "base": base,
    }  # fmt: skip
    with transaction(desk.store) as connection:
        is_open = drafts.c.open_path == path.casefold()
        other = connection.execute(select(drafts.c.owner, drafts.c.at).where(is_open)).first()
        if other is not None:
            raise DraftConflictError(
                f"There is an open draft of “{path}” (by {other.owner}, {other.at:%Y-%m-%d %H:%M} UTC). Nothing of "
                "yours was stored: edit or discard that one first."
            )
        key = connection.execute(insert(drafts).values(row).returning(drafts.c.key)).scalar_one()
        action = "document.uploaded" if content is not None else "document.retired"
        note(connection, by.name, action, path, draft=key, sha256=row["sha256"])
        return draft_of(connection, key)


def _must_have_text(seen: Draft) -> None:
    if seen.state == "retired":
        raise DraftError(f"“{seen.path}” is to be retired. Take that back first, then edit the document.")


def _change(desk: Desk, by: Person, seen: Draft, action: str, changes: dict[str, Any], **details: Any) -> Draft:
    """Change a draft, if it is still what the person has seen."""
    is_seen = (drafts.c.key == seen.key) & (drafts.c.revision == seen.revision) & drafts.c.open_path.is_not(None)
    changes = {**changes, "revision": seen.revision + 1, "at": _now()}
    with transaction(desk.store) as connection:
        if connection.execute(update(drafts).where(is_seen).values(changes)).rowcount != 1:
            now = draft_of(connection, seen.key)
            raise DraftConflictError(
                f"“{seen.path}” was changed meanwhile by {now.owner} ({now.at:%Y-%m-%d %H:%M} UTC, {now.state}). Yours "
                "was not stored: open the draft again, and put in what is missing."
            )
        changed = draft_of(connection, seen.key)
        note(connection, by.name, action, seen.path, draft=seen.key, sha256=changed.sha256, **details)
        return changed


def _checked(matter: Mapping[str, Any]) -> Matter:
    """The fields, if front matter could have them; a review is no field: `approve` gives it."""
    fields = {name: value for name, value in matter.items() if name not in REVIEW and value is not None}
    try:
        FrontMatter.model_validate(fields)
    except ValueError as error:
        raise DraftError(f"The document's fields cannot be used: {error}. Correct them.") from error
    return fields


def _suffix(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
