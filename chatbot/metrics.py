"""What is counted for whoever runs the program, in the form of Prometheus: numbers, and nobody's words."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REQUESTS = Counter("http_requests", "Requests, by the template of their path and their status", ["path", "status"])
ANSWERS = Counter("answers", "Answers given, by their status", ["status"])
ANSWER_SECONDS = Histogram(
    "answer_seconds",
    "Seconds from a question to its whole answer",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 2, 4, 8, 16, 30),
)


def count_answer(status: str, seconds: float) -> None:
    """Count an answer and how long it took."""
    ANSWERS.labels(status).inc()
    ANSWER_SECONDS.observe(seconds)
