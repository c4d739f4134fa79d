"""Who asks for a staff page, as the door in front of it found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import Scope

from chatbot.desk.permissions import Person

if TYPE_CHECKING:
    import gradio as gr

PERSON = "person"  # of the request's state: who asks


def person_in(scope: Scope) -> Person | None:
    """Who asks; None for nobody."""
    person: Person | None = scope.get("state", {}).get(PERSON)
    return person


def person_of(request: gr.Request) -> Person:
    """Who uses the page. Raises gr.Error where nobody is logged in."""
    person = person_in(request.request.scope) if request and request.request else None
    if person is None:
        import gradio as gr

        raise gr.Error("You are not logged in. Log in again.", print_exception=False)
    return person
