"""The curated answers that a running program serves: one that was approved or retired counts from the next question."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from threading import Lock

import numpy as np
from sqlalchemy import Engine

from chatbot.desk.curated import serving_versions
from chatbot.desk.curated_match import CuratedIndex, is_overdue, load_curated_gate
from chatbot.desk.curated_wording import Version
from chatbot.store import StoreError, transaction
from chatbot.verify import Gate
from index.encode import Encoder, Vectors
from kb.treatment import known_treatments

logger = logging.getLogger(__name__)

COUNT = "SELECT count(*) FROM curated_changes"  # by hand: a transaction would wait for whoever writes


class LiveCurated:
    """Reads the approved answers again when their table has changed, whoever changed it.

    What was encoded once is not encoded again: an edit costs its new variants. While the store cannot be read, what was
    read last goes on answering.
    """

    def __init__(self, store: Engine, encoder: Encoder, withhold_overdue: bool = False, gate: Gate | None = None):
        self._store = store
        self._encoder = encoder
        self._withhold_overdue = withhold_overdue
        self._vectors: dict[str, Vectors] = {}
        self._gate = gate or load_curated_gate()
        self._index = index_of([], encoder, self._gate)
        self._read_at: tuple[int, object] | None = None
        self._reading = Lock()

    def current(self) -> CuratedIndex:
        """What is approved now; of what is overdue nothing, if that is withheld."""
        today = datetime.now(UTC).date()
        with self._reading:  # whoever asks after an approval must not get the older ones
            try:
                count = self._count()
                if count is None or (count, today) != self._read_at:
                    with transaction(self._store) as connection:
                        found = serving_versions(connection)
                    served = [v for v in found if not (self._withhold_overdue and is_overdue(v, today))]
                    self._index = index_of(served, self._encoder, self._gate, self._vectors)
                    self._read_at = (self._count() if count is None else count) or 0, today
            except StoreError as error:
                logger.error("The curated answers were not read again, the ones known are used: %s", error)
        return self._index

    def _count(self) -> int | None:
        """How many changes there were; None where that cannot be said, as before the first transaction."""
        try:
            with closing(self._store.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(COUNT)
                (count,) = cursor.fetchall()[0]
                return int(count)
        except Exception:  # each driver has errors of its own; the transaction that follows says what is wrong
            return None


def index_of(
    found: Sequence[Version], encoder: Encoder, gate: Gate, known: dict[str, Vectors] | None = None
) -> CuratedIndex:
    """The approved answers, ready to be matched. `known` has the vectors of texts that were encoded before: only what
    is not in it is encoded, and it has those of these answers afterwards.
    """
    vectors = {} if known is None else known
    rows = tuple((version, question) for version in found for question in version.wording.questions)
    treatments = known_treatments()
    in_full = [treatments.in_full(question) for _, question in rows]
    subjects = [" ".join(treatments.without(question).split()) or question for _, question in rows]
    texts = [version.wording.text for version, _ in rows]
    needed = dict.fromkeys([*in_full, *subjects, *texts])
    if new := [text for text in needed if text not in vectors]:
        vectors.update(zip(new, encoder.encode(new), strict=True))
    for text in vectors.keys() - needed.keys():  # no longer served
        del vectors[text]

    def stacked(texts: Sequence[str]) -> Vectors:
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, 0), dtype=np.float32)

    return CuratedIndex(rows, stacked(in_full), stacked(subjects), stacked(texts), gate)
