"""Below the look-up: the personal tokens with which somebody's own assistant looks things up."""

from __future__ import annotations

import os
from typing import Any

from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.desk.tokens import TokenError, make_token, own_tokens, revoke_token
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

ABOUT = (
    "An assistant that speaks MCP finds the look-up at `/assistant/gradio_api/mcp/` of this server, with a token of "
    "yours as `Authorization: Bearer …`. It can look things up, staff-only documents too, and nothing else. Give a "
    "token to nobody; end it when you no longer need it. It ends by itself after 90 days."
)


def tokens_part(desk: Desk) -> None:
    """Make one, see it once, and end those that are no longer needed."""
    with gr.Accordion("For your own assistant", open=False, elem_id="tokens"):
        gr.Markdown(ABOUT)
        with gr.Row(equal_height=True):
            name = gr.Textbox(label="What the token is for", placeholder="assistant at the front desk", max_lines=1)
            make = gr.Button("Make a token", scale=0, min_width=160)
            made = gr.Textbox(label="The token, shown this once", interactive=False, max_lines=1)
        with gr.Row(equal_height=True):
            which = gr.Dropdown([], label="Your tokens", elem_id="own-tokens")
            end = gr.Button("End this token", scale=0, min_width=160)

    def show(request: gr.Request) -> Any:
        with shown():
            return _choices(desk, person_of(request))

    def make_one(name: str, request: gr.Request) -> tuple[str, str, Any]:
        person = person_of(request)
        with shown():
            return "", make_token(desk.store, person, name), _choices(desk, person)

    def end_one(key: int | None, request: gr.Request) -> tuple[str, Any]:
        person = person_of(request)
        with shown():
            if key is None:
                raise TokenError("Choose the token to end.")
            revoke_token(desk.store, person, key)
            return "", _choices(desk, person)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    gr.on(None, show, None, which, **quiet)
    make.click(make_one, name, [name, made, which], **quiet)
    end.click(end_one, which, [made, which], **quiet)


def _choices(desk: Desk, person: Person) -> Any:
    tokens = own_tokens(desk.store, person)
    return gr.Dropdown([(f"{one.name}, until {one.expires_at:%Y-%m-%d}", one.key) for one in tokens], value=None)
