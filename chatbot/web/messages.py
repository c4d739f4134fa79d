"""POST /api/messages: a visitor's question to the people of the clinic."""

from __future__ import annotations

import logging
import time
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from chatbot.answer import Answer, how_to_reach
from chatbot.bot import Bot
from chatbot.mailing.email_address import is_email_address
from chatbot.mailing.message import Exchange, Message
from chatbot.mailing.outbox import Outbox
from chatbot.question import Question
from chatbot.records import Records
from chatbot.store import StoreError
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.web.api import AnswerObject
from chatbot.web.problems import ASKING, documented, problem, sendable

logger = logging.getLogger(__name__)

MAX_CHARS = 2000
MAX_LINE = 200  # characters of a name or a contact
MIN_DIGITS = 5  # of a phone number
MAX_EXCHANGES = 20  # the last ones of a long conversation
MAX_EXCHANGE = 4000  # characters of a question or of an answer in it
UNSTORED = "The message was not stored, and so not sent: `detail` says whom to call."


class ExchangeObject(BaseModel):
    """A question of the conversation and the text that answered it."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(examples=["When can I wear make-up?"])
    answer: str = Field(examples=["Our documents do not answer that."])


class MessageRequest(BaseModel):
    """What a visitor sends to the clinic.

    Lengths are judged after `message` was read for emergencies: what to do then is said even where it is refused.
    """

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="the same for each try: the same words under it are one message, with one receipt")
    conversation: UUID | None = Field(default=None, description="with it, deleting the conversation deletes this too")
    name: str = Field(examples=["Jo Bloggs"], json_schema_extra={"minLength": 1, "maxLength": MAX_LINE})
    contact: str = Field(
        description="a phone number or an e-mail address",
        examples=["020 7946 0000"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_LINE},
    )
    message: str = Field(
        examples=["Could you call me about the price of a peel?"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_CHARS},
    )
    transcript: list[ExchangeObject] | None = Field(
        default=None,
        description=f"the conversation before it, oldest first; the last {MAX_EXCHANGES} go along",
    )
    consent: bool = Field(description="that the visitor agrees to this going to the clinic; without it, 422")


class MessageTaken(BaseModel):
    """That the message is stored and will reach the clinic; and what to do now, if it tells of something urgent."""

    receipt: str = Field(examples=["K7F-2QX"])
    urgent: AnswerObject | None


def add_messages(api: FastAPI, bot: Bot, records: Records, outbox: Outbox) -> None:
    """Add messages to the clinic to an API."""
    refusals = ASKING | documented(503)
    refusals[503]["description"] = UNSTORED

    @api.post("/api/messages", status_code=202, response_model=MessageTaken, responses=refusals)
    def post_message(request: MessageRequest) -> dict[str, Any] | JSONResponse:
        """Send a message to the clinic. It is stored before this answers, and then sent until it arrives."""
        started = time.perf_counter()
        question = Question.parse(request.message)
        now = urgent(question, triage(question, bot.rules, bot.meaning), bot.clinic)
        if now is not None:
            records.answered(now, "", time.perf_counter() - started)
        message = _message(request, now)
        if (reason := _wrong_with(message, request.consent)) is not None:
            return problem(422, _after(now, reason))
        try:
            receipt = outbox.post(message)
        except StoreError as error:
            logger.error("A message to the clinic was refused: %s", error)
            return problem(503, _after(now, f"Your message was not sent. {how_to_reach(bot.clinic)}"))
        return {"receipt": receipt, "urgent": now and {**now.to_json(), "question": sendable(now.question)}}


def _message(request: MessageRequest, now: Answer | None) -> Message:
    return Message(
        id=str(request.id),
        conversation=str(request.conversation) if request.conversation else None,
        name=" ".join(_plain(request.name).split()),
        contact=" ".join(_plain(request.contact).split()),
        text=_plain(request.message),
        transcript=tuple(
            Exchange(_cut(_plain(one.question)), _cut(_plain(one.answer)))
            for one in (request.transcript or [])[-MAX_EXCHANGES:]
        ),
        consented_at=datetime.now(UTC).replace(microsecond=0),
        urgency=now.urgency if now else None,
    )


def _wrong_with(message: Message, has_consent: bool) -> str | None:
    """Why a message is not sent, in words for whoever wrote it."""
    if not has_consent:
        return "Your message was not sent: please agree first to it going to the clinic."
    if not message.name or len(message.name) > MAX_LINE:
        return f"Please give your name, with up to {MAX_LINE} characters."
    if len(message.contact) > MAX_LINE or not _can_be_answered(message.contact):
        return "Please give a phone number or an e-mail address, so that the clinic can answer you."
    if not any(char.isalnum() for char in message.text):
        return "There is no message yet. Please write what you would like to know."
    if len(message.text) > MAX_CHARS:
        return f"Your message has {len(message.text):,} characters; the most is {MAX_CHARS:,}. Please shorten it."
    return None


def _can_be_answered(contact: str) -> bool:
    return is_email_address(contact) or sum(char.isdigit() for char in contact) >= MIN_DIGITS


def _after(now: Answer | None, said: str) -> str:
    """What is said, after what to do now."""
    return f"{now.text.splitlines()[0]} {said}" if now else said


def _plain(typed: str) -> str:
    """What was typed, as lines of text without control characters and halves of characters."""
    lines = ("".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs")) for line in typed.splitlines())
    return "\n".join(line.rstrip() for line in lines).strip()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_EXCHANGE else f"{text[: MAX_EXCHANGE - 1]}…"
