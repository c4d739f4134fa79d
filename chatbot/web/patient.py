"""The patients' chat page (Gradio): presentation only, every word of an answer comes from ask()."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from chatbot.answer import Answer, suggestion
from chatbot.bot import Bot, ask
from chatbot.question import Question, QuestionError
from chatbot.records import Records
from chatbot.web import render
from index.store import StoredIndex
from kb.load import sections_of

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

CSS = Path(__file__).with_name("patient.css")
ANY_TREATMENT = "Any treatment"
TOPICS = {
    "What is it for?": "What is it used for?",
    "Recovery": "How long is the recovery?",
    "Who should take care?": "Who should not have it?",
}
MAX_EXAMPLES = 4
MAX_TRIED = 40  # sections asked about, at most, until enough examples answer

Messages = list[dict[str, Any]]


def mount_page(api: FastAPI, bot: Bot, records: Records) -> FastAPI:
    """Put the page at / of the API's server. It asks nothing of any other server."""
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    server: FastAPI = gr.mount_gradio_app(
        api,
        make_page(bot, records),
        path="/",
        theme=theme,
        css=CSS.read_text(encoding="utf-8"),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
    )
    return server


def make_page(bot: Bot, records: Records) -> gr.Blocks:
    """The page: contact, notice, chat, examples and topics."""
    index = bot.index.current()
    page: gr.Blocks
    with gr.Blocks(title=f"Ask about your treatment: {bot.clinic.name}", analytics_enabled=False) as page:
        gr.HTML(render.contact(bot.clinic), elem_classes="contact-bar", padding=False)
        gr.Markdown(f"# Ask about your treatment\n\n{_notice(index)}", elem_classes="notice")
        treatment = gr.Dropdown(
            [ANY_TREATMENT, *sorted(index.covered)], label="Treatment", visible=len(index.covered) > 1
        )
        chat = gr.Chatbot(label="Conversation", height="55vh", min_height=280, buttons=["copy"], layout="bubble")
        given = gr.State([])
        with gr.Row(equal_height=True):
            box = gr.Textbox(
                label="Your question",
                placeholder="For example: when can I go back to work?",
                lines=1,
                scale=8,
                autofocus=True,
            )
            send = gr.Button("Ask", variant="primary", scale=1, min_width=90)
        with gr.Row(elem_classes="chips"):
            topics = [(gr.Button(name, size="sm"), question) for name, question in TOPICS.items()]
        gr.Markdown("Questions that the documents answer:")
        with gr.Row(elem_classes="chips"):
            examples = [(gr.Button(text, size="sm"), text) for text in example_questions(bot)]

        def reply(text: str, about: str | None, messages: Messages, answers: list[Answer | None]) -> Iterator[Any]:
            yield from _reply(bot, records, text, about, messages, answers)

        outputs = [chat, given, box]
        for event in (box.submit, send.click):
            event(reply, [box, treatment, chat, given], outputs, show_progress="hidden", api_visibility="private")
        for button, question in [*topics, *examples]:
            button.click(
                reply,
                [gr.State(question), treatment, chat, given],
                outputs,
                show_progress="hidden",
                api_visibility="private",
            )

        def follow(
            event: gr.SelectData, about: str | None, messages: Messages, answers: list[Answer | None]
        ) -> Iterator[Any]:
            yield from _reply(bot, records, str(event.value), about, messages, answers)

        def vote(event: gr.LikeData, answers: list[Answer | None]) -> None:
            answer = answers[_position(event.index) // 2]
            if answer is not None:
                records.voted(answer, helpful=bool(event.liked))

        chat.option_select(follow, [treatment, chat, given], outputs, show_progress="hidden", api_visibility="private")
        chat.like(vote, [given], None, api_visibility="private")
        chat.clear(lambda: [], None, [given], api_visibility="private")
    return page


def _position(index: int | tuple[int, int]) -> int:
    return index if isinstance(index, int) else index[0]


def example_questions(bot: Bot) -> list[str]:
    """Headings, as questions, that are answered from the very section they head; from different documents first."""
    sections = [
        (document, section)
        for document, section in sections_of(bot.index.current().documents)
        if section.headings and section.paragraphs and document.audience == "patient" and not section.caveats
    ]
    by_turn = sorted(sections, key=lambda pair: list(pair[0].sections).index(pair[1]))
    found: dict[str, str] = {}
    for document, section in by_turn[:MAX_TRIED]:
        text = suggestion(section, document.treatment)
        cited = {citation.passage.section.id for citation in ask(bot, Question.parse(text)).citations}
        if section.id in cited and document.id not in found:
            found[document.id] = text
        if len(found) == MAX_EXAMPLES:
            break
    return list(found.values())


def _notice(index: StoredIndex) -> str:
    unreviewed = [document for document in index.documents if document.reviewed_by is None]
    review = "**No clinician has reviewed these texts yet.** " if unreviewed else ""
    return (
        f"{review}Answers are quoted word for word from the clinic's documents. They are general information, not "
        "advice about your own case: for that, please ask the clinic."
    )


def _reply(
    bot: Bot, records: Records, text: str, about: str | None, messages: Messages, answers: list[Answer | None]
) -> Iterator[Any]:
    """Show the question, then the answer piece by piece: (messages, answers given, text box)."""
    messages = [*messages, {"role": "user", "content": escape(text.strip()[:200]) or "…"}]
    started = time.perf_counter()
    try:
        answer = ask(bot, Question.parse(text, None if about == ANY_TREATMENT else about))
    except QuestionError as error:
        refused = {"role": "assistant", "content": f"<p>{escape(str(error))}</p>"}
        yield [*messages, refused], [*answers, None], text if len(text) < 500 else ""
        return
    records.answered(answer, bot.index.current().version, time.perf_counter() - started)
    shown = ""
    for piece in render.paragraphs(answer):
        shown += piece
        yield [*messages, {"role": "assistant", "content": shown}], [*answers, answer], ""
    options = [{"value": suggestion, "label": suggestion} for suggestion in answer.suggestions]
    whole = {"role": "assistant", "content": shown + render.citations(answer), "options": options}
    yield [*messages, whole], [*answers, answer], ""
