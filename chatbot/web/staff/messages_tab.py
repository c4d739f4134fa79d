"""The tab of visitors' messages that wait: nobody's words are shown until one is opened."""

from __future__ import annotations

from html import escape
from typing import Any

from chatbot.desk.desk import Desk
from chatbot.desk.inbox import opened, waiting
from chatbot.desk.permissions import Person
from chatbot.mailing.email_address import is_email_address
from chatbot.mailing.message import Message
from chatbot.mailing.outbox import Unsent
from chatbot.web.numbers import dialled
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of
from chatbot.web.staff.tables import table, this_tab, told

import gradio as gr  # isort: skip  # after tables, which sets what Gradio reads at import

HEADER = ("Receipt", "Came", "Urgent", "Sending")
QUIETLY: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
ASK_FIRST = """(receipt) => {
  if (!confirm(`Done with ${receipt}? The name, the contact and the conversation are deleted now.`)) throw 'kept';
  return [receipt];
}"""


def messages_tab(desk: Desk) -> None:
    """The list, the message that was opened, and the button that ticks it off."""
    with gr.Row():
        with gr.Column(scale=5):
            summary = gr.HTML("", padding=False)
        refresh = gr.Button("Refresh", size="sm", scale=1)
    listed = gr.Dataframe(
        headers=list(HEADER), datatype="str", interactive=False, wrap=True, show_label=False, elem_id="message-list"
    )
    chosen = gr.Textbox(visible=False)
    with gr.Column(visible=False, elem_id="message") as pane:
        words = gr.HTML("", padding=False)
        done = gr.Button("Done: it was answered", variant="primary")

    def listing(person: Person) -> list[Any]:
        ones = waiting(person, desk)
        return [_summary(ones), [_row(one) for one in ones], "", gr.update(visible=False), ""]

    def show(request: gr.Request) -> list[Any]:
        with shown():
            return listing(person_of(request))

    def open_one(event: gr.SelectData, request: gr.Request) -> list[Any]:
        receipt = str(event.row_value[0])
        with shown():
            message = opened(person_of(request), desk, receipt)
        return [receipt, gr.update(visible=True), as_html(message, receipt)]

    def tick_off(receipt: str, request: gr.Request) -> list[Any]:
        person = person_of(request)
        with shown():
            desk.outbox.done(receipt, person)
            gr.Info(f"{escape(receipt)} is done.")
            return listing(person)

    everything = [summary, listed, chosen, pane, words]
    gr.on([this_tab().select, refresh.click], show, None, everything, **QUIETLY)
    listed.select(open_one, None, [chosen, pane, words], **QUIETLY)
    done.click(tick_off, [chosen], everything, js=ASK_FIRST, **QUIETLY)


def _summary(ones: list[Unsent]) -> str:
    urgent = sum(one.urgency is not None for one in ones)
    if not ones:
        return told("<p>No message waits.</p>")
    said = "1 message waits" if len(ones) == 1 else f"{len(ones):,} messages wait"
    alarm = f", <span class='urgent'>{urgent} urgent</span>" if urgent else ""
    return told(f"<p>{said}{alarm}. Choose one to read it.</p>")


def _row(one: Unsent) -> list[str]:
    sending = f"not sent: {one.error}" if one.error else "waits"
    urgency = one.urgency.replace("_", " ") if one.urgency else ""
    return [one.receipt, f"{one.at.astimezone():%d %b %Y, %H:%M}", urgency, sending]


def as_html(message: Message, receipt: str) -> str:
    """The message with whom to answer, and the conversation before it; every word is escaped."""
    urgency = message.urgency and f"<p class='urgent'>Urgent: {message.urgency.replace('_', ' ')}</p>"
    asked = [(exchange.question, exchange.answer) for exchange in message.transcript]
    before = table(("Asked", "Answered"), asked, "The conversation before it, as the visitor's browser gave it")
    return told(
        f"<h3>Message {escape(receipt)}</h3>",
        urgency or "",
        f"<p>From <strong>{escape(message.name)}</strong>, to answer: {_contact(message.contact)}</p>",
        f"<p class='words'>{escape(message.text)}</p>",
        f"<p>They agreed to this going to the clinic on {message.consented_at.astimezone():%d %b %Y, %H:%M}.</p>",
        before if asked else "",
    )


def _contact(contact: str) -> str:
    """As a link to write to or to dial; what has letters besides a number is shown as it is."""
    shown = escape(contact)
    if is_email_address(contact):
        return f"<a href='mailto:{shown}'>{shown}</a>"
    is_number = not any(char.isalpha() for char in contact)
    return f"<a href='tel:{dialled(contact)}'>{shown}</a>" if is_number else shown
