"""What is wrong with an installation, from the settings to the disk: each with where it is and how to mend it."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from chatbot.desk.audit import broken_at
from chatbot.mailing.findings import mail_problems
from chatbot.origin import origin_of
from chatbot.reading.weights import wrong_weights
from chatbot.settings import Settings
from chatbot.store import StoreError, make_ready, opened_store, transaction
from chatbot.this_machine import is_this_machine
from index.encode import EncoderError, load_encoder
from index.manifest import file_states
from index.store import UnusableIndexError, index_home, open_index, refuse_stale
from kb.check import check
from kb.document import Problem

MIN_FREE, LITTLE_FREE = 100 * 10**6, 10**9  # bytes: no room to work, and little of it
CLOCK_OFF = timedelta(hours=1)  # files that come from another machine may be a little ahead


def diagnose(
    settings: Settings, file: Path, mend: str, now: datetime | None = None, asks_mail_server: bool = False
) -> list[Problem]:
    """Every finding, errors first. `file` is the settings file, `mend` the command that rebuilds the index.

    Nothing calls the network, but for a login at the mail server, if it is to be asked.
    """
    found = [
        *_placeholders(settings, file),
        *_origins(settings, file),
        *_network(settings, file),
        *_mail(settings, file, asks_mail_server),
        *_weights(),
        *_data(settings),
        *_store(settings),
    ]
    try:
        found += _documents(settings)
        found += _index(settings, mend)
        found += _clock(settings, now or datetime.now(UTC))
    except (FileNotFoundError, NotADirectoryError) as error:
        found.append(_as_problem(str(settings.documents), error))
    return sorted(found, key=lambda problem: problem.severity)


def _placeholders(settings: Settings, file: Path) -> Iterator[Problem]:
    for name in settings.clinic.placeholders:
        yield Problem(
            str(file), f"`{name}` is not filled in", "Fill it in: patients are told it, also in an emergency."
        )


def _origins(settings: Settings, file: Path) -> Iterator[Problem]:
    where, allowed = str(file), settings.allowed_origins
    if not allowed:
        what = "`allowed_origins` is empty: the chat works on this server's own pages only"
        yield Problem(where, what, 'If it stands on your site, name it: allowed_origins = ["https://…"].', "warning")
    for origin in allowed:
        if is_this_machine(urlsplit(origin).hostname or ""):
            what = f"`allowed_origins` has {origin}, a page on the visitor's own machine"
            yield Problem(where, what, "Take it out once you have tried the chat.", "warning")
        elif origin.startswith("http:"):
            what = f"`allowed_origins` has {origin}, whose pages anybody on the way can change"
            yield Problem(where, what, f'Serve the site over https and write "https{origin.removeprefix("http")}".')
    if allowed and settings.clinic.website:
        try:
            site = origin_of(settings.clinic.website)
        except ValueError:
            what = f'`clinic.website`, "{settings.clinic.website}", is no address'
            yield Problem(where, what, 'Write it as "https://clinic.example".')
        else:
            if site not in allowed:
                what = f"`clinic.website` is on {site}, which `allowed_origins` does not name"
                yield Problem(where, what, f'Add "{site}"; with and without "www" are two sites.', "warning")


def _network(settings: Settings, file: Path) -> Iterator[Problem]:
    where, proxies = str(file), settings.trusted_proxies
    if not is_this_machine(settings.host) and not proxies:
        what = f"`host` is {settings.host}: whoever is on the network reaches the program, without https"
        remedy = 'Write host = "127.0.0.1", put a proxy that speaks https in front, and name it in `trusted_proxies`.'
        yield Problem(where, what, remedy)
    elif settings.allowed_origins and not proxies:
        what = "`trusted_proxies` is empty: behind a proxy, all visitors would be one, and soon have asked too much"
        yield Problem(where, what, 'Name the proxy: trusted_proxies = ["127.0.0.1"].', "warning")
    if (reason := refused_port(settings.host, settings.port)) is not None:
        what = f"nothing new can listen on {settings.host}:{settings.port} ({reason})"
        remedy = "If it is not this program that runs there, stop what does, or choose another `port`."
        yield Problem(where, what, remedy, "warning")


def _mail(settings: Settings, file: Path, asks_server: bool) -> Iterator[Problem]:
    if settings.mail is not None:
        yield from mail_problems(settings.mail, file, asks_server)
    elif asks_server:
        what = "there is no `[mail]`, so no mail server to ask: visitors' messages wait here for staff"
        yield Problem(str(file), what, "Add [mail] if they are to go by e-mail.", "warning")


def refused_port(host: str, port: int) -> str | None:
    """Why nothing can be served there; None where it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _weights() -> Iterator[Problem]:
    for path, what in wrong_weights():
        yield Problem(str(path), what, "Install the program again.")


def _data(settings: Settings) -> Iterator[Problem]:
    """Whether there is a place to write, and room in it. The folder itself may not be there yet."""
    folder = settings.data
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        what = f"nothing can be written there ({error.strerror})"
        yield Problem(str(folder), what, "Give the program's user the folder, or choose another `data`.")
        return
    free = shutil.disk_usage(there).free
    if free < LITTLE_FREE:
        what = f"only {free / 10**6:.0f} MB are free on its disk"
        remedy = "Make room: a full disk keeps the index from being renewed, and answers from being recorded."
        yield Problem(str(folder), what, remedy, "error" if free < MIN_FREE else "warning")


def _store(settings: Settings) -> Iterator[Problem]:
    """Whether what is there, file or database, can be used, and its audit log is whole. A file that is not there yet is
    made when it is needed.
    """
    if isinstance(settings.store, Path) and not settings.store.exists():
        return
    try:
        with opened_store(settings.store) as store:
            make_ready(store)
            with transaction(store) as connection:
                broken = broken_at(connection)
    except StoreError as error:
        yield _as_problem("the store", error)
        return
    if broken is not None:
        what = f"the audit log was changed: line {broken} does not follow from the one before it"
        remedy = "Keep the store as it is, find out who can write to it, and compare it with a backup."
        yield Problem("the store", what, remedy)


def _documents(settings: Settings) -> Iterator[Problem]:
    """What `check` finds, in two lines: those who mend the documents have the command for the rest."""
    where, problems = str(settings.documents), check(settings.documents)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        what = f"the documents have errors ({len(errors)}), the first: {errors[0].path}: {errors[0].what}"
        yield Problem(where, what, "List them all: python app.py check.")
    if unreviewed := [problem for problem in problems if "no clinician has reviewed" in problem.what]:
        what = f"no clinician has reviewed {len(unreviewed)} of the documents, such as {unreviewed[0].path}"
        yield Problem(where, what, unreviewed[0].remedy, "warning")


def _index(settings: Settings, mend: str) -> Iterator[Problem]:
    home = index_home(settings.indexes, settings.documents)
    try:
        encoder = load_encoder(settings.encoder)
        refuse_stale(open_index(home, mend).manifest, settings.documents, encoder.name, mend)
    except EncoderError as error:
        yield _as_problem(settings.encoder or "the encoder", error)
    except UnusableIndexError as error:
        yield _as_problem(str(home), error)


def _clock(settings: Settings, now: datetime) -> Iterator[Problem]:
    """A machine whose clock is behind keeps records too long, and takes overdue reviews for current."""
    newest = max((state.mtime_ns / 10**9 for state in file_states(settings.documents).values()), default=0.0)
    if datetime.fromtimestamp(newest, UTC) > now + CLOCK_OFF:
        what = f"it is {now:%Y-%m-%d %H:%M} by this machine's clock, before the newest document was written"
        yield Problem(
            str(settings.documents), what, "Set the clock, or let the system keep it (timedatectl set-ntp true)."
        )


def _as_problem(where: str, error: Exception) -> Problem:
    """An error that ends with its remedy."""
    what, _, remedy = str(error).rpartition(". ")
    return Problem(where, what, remedy)
