"""The tab of an admin: who may log in, and as what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any, get_args

import gradio as gr

from chatbot.desk import people
from chatbot.desk.desk import Desk
from chatbot.desk.passwords import MIN_LENGTH
from chatbot.desk.people import Listed
from chatbot.desk.permissions import Role
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of

COLUMNS = ["Name", "Role", "May log in", "Since"]
ROLES = get_args(Role)
ROLES_EXPLAINED = (
    "**reader** looks things up · **editor** also writes answers and documents · **approver** also approves, publishes "
    "and reads the audit log · **admin** also looks after people"
)
RULE = f"at least {MIN_LENGTH} characters: a few words will do"


def people_tab(desk: Desk) -> None:
    """Everybody in a table, one person to change, one to add."""
    table = gr.Dataframe(
        headers=COLUMNS, datatype="str", interactive=False, label="People", show_label=False, elem_id="people"
    )
    gr.Markdown(ROLES_EXPLAINED)
    with gr.Row():
        with gr.Column():
            gr.Markdown("### Change somebody")
            chosen = gr.Dropdown([], label="Person", allow_custom_value=True, elem_id="person")
            role = gr.Dropdown(list(ROLES), value="reader", label="Role", elem_id="role")
            change_role = gr.Button("Change role", size="sm")
            renewed = gr.Textbox(label="New password", info=RULE, type="password", max_lines=1)
            set_password = gr.Button("Set password", size="sm")
            with gr.Row():
                unlock = gr.Button("End a wait", size="sm")
                activate = gr.Button("May log in again", size="sm")
                deactivate = gr.Button("May no longer log in", size="sm", variant="stop")
        with gr.Column():
            gr.Markdown("### Add somebody")
            name = gr.Textbox(
                label="Name", info="to log in with, and as the audit log will say", max_lines=1, elem_id="new-name"
            )
            first_role = gr.Dropdown(list(ROLES), value="reader", label="Role of the new person")
            password = gr.Textbox(label="Password", info=RULE, type="password", max_lines=1, elem_id="new-password")
            add = gr.Button("Add", variant="primary")

    def show(request: gr.Request) -> tuple[list[list[str]], Any]:
        by = person_of(request)
        if not by.may("administer"):  # the page asks as it opens, for whoever opens it
            return [], gr.Dropdown([])
        with shown():
            everybody = people.listed(desk.store, by)
        return [_row(person) for person in everybody], gr.Dropdown([person.name for person in everybody])

    def show_role(chosen: str | None, request: gr.Request) -> Any:
        by = person_of(request)
        with shown():
            roles = {person.name: person.role for person in people.listed(desk.store, by)}
        return roles.get(chosen or "", "reader")

    gr.on(None, show, None, [table, chosen], show_progress="hidden", api_visibility="private")
    chosen.input(show_role, chosen, role, show_progress="hidden", api_visibility="private")

    def on(button: gr.Button, act: Callable[..., None], inputs: list[Any], said: str, emptied: list[Any]) -> None:
        """Do it, say so, empty what was typed, and show everybody anew; an error leaves everything as it is."""

        def handle(request: gr.Request, *values: Any) -> list[Any]:
            by = person_of(request)
            if not values[0]:
                raise gr.Error("Choose or name a person first.", title="That was not done", print_exception=False)
            with shown():
                act(desk.store, by, *values)
            gr.Info(escape(said.format(name=values[0])), title="Done")
            return [""] * len(emptied)

        done = button.click(handle, inputs, emptied, api_visibility="private")
        done.success(show, None, [table, chosen], show_progress="hidden", api_visibility="private")

    on(change_role, people.change_role, [chosen, role], "{name} has another role from now on.", [])
    on(set_password, people.set_password, [chosen, renewed], "{name} has a new password.", [renewed])
    on(unlock, people.unlock, [chosen], "{name} can try again at once.", [])
    on(activate, people.activate, [chosen], "{name} may log in again.", [])
    on(deactivate, people.deactivate, [chosen], "{name} may no longer log in, and is logged out.", [])
    on(add, people.add, [name, first_role, password], "{name} may log in.", [name, password])


def _row(person: Listed) -> list[str]:
    """A person as the table shows them."""
    locked = "waits after wrong passwords" if person.is_locked(datetime.now(UTC)) else "yes"
    return [person.name, person.role, locked if person.active else "no", f"{person.added_at:%Y-%m-%d}"]
