"""The look-up as a tool for the staff's own assistants (MCP, served by Gradio), for whoever has a personal token.

It is a page of its own that nobody sees: nothing of the staff's page can be called from here, whatever is added there.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookedUp, LookUp
from chatbot.desk.permissions import Person
from chatbot.desk.tokens import person_with
from chatbot.question import QuestionError
from chatbot.shelf import Filters
from chatbot.store import StoreError
from chatbot.web.problems import problem
from kb.document import Audience
from kb.review import this_day

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr
from gradio.events import api

PATH = "/assistant"
OPEN = (f"{PATH}/gradio_api/mcp", f"{PATH}/gradio_api/mcp/")
HOLDER = "token_holder"  # of the request's state: whose token it came with
AUDIENCES: dict[str, Audience | None] = {"": None, "patient": "patient", "staff": "staff"}
NO_TOKEN = (
    "This takes a personal token that works: `Authorization: Bearer desk_…`. Make one on the look-up page of the staff "
    "desk, or with `python app.py person token NAME`."
)
READ_SO = (
    "Quotes are exact: pass them on word for word, with their source and what disputes them, or not at all. What has "
    "staff_only true or may_be_told_to_patients false is never told to a patient."
)
ONE_PERSON = (
    "This seems to ask about one person. Only a clinician who knows that person can say whether they may be treated."
)


def mount_assistant(server: FastAPI, desk: Desk) -> FastAPI:
    """Put the tool at /assistant/gradio_api/mcp of the server, before the patients' page is put at /."""
    mounted: FastAPI = gr.mount_gradio_app(
        server, _tools(desk), path=PATH, mcp_server=True, show_error=False, ssr_mode=False, run_history=False
    )
    routes = mounted.router.routes
    tools = routes[-1]
    assert isinstance(tools, Mount), "what was mounted last stands last"
    routes[-1] = _ToolMount(PATH, app=_Tokens(tools.app, desk))
    return mounted


def _tools(desk: Desk) -> gr.Blocks:
    find = LookUp(desk)

    def look_up(request: gr.Request, text: str, treatment: str = "", audience: str = "") -> str:
        """Find what the clinic's documents say, as exact quotes with source, review and what disputes each.

        The documents never say whether one person may have a treatment: a clinician does.

        Args:
            request: where it came from
            text: what to look up, in a patient's words or a few of your own
            treatment: only this treatment, by its name in the documents; empty for all
            audience: "patient" or "staff" for what is written for them only; empty for all

        Returns:
            JSON: the places found, best first

        """
        holder: Person = request.scope["state"][HOLDER]
        if audience not in AUDIENCES:
            raise gr.Error(f"{audience!r} is no audience: give patient, staff or nothing.", print_exception=False)
        try:
            found = find.find(holder, text, Filters(treatment=treatment or None, audience=AUDIENCES[audience]))
        except QuestionError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return json.dumps(to_json(found), ensure_ascii=False, indent=1)

    tools: gr.Blocks
    with gr.Blocks(title="Look-up", analytics_enabled=False) as tools:
        api(look_up, queue=False)
    return tools


def to_json(found: LookedUp) -> dict[str, object]:
    """What an assistant reads: an emergency first, then how to read what follows."""
    today = this_day()
    return {
        "urgent": found.now.text if found.now else None,
        "about_one_person": ONE_PERSON if found.is_personal else None,
        "read_so": READ_SO,
        "curated_answers": [place.to_json(today) for place in found.curated],
        "places": [place.to_json(today) for place in found.places],
    }


class _ToolMount(Mount):
    """The tool's own path and nothing else of Gradio's server. A tool is called, so only with POST."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_open = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in OPEN
        return super().matches(scope) if is_open else (Match.NONE, {})


class _Tokens:
    """Lets in who has a token that works."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._store = desk.store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp | Response = self._app
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        try:
            holder = await run_in_threadpool(person_with, self._store, token.strip(), datetime.now(UTC))
        except StoreError:
            answer = problem(503, "Whose token it is cannot be read now. Please try again.")
        else:
            if kind.lower() != "bearer" or holder is None:
                answer = problem(401, NO_TOKEN, {"WWW-Authenticate": "Bearer"})
            else:
                scope.setdefault("state", {})[HOLDER] = holder
        await answer(scope, receive, send)
