"""A folder loaded in a process of its own, with limits: no file, whatever is in it, takes the server down.

Started as a program, `python -m kb.apart FOLDER PATH`, it is that process, and prints one file's document as JSON.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from kb.check import problems_of
from kb.document import Document, Problem
from kb.load import load
from kb.review import this_day

MAX_READ_S = 30
MAX_MEMORY_BYTES = 1536 * 1024 * 1024  # of address space: the libraries take a third of it before they read anything
MAX_WRITTEN = 50 * 10**6  # bytes that whoever asked must take in
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Extract:
    """What one file holds, as it would be loaded; no document where it could not be used. The problems say why."""

    document: Document | None
    problems: tuple[Problem, ...]


EXTRACT: TypeAdapter[Extract] = TypeAdapter(Extract)


def extract(folder: Path, path: str) -> Extract:
    """Load a folder in another process and return what is at `path` in it.

    A file that takes too long or too much memory, or that crashes its reader, is a problem with its remedy.
    """
    command = [sys.executable, "-m", "kb.apart", str(folder), path]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=2 * MAX_READ_S, check=False)
    except subprocess.TimeoutExpired:
        return _unreadable(path, f"reading it took longer than {MAX_READ_S} seconds")
    if run.returncode == 0:
        return EXTRACT.validate_json(run.stdout)
    if b"MemoryError" in run.stderr or b"Cannot allocate" in run.stderr:
        return _unreadable(path, "reading it took too much memory")
    if -run.returncode in {9, 24}:  # SIGKILL, SIGXCPU: the limit of processor time
        return _unreadable(path, f"reading it took longer than {MAX_READ_S} seconds")
    return _unreadable(path, "it crashed the program that reads it")


def _unreadable(path: str, what: str) -> Extract:
    remedy = "Save its text as a new, simpler document (Word .docx, Markdown or text), and upload that."
    return Extract(None, (Problem(path, what, remedy),))


def main(folder: Path, path: str) -> None:
    """The process."""
    _limit()
    loaded = load(folder)
    document = next((document for document in loaded.documents if document.path == path), None)
    problems = [problem for problem in loaded.problems if problem.path == path]
    if document is not None:
        problems += problems_of(document, this_day())
    written = EXTRACT.dump_json(Extract(document, tuple(problems)))
    if len(written) > MAX_WRITTEN:
        written = EXTRACT.dump_json(_unreadable(path, "it holds too much text"))
    sys.stdout.buffer.write(written)


def _limit() -> None:
    """No more memory, time or files than reading a document takes. Windows has no such limits, only the clock's."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_READ_S, MAX_READ_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # which refuses to limit it
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
