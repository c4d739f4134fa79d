"""The tab on which staff look something up: places in all documents as they type, to read, to say and to send."""

from __future__ import annotations

import os
from pathlib import Path

from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookUp
from chatbot.question import QuestionError
from chatbot.shelf import Filters
from chatbot.web.staff import places
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of
from chatbot.web.staff.tokens_part import tokens_part
from kb.document import Audience

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

SCRIPT = Path(__file__).with_name("look_up.js")
ANY_TREATMENT, ANY_TOPIC = "Any treatment", "Any topic"
AUDIENCES: dict[str, Audience | None] = {"Patients and staff": None, "Patients": "patient", "Staff only": "staff"}
SAID = "<p id='look-up-said' class='said' role='status' aria-live='polite'></p>"
# While she types on, what she typed before is not asked: only the last of several letters within these 150 ms is.
WHEN_SHE_PAUSES = """async (...asked) => {
  const mine = window.lastTyped = {};
  await new Promise(done => setTimeout(done, 150));
  if (window.lastTyped !== mine) throw new Error('typed on');
  return asked;
}"""


def look_up_tab(desk: Desk) -> None:
    """The box, the filters, the keys and the results."""
    look_up = LookUp(desk)
    with gr.Row(elem_id="look-up-asked"):
        box = gr.Textbox(
            label="What does the patient ask? Half a word will do.",
            elem_id="look-up-box",
            autofocus=True,
            max_lines=1,
            scale=4,
            min_width=380,
        )
        treatment = gr.Dropdown([ANY_TREATMENT, *look_up.shelf.treatments], label="Treatment", min_width=150, scale=2)
        topic = gr.Dropdown([ANY_TOPIC, *look_up.topics], label="Topic", min_width=150, scale=2)
        audience = gr.Dropdown(list(AUDIENCES), label="Written for", min_width=150, scale=2)
    gr.HTML(places.keys() + SAID, padding=False)
    found = gr.HTML("", elem_id="look-up-results", padding=False)
    tokens_part(desk)

    def show(text: str | None, treatment: str, topic: str, audience: str, request: gr.Request) -> str:
        filters = Filters(
            treatment=None if treatment == ANY_TREATMENT else treatment,
            topic=None if topic == ANY_TOPIC else topic,
            audience=AUDIENCES[audience],
        )
        person = person_of(request)
        if not (text or "").strip() and filters.topic is None:
            return ""
        with shown():
            try:
                return places.results(look_up.find(person, text or "", filters), desk.bot.clinic)
            except QuestionError as error:
                return places.refused(str(error))

    asked = [box, treatment, topic, audience]
    gr.on(
        [box.input, *(one.input for one in (treatment, topic, audience))],
        show,
        asked,
        found,
        js=WHEN_SHE_PAUSES,
        trigger_mode="always_last",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
