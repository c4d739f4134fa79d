"""What patients ask and what they get, as numbers: a day, an hour, a treatment. No words of theirs are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median, quantiles
from typing import get_args

from sqlalchemy import select

from chatbot.answer import Status
from chatbot.citation import section_name
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.records import turns, votes
from chatbot.store import transaction
from index.store import StoredIndex

STATUSES: tuple[Status, ...] = get_args(Status)
ANY_TREATMENT = "no one treatment"  # of documents that are about all of them
GONE = "no longer in the documents"
CURATED = "curated:"  # how the id of a curated answer begins
OUR_ANSWERS = "the clinic's own answers"


@dataclass(frozen=True, slots=True)
class Day:
    """How many questions got an answer of each status on one day, in this computer's time zone."""

    on: date
    by_status: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class Insights:
    """What was asked from the first of the days to the last; a day without questions is there, with none.

    `hours` has the questions of each hour of the day, 0 to 23, over all days. `treatments` and `sections` are those
    that answers cite, with how many answers cite each. `reasons` are those of thumbs down. Milliseconds are from a
    question to its whole answer, None where nothing was asked; `minutes_saved` is None without the clinic's assumption.
    """

    days: tuple[Day, ...]
    hours: tuple[int, ...]
    treatments: tuple[tuple[str, int], ...]
    sections: tuple[tuple[str, int], ...]
    helpful: int
    not_helpful: int
    reasons: tuple[tuple[str, int], ...]
    median_ms: float | None
    p95_ms: float | None
    minutes_saved: float | None

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    def count(self, status: Status) -> int:
        """How many questions got such an answer."""
        return sum(day.by_status[status] for day in self.days)

    def share(self, status: Status) -> float:
        """The part of all questions, 0 to 1; 0 where nothing was asked."""
        return self.count(status) / self.total if self.total else 0.0

    @property
    def busiest_hours(self) -> list[int]:
        """The hours in which most was asked, the earliest first; none where nothing was."""
        most = max(self.hours)
        return [hour for hour, asked in enumerate(self.hours) if asked == most > 0]


def insights(by: Person, desk: Desk, n_days: int, now: datetime) -> Insights:
    """The last `n_days` days, today among them. `now` has a time zone. Raises NotAllowedError, StoreError."""
    by.must("see_insights")
    today = now.astimezone().date()
    dates = [today - timedelta(days=before) for before in reversed(range(n_days))]
    since = datetime.combine(dates[0], time.min).astimezone(UTC).replace(tzinfo=None)
    columns = [turns.c[name] for name in ("at", "status", "ms", "passages")]
    with transaction(desk.store) as connection:
        asked = connection.execute(select(*columns).where(turns.c.at >= since)).all()
        judged = connection.execute(select(votes.c.helpful, votes.c.reason).where(votes.c.at >= since)).all()
    moments = [row.at.replace(tzinfo=UTC).astimezone() for row in asked]
    per_day = Counter((moment.date(), row.status) for moment, row in zip(moments, asked, strict=True))
    per_hour = Counter(moment.hour for moment in moments)
    treatments, sections = _cited([row.passages for row in asked], desk.bot.index.current())
    times = [row.ms for row in asked]
    answered = sum(row.status == "answered" for row in asked)
    assumed = desk.settings.minutes_saved_per_answer
    return Insights(
        days=tuple(Day(on, {status: per_day[on, status] for status in STATUSES}) for on in dates),
        hours=tuple(per_hour[hour] for hour in range(24)),
        treatments=treatments,
        sections=sections,
        helpful=sum(row.helpful for row in judged),
        not_helpful=sum(not row.helpful for row in judged),
        reasons=_most([row.reason for row in judged if row.reason is not None]),
        median_ms=median(times) if times else None,
        p95_ms=quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else next(iter(times), None),
        minutes_saved=None if assumed is None else answered * assumed,
    )


Counted = tuple[tuple[str, int], ...]  # names, each with how often, the most frequent first


def _cited(cited: Sequence[Sequence[str]], index: StoredIndex) -> tuple[Counted, Counted]:
    """The treatments and the sections of the passages cited; an answer counts once for each."""
    known = index.passages.passages
    treatments: list[str] = []
    sections: list[str] = []
    for ids in cited:
        own = [id for id in ids if id.startswith(CURATED)]
        found = [known[id] for id in ids if id in known]
        gone = len(own) + len(found) < len(ids)
        others = {OUR_ANSWERS: bool(own), GONE: gone}
        other = {name for name, is_so in others.items() if is_so}
        treatments += {passage.document.treatment or ANY_TREATMENT for passage in found} | other
        sections += {f"{passage.document.title} › {section_name(passage)}" for passage in found} | other
    return _most(treatments), _most(sections)


def _most(names: Iterable[str]) -> Counted:
    """Names that are as frequent as each other come in their alphabet's order."""
    return tuple(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0])))
