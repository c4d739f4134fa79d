"""What each curated answer was given for: counted for good, and told as long as its turn is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, String, Table, cast, insert, select, update

from chatbot.desk.curated_match import CuratedMatch
from chatbot.desk.curated_tables import curated, uses
from chatbot.desk.curated_wording import PREFIX
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.store import metadata, transaction


@dataclass(frozen=True, slots=True)
class Use:
    """A question that a curated answer was given for. `at` is in UTC, without saying so.

    `question` is redacted; there is none where nobody could ask for it to be deleted. `probability` is that of the
    match, 0 to 1.
    """

    at: datetime
    number: int
    question: str | None
    probability: float


@dataclass(frozen=True, slots=True)
class Thumbs:
    """How many said that an answer helped, and how many that it did not, of the votes that are still kept."""

    up: int
    down: int


def note_uses(connection: Connection, matches: Sequence[CuratedMatch], turn: Any) -> None:
    """Record what was used for a turn, given by its key, in the transaction that records the turn."""
    at = datetime.now(UTC).replace(tzinfo=None)
    for one in matches:
        own = curated.c.id == one.version.id
        connection.execute(update(curated).where(own).values(used=curated.c.used + 1, last_used_at=at))
        row = {"at": at, "id": one.version.id, "number": one.version.number, "turn": turn}
        connection.execute(insert(uses).values(row | {"probability": round(one.probability, 4)}))


def uses_of(desk: Desk, curated_id: str, by: Person, most: int = 100) -> list[Use]:
    """The newest uses that are still kept, newest first. Raises NotAllowedError, StoreError."""
    by.must("edit")
    turns = _table("turns")
    columns = (uses.c.at, uses.c.number, turns.c.question, uses.c.probability)
    found = select(*columns).join(turns, turns.c.key == uses.c.turn).where(uses.c.id == curated_id)
    with transaction(desk.store) as connection:
        rows = connection.execute(found.order_by(uses.c.key.desc()).limit(most)).all()
    return [Use(*row) for row in rows]


def thumbs(desk: Desk, by: Person) -> dict[str, Thumbs]:
    """The votes on answers that cite a curated answer, by its id. Raises NotAllowedError, StoreError."""
    by.must("edit")
    votes = _table("votes")
    about = cast(votes.c.passages, String).contains(PREFIX)
    with transaction(desk.store) as connection:
        rows = connection.execute(select(votes.c.passages, votes.c.helpful).where(about)).all()
    counts: dict[str, list[int]] = {}
    for passages, is_helpful in rows:
        for curated_id in {p.removeprefix(PREFIX).split("#")[0] for p in passages if p.startswith(PREFIX)}:
            counts.setdefault(curated_id, [0, 0])[0 if is_helpful else 1] += 1
    return {curated_id: Thumbs(*count) for curated_id, count in counts.items()}


def _table(name: str) -> Table:
    """A table of the records, which import this file."""
    return metadata.tables[name]
