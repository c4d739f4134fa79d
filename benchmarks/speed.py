"""How fast the program is, measured as it is used: its own processes, a real index, HTTP."""

from __future__ import annotations

import http.client
import json
import math
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chatbot.evaluate import FROM_DOCUMENTS
from chatbot.settings import load_settings
from index.build import build_index
from index.encode import DEFAULT_PACKAGE, Encoder
from index.store import index_home, open_index
from kb.document import Passage
from kb.load import load
from kb.split import split

APP = Path(__file__).resolve().parent.parent / "app.py"
SECTIONS_A_DOCUMENT = 20  # as kb/documents has
COLD_STARTS = 3
LOADS = 5
WARM_UP = 5  # questions before the ones that count
ROUNDS = 3  # of build and bare encoder in turn
BATCH_SIZE = 32
MAX_START_S = 120.0
HTTP_OK, HTTP_REFUSED = 200, 422


class BenchmarkError(Exception):
    """Something that is measured did not work; the message has what it said."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the program is on one folder of documents.

    `passages`    in its index
    `cold_s`      wall seconds of `python app.py ask …` from start to end: a new process, the index on disk and,
                  as a rule, in the system's file cache; the median of COLD_STARTS
    `start_s`     wall seconds until a started server answers its first HTTP request
    `p50_ms`      milliseconds from sending a question to having its whole answer, over HTTP from a warm server, one
    `p95_ms`      question at a time, each asked once: half of them, and 95 in 100, take no longer than this
    `urgent_ms`   the same as p95_ms for messages that get an urgent answer, with the folder of the index deleted
    `asked`       how many questions that was, and how many of them were `answered` from the documents
    `peak_mb`     the server's largest resident memory so far, in 10⁶ bytes; None where there is no /proc
    `index_mb`    the current version of the index on disk, in 10⁶ bytes
    `load_ms`     milliseconds to open the index with every checksum checked, without the encoder; the median of LOADS
    """

    passages: int
    cold_s: float
    start_s: float
    p50_ms: float
    p95_ms: float
    urgent_ms: float
    asked: int
    answered: int
    peak_mb: float | None
    index_mb: float
    load_ms: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Wall seconds of each run over the same `passages`, of `chars` characters on average; build and bare in turn.

    `build_s` is the whole of build_index, from the files to the published index; `bare_s` is nothing but the
    sentence-transformers library's own encode of the passages' texts.
    """

    passages: int
    chars: float
    build_s: tuple[float, ...]
    bare_s: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The build's passages a second as a share of the bare encoder's, 1 is as fast; the fastest run of each, since
        other work on the machine only ever slows a run.
        """
        return min(self.bare_s) / min(self.build_s)


def write_documents(kb: Path, passages: int, folder: Path) -> None:
    """Write documents of about that many passages, made from those of `kb`: its sentences in new company.

    Each section has a real heading and as many sentences as a real passage has, drawn at random but the same each
    time; a section that comes out too long for one passage is two.
    """
    real = _passages(kb)
    sentences = [passage.document.text[start:end] for passage in real for start, end in passage.sentences]
    lengths = [len(passage.sentences) for passage in real]
    draw = random.Random(0)
    folder.mkdir(parents=True)
    for number in range(math.ceil(passages / SECTIONS_A_DOCUMENT)):
        treatment = draw.choice(real).document.treatment
        lines = [f"---\ntitle: Leaflet {number}\ntreatment: {json.dumps(treatment)}\n---\n"]
        for _ in range(min(SECTIONS_A_DOCUMENT, passages - number * SECTIONS_A_DOCUMENT)):
            text = "\n\n".join(draw.sample(sentences, draw.choice(lengths)))
            lines.append(f"## {draw.choice(real).headings[-1]}\n\n{text}\n")
        (folder / f"leaflet-{number:04}.md").write_text("\n".join(lines), encoding="utf-8")


def measure_rates(kb: Path, settings: Path, encoder: Encoder) -> Rates:
    """Build the folder's index from nothing, and embed its texts with the bare encoder, ROUNDS times in turn.

    Both run in this process, so that a noisy machine slows both. The last index built stays.
    """
    texts = [passage.context for passage in _passages(kb)]
    home = index_home(load_settings(settings).indexes, kb)
    bare = _bare_encoder()

    def build() -> None:
        build_index(kb, home, encoder)

    def encode() -> None:
        bare.encode(texts, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False)

    encoder.encode(texts[:BATCH_SIZE])
    bare.encode(texts[:BATCH_SIZE], show_progress_bar=False)
    build_s, bare_s = [], []
    for _ in range(ROUNDS):
        shutil.rmtree(home, ignore_errors=True)
        build_s.append(seconds(build))
        bare_s.append(seconds(encode))
    return Rates(len(texts), statistics.mean(len(text) for text in texts), tuple(build_s), tuple(bare_s))


def measure_speed(kb: Path, settings: Path, questions: Sequence[str], urgent: Sequence[str]) -> Speed:
    """Measure on a folder whose index is built, under a settings file, with these different questions, and then with
    urgent messages. The index is deleted for those.
    """
    home = index_home(load_settings(settings).indexes, kb)
    stored = open_index(home, mend="")
    loads = [seconds(lambda: open_index(home, mend="")) for _ in range(LOADS)]
    colds = [seconds(lambda: _ask_cold(kb, settings, questions[0])) for _ in range(COLD_STARTS)]
    started = time.perf_counter()
    with _server(kb, settings) as (process, port):
        start_s = time.perf_counter() - started
        replies = _ask_all(port, questions)
        peak_mb = _peak_mb(process.pid)
        index_mb = _size_mb(home / "versions" / stored.version)
        shutil.rmtree(home)
        urgent_times = [milliseconds for milliseconds, status in _ask_all(port, urgent) if status == "urgent"]
    times = [milliseconds for milliseconds, _ in replies]
    return Speed(
        passages=len(stored.passages.passages),
        cold_s=statistics.median(colds),
        start_s=start_s,
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
        urgent_ms=percentile(urgent_times, 95),
        asked=len(replies),
        answered=sum(status in FROM_DOCUMENTS for _, status in replies),
        peak_mb=peak_mb,
        index_mb=index_mb,
        load_ms=1000 * statistics.median(loads),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least `percent` in 100 of them do not exceed (the nearest rank)."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def seconds(action: Callable[[], object]) -> float:
    """Wall seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _passages(kb: Path) -> list[Passage]:
    return [passage for document in load(kb).documents for passage in split(document)]


def _bare_encoder() -> Any:
    """The same weights as the program's, in the sentence-transformers library and nothing around it."""
    from sentence_transformers import SentenceTransformer

    package = find_spec(DEFAULT_PACKAGE)
    if package is None or package.origin is None:
        raise BenchmarkError(f"the package {DEFAULT_PACKAGE} is not installed")
    return SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu", local_files_only=True)


def _command(name: str, kb: Path, settings: Path, *more: str) -> list[str]:
    return [sys.executable, str(APP), name, *more, "--kb", str(kb), "--settings", str(settings)]


def _ask_cold(kb: Path, settings: Path, question: str) -> None:
    done = subprocess.run(_command("ask", kb, settings, question), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"app.py ask ended with {done.returncode}: {done.stderr}")


@contextmanager
def _server(kb: Path, settings: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server that answers, and its port; ended on the way out."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    said = settings.parent / "server.log"
    with said.open("wb") as log:
        command = _command("serve", kb, settings, "--host", "127.0.0.1", "--port", str(port))
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + MAX_START_S
        while not _is_healthy(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"app.py serve did not start: {said.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == HTTP_OK
    except OSError:
        return False
    finally:
        connection.close()


def _ask_all(port: int, questions: Sequence[str]) -> list[tuple[float, str]]:
    """(milliseconds, status of the answer) of each question after the first WARM_UP, over one connection.

    A question that the program refuses does not count.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    replies: list[tuple[float, str]] = []
    for number, question in enumerate(questions):
        started = time.perf_counter()
        connection.request("POST", "/api/ask", json.dumps({"question": question}), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        body = reply.read()
        milliseconds = 1000 * (time.perf_counter() - started)
        if reply.status not in (HTTP_OK, HTTP_REFUSED):
            raise BenchmarkError(f"'{question}' was answered with HTTP {reply.status}: {body[:500]!r}")
        if reply.status == HTTP_OK and number >= WARM_UP:
            replies.append((milliseconds, json.loads(body)["status"]))
    connection.close()
    return replies


def _peak_mb(pid: int) -> float | None:
    """Its own peak: getrusage would also count the memory of the process that started it."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    peak = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
