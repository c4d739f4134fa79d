"""What no other part has dealt with: the visitor gets problem details, the log where it happened and nobody's words."""

from __future__ import annotations

import logging
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.web.problems import problem

logger = logging.getLogger(__name__)


class Failures:
    """The door that lets no exception out: its message might hold what somebody typed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            logger.error("A request failed: %s", where(error))
            if (
                not has_begun
            ):  # otherwise the server breaks the connection off, and the visitor sees that something is missing
                await problem(500, "Something is broken here. Please call the clinic, or try again later.")(
                    scope, receive, send
                )


def where(error: BaseException) -> str:
    """The kinds of an exception and of what led to it, with the lines that it came through; not what they say."""
    parts = []
    now: BaseException | None = error
    while now is not None:
        lines = [f"\n  {one.filename}:{one.lineno} in {one.name}" for one in traceback.extract_tb(now.__traceback__)]
        parts.append(f"{type(now).__module__}.{type(now).__qualname__}{''.join(lines)}")
        now = now.__cause__ or now.__context__
    return "\ncaused by ".join(parts)
