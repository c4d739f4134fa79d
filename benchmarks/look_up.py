"""How fast staff see results while they type, over a large folder: the function, and the page's own request over HTTP.

    python -m benchmarks.look_up [--passages 10000] [--cache DIR]

Questions of tests/data/questions.jsonl are typed letter by letter; each letter is one look-up, and none is asked twice.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn

from benchmarks.run import ASKED, DOCUMENTS, table
from benchmarks.speed import percentile, write_documents
from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookUp
from chatbot.desk.people import OWNER, add
from chatbot.desk.permissions import Person
from chatbot.desk.sessions import Sessions
from chatbot.evaluate import read_rows
from chatbot.mailing.outbox import Outbox
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.reading.meaning import load_meaning
from chatbot.ready import load_all
from chatbot.records import Records
from chatbot.rules import load_rules
from chatbot.settings import Clinic, Settings
from chatbot.shelf import Filters
from chatbot.store import open_store
from chatbot.verify import load_gate
from chatbot.web.doors import server_options
from chatbot.web.server import make_server
from chatbot.web.staff.cookies import SESSION
from chatbot.web.staff.look_up_tab import ANY_TOPIC, ANY_TREATMENT, AUDIENCES
from index.build import build_index
from index.encode import load_encoder
from index.live import LiveIndex

QUESTIONS = 10
MIN_TYPED = 3  # letters
WARM_UP = 20  # look-ups before the ones that count
READER = Person("Benchmark", "reader")
PASSWORD = "it is measured how fast this is"
HTTP_OK = 200


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.look_up", description="Measure the look-up of staff.")
    parser.add_argument("--passages", type=int, default=10_000, metavar="N", help="size of the index")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the documents and their index here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.cache or Path(scratch)
        if not (folder / "kb").exists():
            write_documents(DOCUMENTS, options.passages, folder / "kb")
        encoder = load_encoder()
        build_index(folder / "kb", folder / "home", encoder)
        index = LiveIndex(folder / "home", mend="")
        bot = Bot(Clinic(), encoder, index, load_rules(), load_meaning(), load_gate(), load_cross_encoder())
        load_all(bot)
        print_table(bot, Path(scratch))
    return 0


def print_table(bot: Bot, scratch: Path) -> None:
    """Milliseconds for each letter, by the function and over HTTP, and the processor's own milliseconds."""
    texts = typed([row.text for row in read_rows(next(path for path in ASKED if path.exists()))])
    store = open_store(scratch / "records.sqlite3")
    desk = Desk(bot, store, Outbox(store, None, keep_days=1), Settings(data=scratch))
    look_up = LookUp(desk)
    wall, processor = measured(texts, lambda text: look_up.find(READER, text, Filters()))
    with page(desk) as ask:
        over_http, _ = measured(texts, ask)
    rows = [
        [name, *(f"{percentile(times, percent):.0f}" for percent in (50, 95, 99))]
        for name, times in (("function", wall), ("function, processor time", processor), ("over HTTP", over_http))
    ]
    print(
        f"{len(bot.index.current().passages.passages)} passages, {len(wall)} letters, load {os.getloadavg()[0]:.1f}\n"
    )
    print(table(["look-up while typing (ms)", "p50", "p95", "p99"], rows))


def typed(questions: Sequence[str]) -> list[str]:
    """Each question letter by letter, from the third; blanks at the end are no letter."""
    chosen = list(dict.fromkeys(questions))[:: max(1, len(set(questions)) // QUESTIONS)][:QUESTIONS]
    texts = [text[:end] for text in chosen for end in range(MIN_TYPED, len(text) + 1) if not text[:end].endswith(" ")]
    return list(dict.fromkeys(texts))


def measured(texts: Sequence[str], ask: Callable[[str], object]) -> tuple[list[float], list[float]]:
    """Milliseconds of each text after the first WARM_UP, on the clock and of the processor."""
    wall, processor = [], []
    for text in texts:
        at, used = time.perf_counter(), time.process_time()
        ask(text)
        wall.append(1000 * (time.perf_counter() - at))
        processor.append(1000 * (time.process_time() - used))
    return wall[WARM_UP:], processor[WARM_UP:]


@contextmanager
def page(desk: Desk) -> Iterator[Callable[[str], bytes]]:
    """Asks the running server what the staff's page asks with each letter, as somebody who is logged in."""
    add(desk.store, OWNER, READER.name, READER.role, PASSWORD)
    token = Sessions(desk.store, hours=1).begin(READER, datetime.now(UTC))
    app = make_server(desk, Records(desk.store, keep_days=1))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **server_options(desk.settings)))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Cookie": f"{SESSION}={token}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
        "Accept-Encoding": "br",
    }

    def call(method: str, path: str, body: object = None) -> bytes:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        said = reply.read()
        if reply.status != HTTP_OK:
            raise RuntimeError(f"{path} was answered with HTTP {reply.status}: {said[:500]!r}")
        return said

    headers["Accept-Encoding"] = "identity"
    function = look_up_in(json.loads(call("GET", "/staff/config")))
    headers["Accept-Encoding"] = "br"
    filters = [ANY_TREATMENT, ANY_TOPIC, next(iter(AUDIENCES))]
    try:
        yield lambda text: call(
            "POST",
            "/staff/gradio_api/run/predict",
            {"data": [text, *filters], "fn_index": function, "session_hash": "benchmark"},
        )
    finally:
        connection.close()
        server.should_exit = True
        thread.join()


def look_up_in(config: dict[str, list[dict[str, Any]]]) -> int:
    """The number under which Gradio knows the function behind the box."""
    props = [(part["id"], part["props"]) for part in config["components"]]
    (box,) = [number for number, its in props if isinstance(its, dict) and its.get("elem_id") == "look-up-box"]
    found: list[int] = [d["id"] for d in config["dependencies"] if [box, "input"] in d["targets"]]
    (function,) = found
    return function


if __name__ == "__main__":
    sys.exit(main())
