"""What several test files share: encoders that can be worked in the head, and a tiny clinic."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme
from door_clients import add_paths, client_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mail_server import MailServer, serving
from playwright.sync_api import Browser, sync_playwright
from rose_documents import LASER, PEEL, STAFF
from served import Program, served
from sqlalchemy import Engine, Table, select
from widget_site import CLINIC, DESKTOP, PHONE, Site, visited

from chatbot.bot import Bot
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import Outbox
from chatbot.reading.cross_encoder import Logits, Said
from chatbot.reading.meaning import Probabilities
from chatbot.records import Records
from chatbot.rules import load_rules
from chatbot.settings import Clinic, Settings
from chatbot.store import open_store, transaction
from chatbot.verify import Gate
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat
from chatbot.web.doors import add_doors
from chatbot.web.embed import add_widget
from chatbot.web.messages import add_messages
from index.build import build_index
from index.encode import Encoder, Progress, Span, Vectors, load_encoder
from index.live import LiveIndex
from index.store import StoredIndex, open_index
from index.terms import key_terms, terms

IndexOf = Callable[[Path], StoredIndex]
ServerOf = Callable[..., FastAPI]
MEND = "python app.py index --kb DIR"  # the command that an error about an index must name


class LetterEncoder:
    """Counts the letters x, y and z of a text, and makes the counts a unit vector: "xxx yyyy" → (0.6, 0.8, 0, 0).

    A text with none of them points along a fourth axis. `encoded` is the number of texts encoded so far.
    """

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.dim = 4
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += len(texts)
        return self._vectors(texts)

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        whole = self.encode(texts)
        if progress and texts:
            progress(len(texts))
        return whole, [
            self._vectors([text[start:end] for start, end in its_spans])
            for text, its_spans in zip(texts, spans, strict=True)
        ]

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        counts = [[text.lower().count(letter) for letter in "xyz"] for text in texts]
        rows = np.array([[*row, not any(row)] for row in counts], dtype=np.float32).reshape(-1, self.dim)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


class UndecidedMeaning:
    """Gives the same to every text: enough for a rule that fires to stand, too little for any class to win alone.

    `sure_of` makes it sure of one class. `read` keeps the texts that it was given.
    """

    def __init__(self, sure_of: str | None = None) -> None:
        urgent = [rule.id for rule in load_rules().urgent]
        self.labels = (*urgent, "expected", "general", "ordinary", "personal", "refused")
        self.sure_of = sure_of
        self.read: list[str] = []

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        self.read += texts
        if self.sure_of is not None:
            row = [float(label == self.sure_of) for label in self.labels]
        else:
            shares = {"ordinary": 0.5, "personal": 0.25}
            row = [shares.get(label, 0.25 / (len(self.labels) - 2)) for label in self.labels]
        return np.array([row] * len(texts), dtype=np.float32)


class SharedWords:
    """Counts the words shared: 6 · (share of the question's key terms that a sentence or its context has) - 3.

    All of them: 3, half: 0, none: -3; 0 for a question without key terms. `read` keeps what was read.
    """

    def __init__(self) -> None:
        self.read: list[tuple[str, tuple[Said, ...]]] = []

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        self.read.append((question, tuple(said)))
        keys = key_terms(question)
        texts = [set(terms(f"{one.sentence}\n{one.context}")) for one in said]
        shares = [sum(not key.terms.isdisjoint(own) for key in keys) / len(keys) if keys else 0.5 for own in texts]
        return np.array([6 * share - 3 for share in shares], dtype=np.float32)


def rows_of(store: Engine, table: Table) -> list[dict[str, Any]]:
    """What is stored in a table, in the order in which it was written."""
    with transaction(store) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


@pytest.fixture
def encoder() -> LetterEncoder:
    """A fresh fake encoder, whose count of texts starts at 0."""
    return LetterEncoder()


@pytest.fixture
def meaning() -> UndecidedMeaning:
    """A fresh vote that decides nothing."""
    return UndecidedMeaning()


@pytest.fixture(scope="session")
def real_encoder() -> Encoder:
    """The packaged model, loaded once; tests that use it are marked slow."""
    return load_encoder()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        reason = "no Chromium on this machine: install it (Debian: apt-get install chromium)"
        # A user without a browser can still run the other tests; CI installs one, and must not pass without it.
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The real program, as Test Clinic has it."""
    with served(tmp_path_factory.mktemp("server"), CLINIC) as program:
        yield program


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def site(request: pytest.FixtureRequest, program: Program, browser: Browser) -> Iterator[Site]:
    """The demo page of Test Clinic, on a phone and on a desktop."""
    with visited(browser, program.address, request.param) as site:
        yield site


@pytest.fixture
def desktop(program: Program, browser: Browser) -> Iterator[Site]:
    """The demo page of Test Clinic on a desktop."""
    with visited(browser, program.address, DESKTOP) as site:
        yield site


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of `store`."""
    return tmp_path / "var" / "records.sqlite3"


@pytest.fixture
def store(path: Path) -> Engine:
    """A store that is still to be made."""
    return open_store(path)


@pytest.fixture
def outbox(store: Engine, server: MailServer) -> Outbox:
    """What goes from `store` to the mail server."""
    return Outbox(store, Mail(server.settings(), step_s=1.0), keep_days=30)


@pytest.fixture
def unmailed(store: Engine) -> Outbox:
    """Of a clinic without a mail server."""
    return Outbox(store, None, keep_days=30)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server without encryption or a login."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who gives the mail servers of tests their certificates."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This computer trusts the authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.fixture
def clinic_folder(tmp_path: Path) -> Path:
    """A clinic of two treatments and three documents: 3 + 2 + 1 passages, the last for staff only.

    "Results" of laser.md is disputed: its caveat is "What studies found".
    """
    folder = tmp_path / "clinic"
    folder.mkdir()
    for name, text in {"laser.md": LASER, "peel.md": PEEL, "telephone.md": STAFF}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the index of `clinic_folder` is kept."""
    return tmp_path / "home"


@pytest.fixture
def index_of(home: Path, encoder: LetterEncoder) -> IndexOf:
    """index_of(folder): bring the folder's index in `home` up to date, and open it."""

    def build_and_open(folder: Path) -> StoredIndex:
        build_index(folder, home, encoder)
        return open_index(home, MEND)

    return build_and_open


ROSE = Clinic(
    name="Rose Clinic", phone="01 234", emergency_number="999", urgent_care_line="111", poison_line="111",
    crisis_line="116 123",
)  # fmt: skip


@pytest.fixture
def rose_bot(clinic_folder: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Bot:
    """The bot of Rose Clinic over `clinic_folder`, with a gate that any known word opens."""
    build_index(clinic_folder, home, encoder)
    gate = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")
    return Bot(ROSE, encoder, LiveIndex(home, MEND), load_rules(), meaning, gate, SharedWords())


@pytest.fixture
def server_of(rose_bot: Bot, store: Engine) -> ServerOf:
    """server_of(settings): all over `rose_bot`, behind its doors; the patients' page only if it is asked for."""

    def make(settings: Settings, with_page: bool = False) -> FastAPI:
        records, outbox = Records(store, keep_days=30), Outbox(store, None, keep_days=30)
        server = make_api(rose_bot, records)
        add_chat(server, rose_bot, records, outbox)
        add_widget(server, rose_bot, settings.widget)
        add_messages(server, rose_bot, records, outbox)
        if with_page:
            from chatbot.web.patient import mount_page  # Gradio takes seconds to import

            server = mount_page(server, rose_bot, records)
        add_doors(server, settings.model_copy(update={"clinic": ROSE}))
        return server

    return make


@pytest.fixture
def closed(server_of: ServerOf) -> TestClient:
    """A server that no other site may ask, with paths that are for staff or broken."""
    server = server_of(Settings())
    add_paths(server)
    return client_of(server)
