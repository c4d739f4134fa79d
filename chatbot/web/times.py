"""How long an answer may take."""

from __future__ import annotations

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.settings import Clinic, fill
from chatbot.web.problems import problem

logger = logging.getLogger(__name__)

ANSWER_S = 30.0
LATE = "There was no answer in time. Please try again, or call {clinic}. In an emergency call {emergency} now."


class Times:
    """The door that waits only so long for an answer to begin. One that streams may go on."""

    def __init__(self, app: ASGIApp, clinic: Clinic, answer_s: float = ANSWER_S) -> None:
        self._app = app
        self._late = fill(LATE, clinic)
        self._answer_s = answer_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun, is_late = asyncio.Event(), False

        async def in_time(message: Message) -> None:
            has_begun.set()
            if not is_late:
                await send(message)

        # A task of its own: what works on a thread cannot be stopped, and must not be waited for.
        answering = asyncio.ensure_future(self._app(scope, receive, in_time))
        answering.add_done_callback(_retrieved)
        beginning = asyncio.ensure_future(has_begun.wait())
        try:
            await asyncio.wait({answering, beginning}, timeout=self._answer_s, return_when=asyncio.FIRST_COMPLETED)
            if has_begun.is_set() or answering.done():
                await answering
                return
            is_late = True
            logger.error("%s: no answer within %g seconds", scope["path"], self._answer_s)
            await problem(503, self._late)(scope, receive, send)
        finally:
            beginning.cancel()
            answering.cancel()


def _retrieved(task: asyncio.Future[None]) -> None:
    """Look at how a task ended: asyncio would else log, with its words, an exception that comes too late."""
    if not task.cancelled():
        task.exception()
