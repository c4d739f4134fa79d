"""What was wrong with a request, as problem details (RFC 9457), whichever part of the server says so."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from chatbot.question import QuestionError

PROBLEM_JSON = "application/problem+json"
MAX_REASONS = 5  # a body may be wrong in thousands of places
MAX_REASON = 300  # characters: the name of an unknown field may be as long as the body

WHEN = {
    400: "The body is no JSON in UTF-8.",
    403: "A page of another site asked for this, and `allowed_origins` does not name it.",
    408: "The request came too slowly.",
    413: "The body is too large.",
    422: "The request says nothing that can be answered, or has another form.",
    429: "Too much was asked within a minute: `Retry-After` has the seconds to wait. What is urgent is still answered.",
    500: "Something is broken here; it has been logged.",
    503: "There was no answer in time.",
}


class Problem(BaseModel):
    """Problem details (RFC 9457): `title` names the status, `detail` says what was wrong and what to do."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["body.question: field required. See /docs."])


class ProblemResponse(JSONResponse):
    """A JSON response that says that it is problem details."""

    media_type = PROBLEM_JSON


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The response for a request that cannot be met."""
    described = Problem(title=HTTPStatus(status).phrase, status=status, detail=sendable(detail))
    return ProblemResponse(described.model_dump(), status_code=status, headers=dict(headers or {}))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the API's description says of these statuses."""
    content = {PROBLEM_JSON: {"schema": Problem.model_json_schema()}}
    return {status: {"description": WHEN[status], "content": content} for status in statuses}


class TooManyQuestionsError(Exception):
    """More was asked within a minute than is answered, and this is not urgent. The message is for the visitor."""

    def __init__(self, wait_s: int, message: str) -> None:
        super().__init__(message)
        self._wait_s = wait_s

    def response(self) -> ProblemResponse:
        """The refusal, with the seconds to wait."""
        return problem(429, str(self), {"Retry-After": str(self._wait_s)})


EVERYWHERE = documented(408, 413, 429, 500, 503)
ASKING = documented(400, 403, 422)  # of what sends a body


def add_problems(api: FastAPI) -> None:
    """Let every refusal of an API be problem details."""

    @api.exception_handler(QuestionError)
    def refused(_: Request, error: QuestionError) -> JSONResponse:
        return problem(422, str(error))

    @api.exception_handler(TooManyQuestionsError)
    def too_many(_: Request, error: TooManyQuestionsError) -> JSONResponse:
        return error.response()

    @api.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}"[:MAX_REASON] for e in error.errors()]
        return problem(422, f"{'; '.join(reasons[:MAX_REASONS])}. See /docs.")

    @api.exception_handler(HTTPException)
    def other(_: Request, error: HTTPException) -> JSONResponse:
        said = {404: "There is nothing at this address", 405: "This address takes other methods"}
        return problem(error.status_code, f"{said.get(error.status_code, error.detail)}. See /docs.", error.headers)


def sendable(typed: str) -> str:
    """What was typed, as text that can be sent back: half a character, which no encoding knows, becomes a "?"."""
    return typed.encode("utf-8", errors="replace").decode("utf-8")
