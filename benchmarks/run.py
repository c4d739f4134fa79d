"""Measure the program and print the results as Markdown, for benchmarks/README.md.

    python -m benchmarks.run [BEIR_FOLDER ...] [--questions FILE.jsonl --kb DIR]

Tables go to standard output; how long each part took goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sklearn.metrics import roc_auc_score

from benchmarks.beir import WAYS, BeirError, QuestionSet, measure, read_beir
from benchmarks.speed import BenchmarkError, Rates, Speed, measure_rates, measure_speed, write_documents
from benchmarks.triage import CALM
from benchmarks.triage import DATA as TRIAGE
from chatbot.bot import Bot
from chatbot.evaluate import EvaluationError, Outcome, Row, evaluate, read_rows, summary
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.reading.meaning import load_meaning
from chatbot.rules import load_rules
from chatbot.settings import Clinic, Widget, load_settings
from chatbot.verify import load_gate
from chatbot.web.embed import script_of, zipped_of
from index.build import EmptyKnowledgeBaseError, build_index
from index.encode import Encoder, EncoderError, load_encoder
from index.live import LiveIndex
from index.store import index_home

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ROOT / "kb" / "documents"
ASKED = (ROOT / "tests" / "data" / "questions.jsonl", ROOT / "tests" / "data" / "gate.jsonl")
LIBRARIES = ("torch", "sentence-transformers", "faiss-cpu", "bm25s", "numpy")
EXPECTED = (
    BeirError, BenchmarkError, EmptyKnowledgeBaseError, EncoderError, EvaluationError, FileNotFoundError,
    NotADirectoryError,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are asked for; returns the exit code: 0 done, 2 could not be done."""
    options = _parser().parse_args(arguments)
    try:
        sets = [read_beir(folder) for folder in options.beir]  # read first: a wrong path is not worth ten minutes
        rows = read_rows(options.questions) if options.questions else []
        encoder = load_encoder()
        print(f"{_machine()}\n", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            settings = Path(scratch) / "settings.toml"
            settings.write_text('data = "var"\n', encoding="utf-8")
            if options.passages:
                _print_speed(options.passages, settings, encoder)
                _print_widget()
            if sets:
                _print_retrieval(sets, encoder, options.cache)
            if rows:
                _print_answers(rows, options.kb, settings, encoder)
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure the program.")
    parser.add_argument("beir", nargs="*", type=Path, metavar="BEIR_FOLDER", help="question sets in BEIR's form")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the vectors of the question sets' corpora here")
    parser.add_argument("--questions", type=Path, metavar="FILE.jsonl", help="labelled questions to answer")
    parser.add_argument("--kb", type=Path, default=DOCUMENTS, metavar="DIR", help="documents to answer them from")
    parser.add_argument(
        "--passages", type=int, default=2000, metavar="N", help="size of the larger index; 0 measures no speed"
    )
    return parser


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows]) + "\n"


def _machine() -> str:
    """What the numbers were measured with. `load` is how many processes wanted a core in the minute before."""
    facts = [f"{os.cpu_count()} cores, {_cpu()}, {platform.system()}"]
    facts += [f"load {os.getloadavg()[0]:.1f}"] if hasattr(os, "getloadavg") else []
    facts += [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES)]
    facts += [f"{datetime.now(UTC):%Y-%m-%d}"]
    commit = _commit()
    return " · ".join([*facts, f"commit {commit}"] if commit else facts)


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the program, with "-dirty" where files differ from it; None where it is in no repository."""
    command = ["git", "--no-optional-locks", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None


def _print_speed(passages: int, settings: Path, encoder: Encoder) -> None:
    """The program's own documents beside a larger folder made from them, which is embedded for both tables at once."""
    made = settings.parent / "made"
    write_documents(DOCUMENTS, passages, made)
    questions = list(dict.fromkeys(row.text for row in read_rows(next(path for path in ASKED if path.exists()))))
    with _timed("indexing"):
        build_index(DOCUMENTS, index_home(load_settings(settings).indexes, DOCUMENTS), encoder)
        rates = measure_rates(made, settings, encoder)
    print("## Indexing\n")
    print(_rates_table(rates), flush=True)
    with _timed("speed"):
        speeds = [measure_speed(kb, settings, questions, _urgent_messages()) for kb in (DOCUMENTS, made)]
    print("## Speed\n")
    print(_speed_table(speeds))
    print("The larger folder is the sentences of kb/documents in new company.\n", flush=True)


def _print_widget() -> None:
    """What a page of the clinic's site loads before anybody opens the chat on it."""
    script = script_of(Clinic(), Widget())
    print(f"widget.js: {len(zipped_of(script)):,} bytes gzipped, {len(script):,} unpacked.\n", flush=True)


def _urgent_messages() -> list[str]:
    rows = [json.loads(line) for line in TRIAGE.read_text(encoding="utf-8").splitlines()]
    return [row["text"] for row in rows if row["label"] not in CALM]


def _speed_table(speeds: Sequence[Speed]) -> str:
    rows = [
        ("first answer, from a cold start (s)", [f"{s.cold_s:.1f}" for s in speeds]),
        ("server start (s)", [f"{s.start_s:.1f}" for s in speeds]),
        ("question to answer, warm, over HTTP: p50 (ms)", [f"{s.p50_ms:.0f}" for s in speeds]),
        ("question to answer, warm, over HTTP: p95 (ms)", [f"{s.p95_ms:.0f}" for s in speeds]),
        ("urgent message to answer, index deleted: p95 (ms)", [f"{s.urgent_ms:.0f}" for s in speeds]),
        ("different questions asked (answered from the documents)", [f"{s.asked} ({s.answered})" for s in speeds]),
        ("server's peak memory (MB)", [f"{s.peak_mb:.0f}" if s.peak_mb else "-" for s in speeds]),
        ("index on disk (MB)", [f"{s.index_mb:.1f}" for s in speeds]),
        ("loading the index (ms)", [f"{s.load_ms:.0f}" for s in speeds]),
    ]
    return table(["", *[f"{s.passages} passages" for s in speeds]], [[name, *cells] for name, cells in rows])


def _rates_table(rates: Rates) -> str:
    """Passages a second, of each run and of the fastest."""

    def cells(runs: Sequence[float]) -> list[str]:
        return [f"{rates.passages / run:.1f}" for run in [*runs, min(runs)]]

    header = [f"{rates.passages} passages of {rates.chars:.0f} characters, passages a second"]
    header += [f"run {number}" for number in range(1, len(rates.build_s) + 1)] + ["fastest"]
    rows = [["whole `build_index`", *cells(rates.build_s)], ["bare encoder", *cells(rates.bare_s)]]
    return table(header, rows) + f"\nRatio of the fastest: {rates.ratio:.2f} (wanted: 0.90 or more).\n"


def _print_retrieval(sets: Sequence[QuestionSet], encoder: Encoder, cache: Path | None) -> None:
    rows = []
    for questions in sets:
        with _timed(questions.name):
            measured = measure(questions, encoder, cache)
        sizes = [str(len(questions.corpus)), str(len(questions.questions))]
        qualities = [measured[way] for way in WAYS]
        figures = [f"{q.ndcg:.3f}" for q in qualities] + [f"{q.recall:.3f}" for q in qualities]
        rows.append([questions.name, *sizes, *figures])
    measures = [f"{measure_name}, {way}" for measure_name in ("nDCG@10", "Recall@10") for way in WAYS]
    print("## Retrieval\n")
    print(table(["set", "documents", "questions", *measures], rows), flush=True)


def _print_answers(rows: list[Row], kb: Path, settings: Path, encoder: Encoder) -> None:
    home = index_home(load_settings(settings).indexes, kb)
    with _timed("answers"):
        build_index(kb, home, encoder)
        bot = Bot(
            Clinic(), encoder, LiveIndex(home, mend=""), load_rules(), load_meaning(), load_gate(), load_cross_encoder()
        )
        outcomes = list(evaluate(bot, rows))
    shares = summary(outcomes).split("\n\n")[0].splitlines()
    print("## Answers\n")
    print(f"```\n{shares[0]}\n{shares[-1]}\n```\n")
    print(_auc_line(outcomes), flush=True)


def _auc_line(outcomes: Sequence[Outcome]) -> str:
    """The probability that a question which the documents answer has more confidence than one which they do not."""
    labelled = [outcome for outcome in outcomes if outcome.row.should_answer is not None]
    labels = [bool(outcome.row.should_answer) for outcome in labelled]
    if len(set(labels)) < 2:
        return "AUC of `confidence`: not measured, for it needs questions of both kinds.\n"
    auc = roc_auc_score(labels, [outcome.answer.confidence for outcome in labelled])
    return f"AUC of `confidence`: {auc:.3f} ({sum(labels)} answerable questions, {len(labels) - sum(labels)} not).\n"


@contextmanager
def _timed(part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{part}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
