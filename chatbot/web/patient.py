"""The patients' chat page (Gradio): presentation only, every word of an answer comes from ask()."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from chatbot.answer import Answer
from chatbot.bot import Bot
from chatbot.examples import example_questions
from chatbot.question import Question, QuestionError
from chatbot.records import Records
from chatbot.settings import PLACEHOLDER, Clinic
from chatbot.told_day import with_day
from chatbot.web import render
from chatbot.web.api import index_of
from chatbot.web.problems import TooManyQuestionsError, sendable
from chatbot.web.rates import ask_within, wait_of
from chatbot.web.theme import theme
from chatbot.web.turn import choices
from index.store import StoredIndex

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

CSS = Path(__file__).with_name("patient.css")
ANY_TREATMENT = "Any treatment"
TOPICS = {
    "What is it for?": "What is it used for?",
    "Recovery": "How long is the recovery?",
    "Who should take care?": "Who should not have it?",
}

# A long answer is read from its beginning: the chat scrolls to the question, not to the end, and the page to the chat,
# below what stays at the top. A phone's keyboard, which would cover the answer, goes.
SHOW_QUESTION = """() => {
  if (matchMedia('(pointer: coarse)').matches) document.activeElement.blur();
  const asked = [...document.querySelectorAll('#conversation .user-row')].pop();
  if (!asked) return;
  const log = asked.closest('[role=log]'), top = document.getElementById('top').offsetHeight;
  log.scrollBy({top: asked.getBoundingClientRect().top - log.getBoundingClientRect().top - 12, behavior: 'smooth'});
  const chat = document.getElementById('conversation').getBoundingClientRect();
  const isInView = chat.top >= top && document.getElementById('asking').getBoundingClientRect().bottom <= innerHeight;
  if (!isInView) window.scrollBy({top: chat.top - top - 8, behavior: 'smooth'});
}"""

# What is typed while an answer comes is asked after it, and not lost: the browser, not the answer, empties the box of
# its question, and of no other. What was refused stays, to be corrected.
NOTE_ASKED = "(text, ...others) => { window.lastAsked = text; return [text, ...others]; }"
EMPTY_BOX = """(text) => {
  const answer = [...document.querySelectorAll('#conversation .bot-row')].pop();
  return text === window.lastAsked && !answer?.querySelector('.refused') ? '' : text;
}"""

Messages = list[dict[str, Any]]
Given = list[Answer | None]  # the answer under each question, None where the question was refused


def mount_page(api: FastAPI, bot: Bot, records: Records) -> FastAPI:
    """Put the page at / of the API's server. It asks nothing of any other server."""
    server: FastAPI = gr.mount_gradio_app(
        api,
        make_page(bot, records),
        path="/",
        theme=theme(),
        css=CSS.read_text(encoding="utf-8"),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,  # it would keep what was asked in a browser that others may use as well
    )
    return server


def make_page(bot: Bot, records: Records) -> gr.Blocks:
    """The page: contact, what is urgent, notice, chat with examples, text box, topics."""
    index = bot.index.current()
    examples: list[Any] = [{"text": text} for text in example_questions(bot)]
    page: gr.Blocks
    with gr.Blocks(title=_title(bot.clinic), analytics_enabled=False) as page:
        with gr.Column(elem_id="top"):
            if bot.clinic.placeholders:
                gr.HTML(render.placeholders(bot.clinic), padding=False)
            gr.HTML(render.contact(bot.clinic), padding=False)
            pinned = gr.HTML("", elem_id="pinned", padding=False)
        gr.Markdown(lambda: _notice(bot.index.current()), elem_classes="notice")  # asked anew by each visitor
        treatment = gr.Dropdown(
            [ANY_TREATMENT, *sorted(index.covered)],
            label="Treatment",
            visible=len(index.covered) > 1,
            elem_id="treatment",
        )
        chat = gr.Chatbot(
            label="Conversation",
            elem_id="conversation",
            show_label=False,
            height="46vh",
            min_height=320,
            buttons=["copy"],
            autoscroll=False,
            placeholder="Questions that the documents answer:",
            examples=examples,
        )
        given = gr.State([])
        with gr.Row(equal_height=True, elem_id="asking"):
            box = gr.Textbox(
                label="Your question",
                placeholder="For example: when can I go back to work?",
                lines=1,
                max_lines=6,
                scale=8,
            )
            send = gr.Button("Ask", variant="primary", scale=1, min_width=80)
        with gr.Row(elem_classes="chips"):
            topics = [(gr.Button(name, size="sm"), question) for name, question in TOPICS.items()]

        def reply(
            text: str, about: str | None, messages: Messages, answers: Given, request: gr.Request
        ) -> Iterator[Any]:
            yield from replies(bot, records, text, about, messages, answers, _wait_of(request))

        def example(
            event: gr.SelectData, about: str | None, messages: Messages, answers: Given, request: gr.Request
        ) -> Iterator[Any]:
            yield from reply(event.value["text"], about, messages, answers, request)

        def follow(
            event: gr.SelectData, about: str | None, messages: Messages, answers: Given, request: gr.Request
        ) -> Iterator[Any]:
            yield from reply(str(event.value), about, messages, answers, request)

        def vote(event: gr.LikeData, answers: Given) -> None:
            answer = answers[_position(event.index) // 2]
            if answer is not None:
                records.voted(answer, helpful=bool(event.liked))

        state = [treatment, chat, given]
        shown: dict[str, Any] = {
            "outputs": [chat, given, pinned],
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        typed = [
            enter(reply, [box, *state], js=NOTE_ASKED, trigger_mode="always_last", **shown)
            for enter in (box.submit, send.click)
        ]
        for event in typed:
            event.success(None, box, box, js=EMPTY_BOX)
        asked = [
            *typed,
            chat.example_select(example, state, **shown),
            chat.option_select(follow, state, **shown),
            *(button.click(reply, [gr.State(question), *state], **shown) for button, question in topics),
        ]
        for event in asked:
            event.then(None, js=SHOW_QUESTION)
        chat.like(vote, [given], None, api_visibility="private")
        chat.clear(lambda: ([], ""), None, [given, pinned], api_visibility="private")
    return page


def _title(clinic: Clinic) -> str:
    title = "Ask about your treatment"
    return title if clinic.name == PLACEHOLDER else f"{title}: {clinic.name}"


def _position(index: int | tuple[int, int]) -> int:
    return index if isinstance(index, int) else index[0]


def _notice(index: StoredIndex) -> str:
    reviewed = [document.reviewed_by is not None for document in index.documents if document.audience == "patient"]
    which = "these texts" if not any(reviewed) else "some of these texts"
    review = "" if all(reviewed) else f"**No clinician has reviewed {which} yet.** "
    return (
        f"# Ask about your treatment\n\n{review}Answers are quoted word for word from the clinic's documents. They are "
        "general information, not advice about your own case: for that, please ask the clinic."
    )


def _wait_of(request: gr.Request) -> int:
    return wait_of(request.request.scope) if request.request else 0


def replies(
    bot: Bot, records: Records, text: str, about: str | None, messages: Messages, answers: Given, wait_s: int = 0
) -> Iterator[Any]:
    """Show the question, then the answer piece by piece: (messages, answers given, what is pinned).

    One who has to wait, `wait_s` above 0, is answered only what is urgent.
    """
    started = time.perf_counter()
    treatment = None if about == ANY_TREATMENT else about
    try:
        text, answer = _ask(bot, text, treatment, answers, wait_s)
    except (QuestionError, TooManyQuestionsError) as error:
        refused = {"role": "assistant", "content": f"<p class='refused'>{escape(str(error))}</p>"}
        yield [*messages, _typed(text), refused], [*answers, None], gr.skip()
        return
    records.answered(answer, index_of(answer, bot), time.perf_counter() - started)
    messages, answers = [*messages, _typed(text)], [*answers, answer]
    pinned = render.pinned(answers, bot.clinic)
    shown = ""
    for piece in render.paragraphs(answer, bot.clinic):
        shown += piece
        yield [*messages, {"role": "assistant", "content": shown}], answers, pinned
    options = [{"value": choice.question, "label": choice.label} for choice in choices(answer)]
    whole = {"role": "assistant", "content": shown + render.citations(answer), "options": options}
    yield [*messages, whole], answers, pinned


def _ask(bot: Bot, text: str, treatment: str | None, answers: Given, wait_s: int) -> tuple[str, Answer]:
    """What was asked, with its answer: a day alone, where the last answer asked for it, completes the last question."""
    last = answers[-1] if answers else None
    text = with_day(text, last.question if last is not None and last.asks_day else None, bot)
    return text, ask_within(wait_s, bot, Question.parse(text, treatment), _earlier(answers, treatment))


def _earlier(answers: Given, treatment: str | None) -> list[Question]:
    """What was asked before, for follow-ups; an emergency and a courtesy are followed up by nothing."""
    asked = [answer for answer in answers if answer is not None and answer.status not in ("urgent", "smalltalk")]
    return [Question.parse(answer.question, treatment) for answer in asked]


def _typed(text: str) -> dict[str, Any]:
    """As text: in a block of HTML without a blank line, nothing is Markdown, such as an image to fetch."""
    lines = [escape(line) for line in sendable(text.strip()[:200]).splitlines()]
    return {"role": "user", "content": f"<p>{'<br>'.join(lines) or '…'}</p>"}
