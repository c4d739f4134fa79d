"""What was answered and how it was judged. Nobody's words are written: neither the question nor a remark."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.answer import Answer
from chatbot.metrics import count_answer

logger = logging.getLogger(__name__)


class Records:
    """One JSON line an event, appended to `events.jsonl` in the records' folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"

    def answered(self, answer: Answer, index_version: str, seconds: float) -> None:
        """Record that an answer was given, from which passages of which index, and how long it took."""
        count_answer(answer.status, seconds)
        self._append({"event": "answer", "ms": round(seconds * 1000, 1), "index": index_version, **_described(answer)})

    def voted(self, answer: Answer, helpful: bool) -> None:
        """Record a thumb up or down for an answer."""
        self._append({"event": "vote", "helpful": helpful, **_described(answer)})

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **event}) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:  # one short write: lines of two threads do not mix
                file.write(line)
        except OSError as error:  # a full disk must not keep an answer, least of all an urgent one, from the patient
            logger.error("%s: an event was not recorded (%s). Check the disk.", self._path, error)


def _described(answer: Answer) -> dict[str, Any]:
    passages = [citation.passage.id for citation in answer.citations]
    return {
        "status": answer.status,
        "urgency": answer.urgency,
        "rule": answer.rule,
        "confidence": round(answer.confidence, 4),
        "passages": passages,
    }
