"""What a clinic's site loads: a small script that knows the clinic before it is asked, and a strict demo page."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MEND, LetterEncoder, SharedWords, UndecidedMeaning
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.records import Records
from chatbot.rules import load_rules
from chatbot.settings import Clinic, Widget
from chatbot.verify import Gate
from chatbot.web.api import make_api
from chatbot.web.embed import add_widget
from chatbot.web.texts import texts_of
from index.build import build_index
from index.live import LiveIndex

ALL_KNOWN = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")  # as in test_bot.py
CLINIC = Clinic(
    name="Rose Clinic", phone="+44 (0)20 7946 0000", hours="9 to 17", website="javascript:alert(1)",
    emergency_number="999", urgent_care_line="111", poison_line="111", crisis_line="116 123",
)  # fmt: skip
MAX_BYTES = 20_000
Site = Callable[..., TestClient]


@pytest.fixture
def site(clinic_folder: Path, home: Path, store: Engine, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Site:
    """site(clinic, widget): the server of a clinic."""
    build_index(clinic_folder, home, encoder)

    def serve(clinic: Clinic = CLINIC, widget: Widget | None = None) -> TestClient:
        bot = Bot(clinic, encoder, LiveIndex(home, MEND), load_rules(), meaning, ALL_KNOWN, SharedWords())
        api = make_api(bot, Records(store, keep_days=30))
        add_widget(api, bot, widget or Widget())
        return TestClient(api)

    return serve


def test_the_script_is_small_and_comes_compressed(site: Site) -> None:
    response = site().get("/widget.js")
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) <= MAX_BYTES
    assert "customElements.define" in response.text


def test_the_script_comes_as_it_is_to_who_cannot_unpack_it(site: Site) -> None:
    client = site()
    plain = client.get("/widget.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == client.get("/widget.js").text
    assert len(gzip.compress(plain.content)) <= MAX_BYTES


def test_a_script_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    client = site()
    etag = client.get("/widget.js").headers["etag"]
    again = client.get("/widget.js", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    other = site(clinic=CLINIC.model_copy(update={"phone": "01 234"})).get(
        "/widget.js", headers={"if-none-match": etag}
    )
    assert other.status_code == 200


def test_other_sites_may_load_the_script(site: Site) -> None:
    assert site().get("/widget.js").headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_script_knows_the_clinics_numbers_before_it_asks_the_server(site: Site) -> None:
    script = site().get("/widget.js").text
    first = json.JSONDecoder().raw_decode(script, script.index("const FIRST = ") + len("const FIRST = "))[0]
    assert first["clinic"]["phone_dialled"] == "+442079460000"
    assert first["clinic"]["emergency_dialled"] == "999"
    assert first["texts"]["fr"]["away"] == texts_of("fr")["away"]


@pytest.mark.parametrize(
    "forbidden", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style="]
)
def test_the_script_makes_no_node_from_text_and_runs_no_text(forbidden: str, site: Site) -> None:
    assert forbidden not in site().get("/widget.js").text


def test_the_texts_are_in_the_language_asked_for(site: Site) -> None:
    body = site().get("/api/widget", params={"language": "ar-EG"}).json()
    assert (body["language"], body["is_rtl"], body["answers_in"]) == ("ar", True, "en")
    assert body["texts"] == texts_of("ar")
    assert body["notice"] == texts_of("ar")["notice"]


def test_the_clinics_own_words_stand_in_every_language(site: Site) -> None:
    own = Widget(title="Ask Rose", greeting="Hi!", notice="We keep nothing.", suggestions=("Is it red?",))
    client = site(widget=own)
    body = client.get("/api/widget", params={"language": "fr"}).json()
    assert (body["texts"]["title"], body["texts"]["greeting"]) == ("Ask Rose", "Hi!")
    assert (body["notice"], body["suggestions"]) == ("We keep nothing.", ["Is it red?"])
    assert '"title": "Ask Rose"' in client.get("/widget.js").text


def test_the_clinic_can_be_reached_and_no_script_is_an_address(site: Site) -> None:
    clinic = site().get("/api/widget").json()["clinic"]
    assert clinic == {
        "name": "Rose Clinic", "phone": "+44 (0)20 7946 0000", "phone_dialled": "+442079460000", "hours": "9 to 17",
        "email": None, "website": None, "emergency_number": "999", "emergency_dialled": "999", "is_filled_in": True,
    }  # fmt: skip


def test_what_the_clinic_has_not_filled_in_is_nothing_and_is_said(site: Site) -> None:
    client = site(clinic=Clinic())
    clinic = client.get("/api/widget").json()["clinic"]
    assert {clinic[key] for key in clinic if key != "is_filled_in"} == {None}
    assert clinic["is_filled_in"] is False
    assert "SET ME" not in client.get("/widget.js").text


def test_the_suggestions_are_what_the_documents_answer(site: Site) -> None:
    client = site()
    body = client.get("/api/widget").json()
    assert body["treatments"] == ["Chemical peel", "Fractional CO2 laser"]
    scoped = client.get("/api/widget", params={"treatment": "chemical peel"}).json()["suggestions"]
    assert scoped == ["Who should not have it?"]
    assert (
        client.get("/api/widget", params={"treatment": "nothing we have"}).json()["suggestions"]
        == (body["suggestions"])
    )


def test_the_demo_runs_its_own_script_alone(site: Site) -> None:
    client = site()
    first, second = client.get("/demo"), client.get("/demo")
    policies = [response.headers["content-security-policy"] for response in (first, second)]
    nonces = [re.findall(r"'nonce-([\w-]+)'", policy)[0] for policy in policies]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.text
    assert "unsafe" not in policies[0]
    assert "default-src 'none'" in policies[0]
    assert client.get("/demo.css").headers["content-type"].startswith("text/css")


def test_the_demo_takes_only_a_language_that_there_is(site: Site) -> None:
    client = site()
    assert 'data-language="ar"' in client.get("/demo", params={"language": "ar"}).text
    assert 'data-language="en"' in client.get("/demo", params={"language": '"><script>'}).text
