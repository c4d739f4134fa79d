"""Curated answers: editors write them, approvers let them answer. An approved one goes on answering while it is edited.

Whatever is saved is a new version. Who saves says which version they began with: where somebody else has saved since,
nothing is overwritten and both wordings are in the error.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from chatbot.desk import audit
from chatbot.desk.curated_check import WordingError, check_wording, tidy
from chatbot.desk.curated_tables import changes, curated, variants, versions
from chatbot.desk.curated_wording import State, Version, Wording
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.store import transaction


class UnknownCuratedError(LookupError):
    """No curated answer has this id, or it has no such version; the message says which."""


class EditConflictError(Exception):
    """Somebody else has saved since: `theirs` is the newest version, `yours` what was not saved, if anything was."""

    def __init__(self, theirs: Version, yours: Wording | None) -> None:
        self.theirs, self.yours = theirs, yours
        at = f"{theirs.written_at:%Y-%m-%d %H:%M} UTC"
        done = "Yours is not saved and not lost: put both together, and save again" if yours else "Read it first"
        super().__init__(f"{theirs.written_by} saved version {theirs.number} at {at}, after you began. {done}.")


@dataclass(frozen=True, slots=True)
class Curated:
    """A curated answer: its newest version, the approved one that answers, if any, and how often one has answered."""

    id: str
    latest: Version
    serving: Version | None
    is_retired: bool
    used: int
    last_used_at: datetime | None

    @property
    def state(self) -> State:
        """Whether a version answers; an approved one may have a newer draft beside it."""
        return "approved" if self.serving else "retired" if self.is_retired else "draft"

    @property
    def has_draft(self) -> bool:
        """Whether the newest version waits for approval."""
        return self.serving is not None and self.serving.number != self.latest.number

    def is_overdue(self, today: date) -> bool:
        """Whether what answers now should have been reviewed before today."""
        return self.serving is not None and self.serving.wording.review_due < today


def write(desk: Desk, wording: Wording, by: Person) -> Version:
    """Save a new curated answer as a draft. Raises NotAllowedError, WordingError, StoreError."""
    by.must("edit")
    wording = _checked(desk, wording)
    version = Version(secrets.token_hex(4), 1, wording, by.name, _now())
    with transaction(desk.store) as connection:
        connection.execute(insert(curated).values(id=version.id, latest=1, is_retired=False, used=0))
        _add(connection, version)
        audit.note(connection, by.name, "curated.written", version.id, version=1)
    return version


def edit(desk: Desk, curated_id: str, began_with: int, wording: Wording, by: Person) -> Version:
    """Save another wording as the next version, a draft; `began_with` is the number of the version it was made from.

    Raises NotAllowedError, WordingError, UnknownCuratedError, EditConflictError, StoreError.
    """
    by.must("edit")
    wording = _checked(desk, wording)
    with transaction(desk.store) as connection:
        before = _one(connection, curated_id).latest
        version = Version(curated_id, began_with + 1, wording, by.name, _now())
        newest = (curated.c.id == curated_id) & (curated.c.latest == began_with)
        if connection.execute(update(curated).where(newest).values(latest=version.number)).rowcount == 0:
            raise EditConflictError(before, wording)
        _add(connection, version)
        changed = [f.name for f in fields(Wording) if getattr(wording, f.name) != getattr(before.wording, f.name)]
        audit.note(connection, by.name, "curated.edited", curated_id, version=version.number, changed=changed)
    return version


def approve(desk: Desk, curated_id: str, number: int, by: Person) -> None:
    """Let the newest version answer from the next question on. `number` is the version that the approver has read.

    Raises NotAllowedError, WordingError, UnknownCuratedError, EditConflictError, StoreError.
    """
    by.must("approve")
    with transaction(desk.store) as connection:
        one = _one(connection, curated_id)
        if one.latest.number != number:
            raise EditConflictError(one.latest, None)
        check_wording(one.latest.wording, desk.bot, _now().date())
        _refuse_same_question(connection, one.latest)
        this = (versions.c.id == curated_id) & (versions.c.number == number)
        connection.execute(update(versions).where(this).values(approved_by=by.name, approved_at=_now()))
        _serve(connection, curated_id, number)
        audit.note(connection, by.name, "curated.approved", curated_id, version=number)


def retire(desk: Desk, curated_id: str, by: Person) -> None:
    """Let no version of it answer any more, from the next question on.

    Raises NotAllowedError, UnknownCuratedError, StoreError.
    """
    by.must("approve")
    with transaction(desk.store) as connection:
        one = _one(connection, curated_id)
        _serve(connection, curated_id, None)
        version = one.serving.number if one.serving else one.latest.number
        audit.note(connection, by.name, "curated.retired", curated_id, version=version)


def curated_answer(desk: Desk, curated_id: str, by: Person) -> Curated:
    """One of them. Raises NotAllowedError, UnknownCuratedError, StoreError."""
    by.must("edit")
    with transaction(desk.store) as connection:
        return _one(connection, curated_id)


def history(desk: Desk, curated_id: str, by: Person) -> list[Version]:
    """Every version, newest first. Raises NotAllowedError, UnknownCuratedError, StoreError."""
    by.must("edit")
    with transaction(desk.store) as connection:
        found = read_versions(connection, versions.c.id == curated_id)
    if not found:
        raise UnknownCuratedError(f"There is no curated answer {curated_id!r}.")
    return sorted(found.values(), key=lambda version: -version.number)


def every_curated(desk: Desk, by: Person) -> list[Curated]:
    """All of them, the newest first. Raises NotAllowedError, StoreError."""
    by.must("edit")
    with transaction(desk.store) as connection:
        found = _read(connection)
    return sorted(found, key=lambda one: one.latest.written_at, reverse=True)


def serving_versions(connection: Connection) -> list[Version]:
    """The approved versions that answer, in the order of their ids."""
    is_serving = (versions.c.id == curated.c.id) & (versions.c.number == curated.c.serving)
    found = read_versions(connection, select(curated.c.id).where(is_serving).exists())
    return [found[key] for key in sorted(found)]


def read_versions(connection: Connection, condition: Any) -> dict[tuple[str, int], Version]:
    """The versions for which a condition on `versions` is true, by id and number."""
    rows = connection.execute(select(versions).where(condition)).mappings().all()
    questions: dict[tuple[str, int], list[str]] = {}
    joined = (variants.c.id == versions.c.id) & (variants.c.number == versions.c.number)
    asked = select(variants.c.id, variants.c.number, variants.c.question).join(versions, joined).where(condition)
    for one, number, question in connection.execute(asked.order_by(variants.c.position)):
        questions.setdefault((one, number), []).append(question)
    own = [f.name for f in fields(Wording) if f.name != "questions"]
    noted = ("id", "number", "written_by", "written_at", "approved_by", "approved_at")
    return {
        (row["id"], row["number"]): Version(
            wording=Wording(
                questions=tuple(questions.get((row["id"], row["number"]), ())), **{name: row[name] for name in own}
            ),
            **{name: row[name] for name in noted},
        )
        for row in rows
    }


def _checked(desk: Desk, wording: Wording) -> Wording:
    wording = tidy(wording, desk.bot)
    check_wording(wording, desk.bot, _now().date())
    return wording


def _add(connection: Connection, version: Version) -> None:
    wording = version.wording
    own = {f.name: getattr(wording, f.name) for f in fields(Wording) if f.name != "questions"}
    noted = {"id": version.id, "number": version.number}
    written = {"written_by": version.written_by, "written_at": version.written_at}
    connection.execute(insert(versions).values(**noted, **written, **own))
    rows = [{**noted, "position": position, "question": q} for position, q in enumerate(wording.questions)]
    connection.execute(insert(variants), rows)


def _serve(connection: Connection, curated_id: str, number: int | None) -> None:
    values = {"serving": number, "is_retired": number is None}
    connection.execute(update(curated).where(curated.c.id == curated_id).values(**values))
    connection.execute(insert(changes).values(id=curated_id))


def _refuse_same_question(connection: Connection, version: Version) -> None:
    """Two answers to one question: which one a patient got would be chance."""
    wording = version.wording
    own = {question.casefold() for question in wording.questions}
    for other in serving_versions(connection):
        same = (other.wording.treatment, other.wording.audience) == (wording.treatment, wording.audience)
        shared = [question for question in other.wording.questions if question.casefold() in own]
        if same and shared and other.id != version.id:
            raise WordingError(f"“{shared[0]}” is answered by the approved answer {other.id} already. Edit that one.")


def _one(connection: Connection, curated_id: str) -> Curated:
    found = _read(connection, curated_id)
    if not found:
        raise UnknownCuratedError(f"There is no curated answer {curated_id!r}.")
    return found[0]


def _read(connection: Connection, only: str | None = None) -> list[Curated]:
    condition = curated.c.id == only if only is not None else curated.c.id.is_not(None)
    rows = connection.execute(select(curated).where(condition)).mappings().all()
    wanted = (versions.c.id == curated.c.id) & (versions.c.number.in_([curated.c.latest, curated.c.serving]))
    found = read_versions(connection, select(curated.c.id).where(wanted, condition).exists())
    return [
        Curated(
            id=row["id"],
            latest=found[row["id"], row["latest"]],
            serving=found[row["id"], row["serving"]] if row["serving"] is not None else None,
            is_retired=row["is_retired"],
            used=row["used"],
            last_used_at=row["last_used_at"],
        )
        for row in rows
    ]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
