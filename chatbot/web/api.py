"""The HTTP API: POST /api/ask, POST /api/search, GET /api/health, described at /docs."""

from __future__ import annotations

import time
from typing import Any

from fastapi import FastAPI, Request
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field

from chatbot.answer import Answer
from chatbot.bot import Bot
from chatbot.follow_up import MAX_EARLIER
from chatbot.look_up import look_up
from chatbot.question import MAX_CHARS, Question
from chatbot.records import Records
from chatbot.web.problems import ASKING, EVERYWHERE, add_problems, sendable
from chatbot.web.rates import ask_within, wait_of
from chatbot.withheld import is_withheld
from kb.document import Passage

MAX_K = 50
API_VERSION = "1.0"
ABOUT = """The second number of the version rises when something is added: let programs ignore what they do not know.
What would break them gets the first number in its address, as `/api/2/ask`, and the old address stays beside it. Errors
are problem details (RFC 9457)."""


class AskRequest(BaseModel):
    """What a patient asks, the treatment of the page it is asked on, if any, and what the same person asked before.

    However many earlier questions there are, and whatever is in them, an emergency in `question` is answered.
    """

    model_config = ConfigDict(extra="forbid")
    question: str = Field(description=f"up to {MAX_CHARS} characters", examples=["When can I go back to work?"])
    treatment: str | None = Field(default=None, max_length=200, examples=["Fractional CO2 laser"])
    earlier: list[str] = Field(
        default=[],
        description="what the same person asked before, oldest first, for follow-ups such as “and after IPL?”; the "
        f"last {MAX_EARLIER} are read, without those that are no questions. Leave out what was urgent or small talk.",
        examples=[["When can I wear make-up after microneedling?"]],
    )


class SearchRequest(BaseModel):
    """What to look for, and how many passages to give."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(examples=["make-up"])
    k: int = Field(default=10, ge=1, le=MAX_K)


class SourceObject(BaseModel):
    """Where a quote's facts come from; `reviewed_by` is null until a clinician has signed the text."""

    name: str
    address: str | None
    kind: str | None
    others: list[dict[str, Any]]
    reviewed_by: str | None
    reviewed_on: str | None


class CitationObject(BaseModel):
    """An exact quote: characters `start` to `end` of the document's text."""

    number: int
    passage_id: str
    document_id: str
    document_title: str
    section: str
    page: int | None
    quote: str
    start: int
    end: int
    source: SourceObject
    caveat: bool


class AnswerObject(BaseModel):
    """An answer; `confidence` is the probability that the documents answer the question."""

    question: str
    status: str
    urgency: str | None
    text: str
    confidence: float
    citations: list[CitationObject]
    suggestions: list[str]
    contact: dict[str, Any] | None


class HitObject(BaseModel):
    """A passage, the texts that dispute it, and its scores; higher is better, null where a ranking did not reach it."""

    passage_id: str
    document_title: str
    section: str
    page: int | None
    text: str
    caveats: list[str]
    score: float
    cosine: float | None
    bm25: float | None


class Health(BaseModel):
    """The index that is being served."""

    status: str
    index: str
    documents: int
    passages: int


def make_api(bot: Bot, records: Records) -> FastAPI:
    """The API over a bot. Its pages at /docs load nothing from elsewhere."""
    api = FastAPIOffline(
        title="Treatment knowledge base", version=API_VERSION, redoc_url=None, description=ABOUT, responses=EVERYWHERE
    )
    add_problems(api)

    def may_be_given(passage: Passage) -> bool:
        span = passage.document, passage.start, passage.end
        return passage.document.audience == "patient" and not is_withheld(*span, bot.rules.never_quoted_patterns)

    @api.post("/api/ask", response_model=AnswerObject, responses=ASKING)
    def post_ask(request: AskRequest, http: Request) -> dict[str, Any]:
        """Answer a question from the documents, or say that they do not answer it."""
        started = time.perf_counter()
        question = Question.parse(request.question, request.treatment)
        answer = ask_within(wait_of(http.scope), bot, question, earlier_of(request))
        records.answered(answer, index_of(answer, bot), time.perf_counter() - started)
        return {**answer.to_json(), "question": sendable(answer.question)}

    @api.post("/api/search", response_model=list[HitObject], responses=ASKING)
    def post_search(request: SearchRequest) -> list[dict[str, Any]]:
        """The passages nearest to a text, best first: of patients' documents, what a patient may be shown."""
        question = Question.parse(request.text)
        question.check()
        found = look_up(bot, question.text, request.k, may_be_given)
        return [one.to_json() for one in found if all(map(may_be_given, one.caveats))]

    @api.get("/api/health", response_model=Health)
    def get_health() -> dict[str, Any]:
        """Whether the program can answer, and from which index."""
        index = bot.index.current()
        return {
            "status": "ok",
            "index": index.version,
            "documents": len(index.documents),
            "passages": len(index.passages.passages),
        }

    return api


def earlier_of(request: AskRequest) -> list[Question]:
    """The newest earlier questions of a request; what is no question is left out."""
    parsed = [Question.parse(text, request.treatment) for text in request.earlier[-MAX_EARLIER:]]
    return [question for question in parsed if question.is_one]


def index_of(answer: Answer, bot: Bot) -> str:
    """The version of the index behind an answer. An urgent one has none: nothing about an index can stop it."""
    return "" if answer.status == "urgent" else bot.index.current().version
