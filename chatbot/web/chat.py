"""The conversation of the chat widget over HTTP: answers as a stream of events, a vote, and deletion."""

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from chatbot.answer import Answer, how_to_reach
from chatbot.bot import Bot
from chatbot.mailing.outbox import Outbox
from chatbot.question import MAX_CHARS, Question
from chatbot.records import Records, Turn
from chatbot.store import StoreError
from chatbot.told_day import with_day
from chatbot.web.api import earlier_of, index_of
from chatbot.web.problems import ASKING, problem, sendable
from chatbot.web.rates import ask_within, wait_of
from chatbot.web.retries import Key, Retries
from chatbot.web.turn import choices, parts, sources

logger = logging.getLogger(__name__)

# The annotations of this file are no strings: one of them names a function within a function, which FastAPI must find.
STREAM = """event: part
data: {"kind": "quote", "runs": [{"text": "Redness fades within seven days."}], "citation": 1}

event: answer
data: {"answer": {"status": "answered", …}, "sources": [{"number": 1, …}], "choices": [], "day_asked": false}

event: done
data: {}

"""


class ChatRequest(BaseModel):
    """A question of a conversation. A retry has the same `id`."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    conversation: UUID = Field(description="a random UUID, made by who asks: the only key to the conversation")
    question: str = Field(description=f"up to {MAX_CHARS} characters", examples=["When can I go back to work?"])
    treatment: str | None = Field(default=None, max_length=200, examples=["Fractional CO2 laser"])
    earlier: list[str] = Field(
        default=[],
        description="what the same person asked before, oldest first, as the answers have it; without what was urgent "
        "or small talk",
    )
    day_asked: bool = Field(
        default=False,
        description="whether the last answer asked how long ago the treatment was: a question that is just a day, such "
        "as “5 days ago”, then completes the last of `earlier`",
    )

    @property
    def key(self) -> Key:
        return Key(self.conversation, self.id)

    @property
    def turn(self) -> Turn:
        return Turn(str(self.conversation), str(self.id))


class FeedbackRequest(BaseModel):
    """Whether an answer helped, and what was wrong with it."""

    model_config = ConfigDict(extra="forbid")
    conversation: UUID
    id: UUID = Field(description="of the question that was answered")
    helpful: bool
    reason: Literal["wrong", "unclear", "incomplete", "outdated", "other"] | None = None
    remark: str | None = Field(default=None, max_length=500)

    @property
    def turn(self) -> Turn:
        return Turn(str(self.conversation), str(self.id))


def add_chat(api: FastAPI, bot: Bot, records: Records, outbox: Outbox) -> None:
    """Add the conversation to the API. `outbox` may hold messages that were sent from one."""
    retries = Retries()

    def answered(request: ChatRequest, http: Request) -> Answer:
        """Before the stream begins: whatever is refused gets a status of its own."""
        return retries.once(request.key, lambda: _answered(request, wait_of(http.scope), bot, records))

    @api.post("/api/chat", response_class=EventSourceResponse, responses={200: _described(), **ASKING})
    def post_chat(given: Annotated[Answer, Depends(answered)]) -> Iterator[ServerSentEvent]:
        """Answer a question as a stream: `part` for each piece of the text, then `answer`, then `done`."""
        for part in parts(given, bot.clinic):
            yield ServerSentEvent(event="part", data=part.to_json())
        yield ServerSentEvent(event="answer", data=_whole(given))
        yield ServerSentEvent(event="done", data={})

    @api.post("/api/feedback", status_code=204, responses=ASKING)
    def post_feedback(request: FeedbackRequest) -> None:
        """Record whether an answer helped; what nothing is known of any more is passed over."""
        records.voted(request.turn, request.helpful, request.reason, request.remark)

    @api.delete("/api/conversations/{conversation}", status_code=204, responses=ASKING)
    def delete_conversation(conversation: UUID) -> Response:
        """Delete all that is kept of a conversation, whether there is anything or not."""
        retries.forget(conversation)
        try:
            records.forget(str(conversation))
            outbox.forget(str(conversation))
        except StoreError as error:
            logger.error("A conversation was not deleted: %s", error)
            return problem(503, f"The conversation was not deleted. Please try again. {how_to_reach(bot.clinic)}")
        return Response(status_code=204)


def _answered(request: ChatRequest, wait_s: int, bot: Bot, records: Records) -> Answer:
    started = time.perf_counter()
    earlier = earlier_of(request.earlier, request.treatment)
    asked_day = earlier[-1].text if request.day_asked and earlier else None
    text = with_day(request.question, asked_day, bot)
    answer = ask_within(wait_s, bot, Question.parse(text, request.treatment), earlier)
    records.answered(answer, index_of(answer, bot), time.perf_counter() - started, request.turn)
    return answer


def _whole(given: Answer) -> dict[str, Any]:
    """What the event `answer` holds."""
    return {
        "answer": {**given.to_json(), "question": sendable(given.question)},
        "sources": [asdict(source) for source in sources(given)],
        "choices": [asdict(choice) for choice in choices(given)],
        "day_asked": given.asks_day,
    }


def _described() -> dict[str, Any]:
    return {"description": "The answer, piece by piece", "content": {"text/event-stream": {"example": STREAM}}}
