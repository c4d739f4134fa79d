"""What a clinic's site loads: the chat widget's script, its texts once it is opened, and a page to try it on."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from chatbot.bot import Bot
from chatbot.examples import example_questions
from chatbot.settings import Clinic, Widget
from chatbot.web.numbers import dialled, number_in
from chatbot.web.problems import documented
from chatbot.web.texts import FIRST, LANGUAGES, RIGHT_TO_LEFT, nearest, texts_of

FOLDER = Path(__file__).parent / "widget"
ANSWERS_IN = "en"  # the language of the documents, and of what is said beside the quotes
MAX_TREATMENTS = 64  # of which the examples are kept
FRESH = "public, max-age=300"  # a browser asks after five minutes whether the script has changed
# Nothing but what the demo needs: the widget works where neither inline scripts nor inline styles may.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class ClinicObject(BaseModel):
    """How to reach the clinic; what it has not filled in is null. `…_dialled` is the number as a telephone dials it."""

    name: str | None
    phone: str | None
    phone_dialled: str | None
    hours: str | None
    email: str | None
    website: str | None
    emergency_number: str | None
    emergency_dialled: str | None
    is_filled_in: bool


class WidgetObject(BaseModel):
    """What the widget shows. `language` is that of its texts, `answers_in` that of the answers, as language tags."""

    language: str
    is_rtl: bool
    answers_in: str
    texts: dict[str, str]
    notice: str
    clinic: ClinicObject
    treatments: list[str]
    suggestions: list[str]


def add_widget(api: FastAPI, bot: Bot, widget: Widget) -> None:
    """Add the widget to the API."""
    script = script_of(bot.clinic, widget)
    etag = f'W/"{hashlib.sha256(script).hexdigest()[:32]}"'
    zipped = zipped_of(script)

    @lru_cache(maxsize=MAX_TREATMENTS)
    def examples(_version: str, treatment: str | None) -> list[str]:
        return example_questions(bot, treatment)

    @api.get("/widget.js", response_class=Response, responses=_described("text/javascript"))
    def get_script(request: Request) -> Response:
        """The launcher and the panel: one script for any page."""
        headers = {
            "ETag": etag,
            "Cache-Control": FRESH,
            "Vary": "Accept-Encoding",
            "Cross-Origin-Resource-Policy": "cross-origin",  # it is there for other sites
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(script, media_type="text/javascript", headers=headers)
        return Response(zipped, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})

    @api.get("/api/widget", responses=documented(422))
    def get_widget(
        language: Annotated[str, Query(max_length=35, description="a language tag, such as “es”")] = "en",
        treatment: Annotated[str | None, Query(max_length=200, description="the one that the page is about")] = None,
    ) -> WidgetObject:
        """What the widget needs when it is opened: its texts, the clinic, questions to begin with."""
        index, spoken = bot.index.current(), nearest(language)
        texts = _texts(spoken, widget)
        about = index.treatments.canonical(treatment) if treatment else None
        covered = about if about in index.covered else None
        return WidgetObject(
            language=spoken,
            is_rtl=spoken in RIGHT_TO_LEFT,
            answers_in=ANSWERS_IN,
            texts=texts,
            notice=widget.notice or texts["notice"],
            clinic=_clinic(bot.clinic),
            treatments=sorted(index.covered),
            suggestions=list(widget.suggestions) or examples(index.version, covered),
        )

    @api.get("/demo", response_class=HTMLResponse, responses=documented(422))
    def get_demo(language: Annotated[str, Query(max_length=35, description="of the widget")] = "en") -> HTMLResponse:
        """A small clinic's site with the widget on it, under a strict Content-Security-Policy."""
        nonce = secrets.token_urlsafe(16)
        page = (FOLDER / "demo.html").read_text(encoding="utf-8")
        page = page.replace("{nonce}", nonce).replace("{language}", nearest(language))
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY.replace("{nonce}", nonce)})

    @api.get("/demo.css", response_class=Response, responses=_described("text/css"))
    def get_demo_style() -> Response:
        """The style sheet of the demo."""
        return Response((FOLDER / "demo.css").read_bytes(), media_type="text/css")


def script_of(clinic: Clinic, widget: Widget) -> bytes:
    """The script with what it says before the server was asked anything."""
    first = {
        "texts": {language: {key: _texts(language, widget)[key] for key in FIRST} for language in LANGUAGES},
        "rtl": RIGHT_TO_LEFT,
        "clinic": _clinic(clinic).model_dump(),
    }
    source = (FOLDER / "widget.js").read_text(encoding="utf-8")
    return source.replace('"{first}"', json.dumps(first, ensure_ascii=False), 1).encode("utf-8")


def zipped_of(script: bytes) -> bytes:
    """The script as it is sent: the same bytes each time."""
    return gzip.compress(script, mtime=0)


def _texts(language: str, widget: Widget) -> dict[str, str]:
    """The texts of a language, with those of the clinic's own in their place."""
    own = {"title": widget.title, "greeting": widget.greeting}
    return texts_of(language) | {key: text for key, text in own.items() if text}


def _clinic(clinic: Clinic) -> ClinicObject:
    given = clinic.filled_in
    phone, emergency = given.get("phone"), given.get("emergency_number")
    website = clinic.website if clinic.website and clinic.website.startswith(("https://", "http://")) else None
    return ClinicObject(
        name=given.get("name"),
        phone=phone,
        phone_dialled=_dialled(phone),
        hours=clinic.hours,
        email=clinic.email,
        website=website,
        emergency_number=emergency,
        emergency_dialled=_dialled(emergency),
        is_filled_in=not clinic.placeholders,
    )


def _dialled(setting: str | None) -> str | None:
    number = number_in(setting) if setting else None
    return dialled(number) if number else None


def _described(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}}}
