"""Visitors of the chat, for the load tool Locust: each asks, reads the answer, and asks again some seconds later.

    python app.py serve --port 7871
    pip install locust==2.47.0
    locust -f benchmarks/load.py --headless -u 200 -r 10 -t 5m -H http://127.0.0.1:7871

The questions are those of tests/data/questions.jsonl, in an order of each visitor's own. One in ten answers is voted
on, one visitor in twenty deletes the conversation and begins another. A stream that does not end with its event `done`
is a failure, as is any other status than 200 or 204. Locust is no dependency of the project: it brings a web server.
"""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path

from locust import HttpUser, between, task

QUESTIONS = Path(__file__).parent.parent / "tests" / "data" / "questions.jsonl"
TEXTS = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
VOTES, DELETES = 0.1, 0.05  # shares of the turns


class Visitor(HttpUser):  # type: ignore[misc]  # Locust is not installed where mypy runs
    """One visitor with one conversation at a time."""

    wait_time = between(3, 7)  # seconds of reading and typing

    def on_start(self) -> None:
        """Begin a conversation."""
        self.conversation = str(uuid.uuid4())

    @task  # type: ignore[untyped-decorator]  # as above
    def ask(self) -> None:
        """Ask one question and read its answer to the end; vote or delete now and then."""
        turn = {"id": str(uuid.uuid4()), "conversation": self.conversation}
        body = turn | {"question": random.choice(TEXTS)}
        with self.client.post("/api/chat", json=body, catch_response=True) as answer:
            if answer.status_code != 200 or "event: done" not in answer.text:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
        if random.random() < VOTES:
            self.client.post("/api/feedback", json=turn | {"helpful": random.random() < 0.7})
        if random.random() < DELETES:
            self.client.delete(f"/api/conversations/{self.conversation}", name="/api/conversations/…")
            self.conversation = str(uuid.uuid4())
