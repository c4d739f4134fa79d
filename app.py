"""The one entry: serve (default) · ask · search · index · check · doctor · evaluate · messages · person · backup · …"""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import shlex
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import Any, get_args

from sqlalchemy import Engine

from chatbot.answer import Answer
from chatbot.bot import Bot, ask
from chatbot.citation import section_name
from chatbot.coverage import Coverage, TopicsError, coverage, coverage_text, load_topics
from chatbot.desk.archive import BackupError
from chatbot.desk.backup import make_backup
from chatbot.desk.curated_live import LiveCurated
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library, LibraryError, LiveLibrary
from chatbot.desk.passwords import PasswordError
from chatbot.desk.people import OWNER, Listed, PersonError, add, anybody, listed, set_password
from chatbot.desk.permissions import Person, Role
from chatbot.desk.publish import repair
from chatbot.desk.restore import restore, settle
from chatbot.desk.tokens import make_token
from chatbot.doctor import diagnose, refused_port
from chatbot.evaluate import EvaluationError, Outcome, evaluate, read_rows, summary, to_json
from chatbot.look_up import Found, look_up
from chatbot.mailing.delivery import delivering
from chatbot.mailing.mail import Mail
from chatbot.mailing.message import as_text
from chatbot.mailing.outbox import Outbox, UnknownReceiptError, Unsent
from chatbot.question import Question, QuestionError
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.reading.meaning import load_meaning
from chatbot.ready import load_all, read_ahead
from chatbot.records import Records
from chatbot.remembered import Remembered
from chatbot.rules import load_rules
from chatbot.served import Policy, ServedIndex
from chatbot.settings import Settings, SettingsError, load_settings
from chatbot.store import StoreError, make_ready, open_store, opened_store
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.verify import load_gate
from index.build import BuildReport, EmptyKnowledgeBaseError, build_index
from index.encode import Encoder, EncoderError, load_encoder
from index.live import LiveIndex
from index.store import UnusableIndexError, current_version, index_home, open_index, refuse_stale
from kb.check import check
from kb.claims import MissingDisputeError
from kb.document import Problem

SECONDS_OF_DAY = 24 * 60 * 60
DEFAULT_SETTINGS = Path(__file__).resolve().parent / "settings.toml"
EXPECTED = (
    BackupError, EmptyKnowledgeBaseError, EncoderError, EvaluationError, QuestionError, SettingsError,
    UnusableIndexError, FileNotFoundError, LibraryError, NotADirectoryError, MissingDisputeError, PasswordError,
    PersonError, StoreError, TopicsError, UnknownReceiptError,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 done but something is wrong, 2 could not be done."""
    if isinstance(sys.stdout, TextIOWrapper):  # what a terminal or a redirected file cannot show must not stop us
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        settings = load_settings(options.settings)
        settle(settings)
        if options.run is not _ask:  # which first hears an emergency: nothing about documents can stop that
            settings = _of_documents(options, settings)
        code: int = options.run(options, settings)
        return code
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {error}. Check the path, its permissions and the space on the disk.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    common = _common(kb=argparse.SUPPRESS, settings=argparse.SUPPRESS)  # what was said before the command stands
    printing = argparse.ArgumentParser(add_help=False, parents=[common])
    printing.add_argument("--json", action="store_true", help="print JSON")

    parser = argparse.ArgumentParser(
        description="Answers patients' questions from a clinic's documents.",
        parents=[_common(kb=None, settings=DEFAULT_SETTINGS)],
    )
    parser.set_defaults(run=_serve, host=None, port=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    command = commands.add_parser("serve", parents=[common], help="serve the chat page and the API (the default)")
    command.add_argument("--host", help="address to listen on (default: the settings')")
    command.add_argument("--port", type=_port, help="port to listen on (default: the settings')")
    command.set_defaults(run=_serve)

    command = commands.add_parser("ask", parents=[printing], help="answer one question")
    command.add_argument("question")
    command.set_defaults(run=_ask)

    command = commands.add_parser("search", parents=[printing], help="list the passages nearest to a text, with scores")
    command.add_argument("text")
    command.add_argument("-k", type=_positive, default=5, help="how many passages (default: 5)")
    command.set_defaults(run=_search)

    command = commands.add_parser("index", parents=[printing], help="bring the index up to date")
    command.set_defaults(run=_index)

    command = commands.add_parser("check", parents=[printing], help="list what is wrong with the documents")
    command.add_argument("--coverage", action="store_true", help="also show which topics the documents answer")
    command.set_defaults(run=_check)

    command = commands.add_parser("doctor", parents=[printing], help="list what is wrong with the whole installation")
    command.add_argument("--mail", action="store_true", help="also log in at the mail server; nothing is sent")
    command.set_defaults(run=_doctor)

    command = commands.add_parser(
        "evaluate", parents=[printing], help="answer a file of questions and score the labels"
    )
    command.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    command.set_defaults(run=_evaluate)

    command = commands.add_parser(
        "messages", parents=[printing], help="list visitors' messages to the clinic that were not sent"
    )
    one = command.add_mutually_exclusive_group()
    one.add_argument("--show", metavar="RECEIPT", help="print one of them, with the visitor's words")
    one.add_argument("--done", metavar="RECEIPT", help="tick one off that was answered: its words are deleted")
    command.set_defaults(run=_messages)

    command = commands.add_parser("person", parents=[common], help="who may log in at /staff")
    acts = command.add_subparsers(metavar="ACT", required=True)
    act = acts.add_parser("add", parents=[common], help="let somebody log in; the password is asked for")
    act.add_argument("name")
    act.add_argument("--role", choices=get_args(Role), required=True)
    act.set_defaults(run=_add_person)
    act = acts.add_parser("password", parents=[common], help="give somebody a new password, and end a lock-out")
    act.add_argument("name")
    act.set_defaults(run=_set_password)
    act = acts.add_parser(
        "token", parents=[common], help="make a token for somebody's assistant, which looks things up"
    )
    act.add_argument("name")
    act.set_defaults(run=_make_token)
    act = acts.add_parser("list", parents=[printing], help="list everybody")
    act.set_defaults(run=_list_people)
    command = commands.add_parser("backup", parents=[common], help="write one file with the store and the documents")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_backup)

    command = commands.add_parser("restore", parents=[common], help="put a backup in place, all of it or nothing")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--replace", action="store_true", help="in place of what is there, which is lost")
    command.set_defaults(run=_restore)
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of passages: give 1 or more")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535")
    return int(text)


def _common(kb: Any, settings: Any) -> argparse.ArgumentParser:
    """The options that stand before a command or after it, with their defaults."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--kb", type=Path, default=kb, metavar="DIR", help="folder of documents (default: the settings' `documents`)"
    )
    common.add_argument("--settings", type=Path, default=settings, metavar="FILE", help="settings file")
    return common


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from chatbot.web.server import make_server
    from chatbot.web.serving import WebServer

    host, port = options.host or settings.host, options.port or settings.port
    if (reason := refused_port(host, port)) is not None:
        print(f"error: cannot listen on {host}:{port} ({reason}). Choose another --port.", file=sys.stderr)
        return 2
    _warn_of_placeholders(settings)
    mail = Mail(settings.mail) if settings.mail else None
    with opened_store(settings.store) as store:
        make_ready(store)  # one that cannot be used is said now, not with each answer
    print("Loading the encoder and the index ...", file=sys.stderr)
    bot = replace(_make_bot(options, settings), remembered=Remembered())
    try:
        load_all(bot)
    except Exception as error:  # whatever is wrong with the files: a server starts whole or not at all
        print(f"error: a classifier cannot be loaded ({error}). Install the program again.", file=sys.stderr)
        return 2
    Thread(target=read_ahead, args=(load_cross_encoder(), bot.index.current()), daemon=True).start()
    store = open_store(settings.store)
    records = Records(store, settings.keep_days)
    outbox = Outbox(open_store(settings.store), mail, settings.keep_days)
    Thread(target=_purge_daily, args=(records, outbox), daemon=True).start()
    desk = Desk(bot, store, outbox, settings)
    _repair(desk)
    server = WebServer(make_server(desk, records), settings, host, port)
    _say_who_is_first(store)
    print(f"Serving {settings.documents} on http://{host}:{port} (API: /docs). Stop with Ctrl+C.", file=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: what is being sent is finished first
    with delivering(outbox), suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 2


def _repair(desk: Desk) -> None:
    """Write down what was published just before a crash. Patients are answered whether that can be done or not."""
    try:
        repair(desk)
    except (LibraryError, StoreError, OSError) as error:
        logging.getLogger(__name__).error("What was published last is not written down yet: %s", error)


def _say_who_is_first(store: Engine) -> None:
    try:
        if not anybody(store):
            first = "python app.py person add NAME --role admin"
            print(f"Nobody can log in at /staff yet. Make the first admin: {first}", file=sys.stderr)
    except StoreError as error:  # which keeps no patient from an answer
        print(f"warning: nobody can log in at /staff: {error}", file=sys.stderr)


def _purge_daily(*kept: Records | Outbox) -> None:
    while True:
        for one in kept:
            one.purge(datetime.now(UTC))
        time.sleep(SECONDS_OF_DAY)


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    question = Question.parse(options.question)
    said = triage(question, load_rules(), load_meaning())
    answer = urgent(question, said, settings.clinic)  # needs no index: none is opened, or built, for it
    if answer is None:
        question.check()
        answer = ask(_make_bot(options, _of_documents(options, settings)), question)
    print(json.dumps(answer.to_json(), ensure_ascii=False, indent=1) if options.json else _as_text(answer))
    return 0


def _search(options: argparse.Namespace, settings: Settings) -> int:
    question = Question.parse(options.text)
    question.check()
    found = look_up(_make_bot(options, settings), question.text, options.k)
    if options.json:
        print(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=1))
    else:
        print("\n\n".join(_found_as_text(one) for one in found))
    return 0


def _index(options: argparse.Namespace, settings: Settings) -> int:
    report = _build(settings, load_encoder(settings.encoder))
    if options.json:
        print(json.dumps(_report_to_json(report), indent=1))
    else:
        print(
            f"{report.new} new, {report.changed} changed, {report.kept} kept, {report.removed} removed passages; "
            f"{report.embedded} embedded; {report.seconds:.1f} s"
        )
    return 1 if report.problems else 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    _say_what_is_served(options, settings)
    problems = check(settings.documents)
    found = _coverage(options, settings) if options.coverage else None
    if options.json:
        rows = _problem_rows(problems)
        whole = rows if found is None else {"problems": rows, "coverage": [one.to_json() for one in found]}
        print(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        _print_problems(problems)
        if found is not None:
            columns = shutil.get_terminal_size((100, 24)).columns
            print(f"\n{coverage_text(found, min(max(columns, 80), 120))}")  # longer lines are hard to read
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    _say_what_is_served(options, settings)
    problems = diagnose(settings, options.settings, _mend_command(options), asks_mail_server=options.mail)
    if options.json:
        print(json.dumps(_problem_rows(problems), ensure_ascii=False, indent=1))
    else:
        _print_problems(problems)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _say_what_is_served(options: argparse.Namespace, settings: Settings) -> None:
    """Which documents a command is about, where it is not those of the settings or the options."""
    version = None if options.kb else Library.of(settings).current()
    if version is not None:
        print(f"Published version {version}: {settings.documents}", file=sys.stderr)


def _problem_rows(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"path": p.path, "what": p.what, "remedy": p.remedy, "severity": p.severity} for p in problems]


def _print_problems(problems: list[Problem]) -> None:
    for problem in problems:
        print(f"{problem.severity}: {problem}")
    print(f"{len(problems)} problems" if problems else "No problems.")


def _coverage(options: argparse.Namespace, settings: Settings) -> list[Coverage]:
    """Put every topic to the documents, with a progress bar on standard error."""
    from tqdm import tqdm

    topics = load_topics()  # first: a topic that is written wrong is said before anything is loaded
    bot = _make_bot(options, settings)
    with tqdm(desc="Asking", unit="topic", file=sys.stderr, leave=False, delay=0.5) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return coverage(bot, topics, show)


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    rows = read_rows(options.questions)
    outcomes: list[Outcome] = []
    for outcome in evaluate(_make_bot(options, settings), rows):
        outcomes.append(outcome)
        if options.json:
            print(json.dumps(to_json(outcome), ensure_ascii=False))
    print(summary(outcomes), file=sys.stderr if options.json else sys.stdout)
    return 0


def _messages(options: argparse.Namespace, settings: Settings) -> int:
    outbox = Outbox(open_store(settings.store), None, settings.keep_days)
    if options.done is not None:
        outbox.done(options.done, OWNER)
        receipt = options.done.strip().upper()
        print(json.dumps({"receipt": receipt, "state": "done"}) if options.json else f"{receipt} is done.")
        return 0
    if options.show is not None:
        message = outbox.read(options.show)
        as_json = json.dumps(message.to_json(), ensure_ascii=False, indent=1)
        print(as_json if options.json else as_text(message, options.show.upper()))
        return 0
    waiting = outbox.waiting()
    if options.json:
        print(json.dumps([one.to_json() for one in waiting], indent=1))
    else:
        print("\n".join(_unsent_as_text(one) for one in waiting) or "No message waits.")
    return 1 if any(one.error for one in waiting) else 0


def _of_documents(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the folder that this command is about: --kb's, else what staff published, else their own."""
    return settings.model_copy(update={"documents": options.kb or Library.of(settings).served_folder()})


def _add_person(options: argparse.Namespace, settings: Settings) -> int:
    add(open_store(settings.store), OWNER, options.name, options.role, _new_password())
    print(f"{options.name} may log in as {options.role}, at /staff.")
    return 0


def _set_password(options: argparse.Namespace, settings: Settings) -> int:
    set_password(open_store(settings.store), OWNER, options.name, _new_password())
    print(f"{options.name} has a new password, and is logged out everywhere.")
    return 0


def _new_password() -> str:
    """Asked for twice and not shown; or, where nobody sits at a terminal, the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise PasswordError("The password was not typed the same twice. Run the command again.")
    return password


def _make_token(options: argparse.Namespace, settings: Settings) -> int:
    token = make_token(open_store(settings.store), Person(options.name, "reader"), "made on the command line")
    print(token)
    print("It is shown this once. The assistant sends it as: Authorization: Bearer TOKEN", file=sys.stderr)
    return 0


def _list_people(options: argparse.Namespace, settings: Settings) -> int:
    everybody = listed(open_store(settings.store), OWNER)
    if options.json:
        print(json.dumps([_person_row(one) for one in everybody], ensure_ascii=False, indent=1))
    else:
        print("\n".join(_person_as_text(one) for one in everybody) or "Nobody. Add the first: python app.py person add")
    return 0


def _person_row(person: Listed) -> dict[str, Any]:
    is_locked = person.is_locked(datetime.now(UTC))
    return {"name": person.name, "role": person.role, "active": person.active, "locked": is_locked}


def _person_as_text(person: Listed) -> str:
    state = "" if person.active else "  may not log in"
    locked = "  locked after wrong passwords" if person.is_locked(datetime.now(UTC)) else ""
    return f"{person.name}  {person.role}{state}{locked}"


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    manifest = make_backup(settings, options.file)
    print(f"{options.file}: {len(manifest.members)} tables and files, {options.file.stat().st_size / 10**6:.1f} MB.")
    return 0


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    restored = restore(settings, options.file, options.replace)
    print(f"{restored.rows} rows and {restored.files} files are restored. Bring the index up to date:")
    print(_mend_command(options))
    print("Then start the server again, if it runs: it may remember what was there before.")
    for folder in restored.former:
        print(f"The files that were there are kept in {folder}.")
    return 0


def _make_bot(options: argparse.Namespace, settings: Settings) -> Bot:
    """The bot over the folder's index. A missing index is built; one that is stale or damaged is refused."""
    encoder = load_encoder(settings.encoder)
    home, mend = index_home(settings.indexes, settings.documents), _mend_command(options)
    if current_version(home) is None:
        _build(settings, encoder)
    refuse_stale(open_index(home, mend).manifest, settings.documents, encoder.name, mend)
    live = LiveIndex(home, mend) if options.kb else LiveLibrary(Library.of(settings), mend)
    index = ServedIndex(live, Policy.of(settings))
    curated = LiveCurated(open_store(settings.store), encoder, withhold_overdue=settings.withhold_overdue)
    return Bot(
        settings.clinic, encoder, index, load_rules(), load_meaning(), load_gate(), load_cross_encoder(), curated
    )


def _mend_command(options: argparse.Namespace) -> str:
    """The command that rebuilds the index of this command's documents."""
    command = ["python", "app.py", "index"]
    command += ["--kb", str(options.kb)] if options.kb else []
    command += ["--settings", str(options.settings)] if options.settings != DEFAULT_SETTINGS else []
    return shlex.join(command)


def _build(settings: Settings, encoder: Encoder) -> BuildReport:
    """Build the folder's index with a progress bar on standard error; name every file that could not be used."""
    from tqdm import tqdm

    with tqdm(desc="Indexing", unit="passage", file=sys.stderr, leave=False, delay=0.5) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = build_index(settings.documents, index_home(settings.indexes, settings.documents), encoder, show)
    for problem in report.problems:
        print(f"{problem.severity}: {problem}", file=sys.stderr)
    return report


def _report_to_json(report: BuildReport) -> dict[str, Any]:
    return {
        "new": report.new,
        "changed": report.changed,
        "kept": report.kept,
        "removed": report.removed,
        "embedded": report.embedded,
        "seconds": round(report.seconds, 3),
        "problems": [{"path": p.path, "what": p.what, "remedy": p.remedy} for p in report.problems],
    }


def _warn_of_placeholders(settings: Settings) -> None:
    if settings.clinic.placeholders:
        names = ", ".join(settings.clinic.placeholders)
        print(
            "\n*** WARNING: in an emergency patients would not be told whom to call. "
            f"Fill in settings.toml: {names} ***\n",
            file=sys.stderr,
        )


def _as_text(answer: Answer) -> str:
    """An answer for a terminal: the text, then where each quote stands."""
    how = f": {answer.urgency}" if answer.urgency else ""
    sure = "" if answer.urgency else f"  confidence {answer.confidence:.2f}"
    lines = [f"[{answer.status}{how}]{sure}", "", answer.text]
    for citation in answer.citations:
        document = citation.passage.document
        source = citation.sources[0]
        page = f", page {citation.passage.page}" if citation.passage.page else ""
        review = f"reviewed by {document.reviewed_by}" if document.reviewed_by else "not reviewed by a clinician"
        lines.append(
            f"\n[{citation.number}] {document.title} › {section_name(citation.passage)}{page}\n"
            f"    {source.name} ({source.kind or 'kind of source not stated'}); {review}"
        )
    if answer.suggestions:
        lines.append("\nYou could also ask: " + " · ".join(answer.suggestions))
    return "\n".join(lines)


def _unsent_as_text(unsent: Unsent) -> str:
    urgent = f"  {unsent.urgency.replace('_', ' ')}" if unsent.urgency else ""
    failed = f": {unsent.error} Tries: {unsent.tries}, the next after {_time(unsent.due_at)}" if unsent.error else ""
    return f"{unsent.receipt}  {_time(unsent.at)}  {unsent.state.replace('_', ' ')}{urgent}{failed}"


def _time(moment: datetime) -> str:
    """In the time zone of this computer."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _found_as_text(found: Found) -> str:
    hit, passage = found.hit, found.hit.passage
    cosine = "-" if hit.cosine is None else f"{hit.cosine:.3f}"
    bm25 = "-" if hit.bm25 is None else f"{hit.bm25:.2f}"
    where = f"{passage.document.title} › {section_name(passage)}"
    disputed = "".join(f"\nThis is disputed: {caveat.text}" for caveat in found.caveats)
    return f"{hit.score:.4f}  cosine {cosine}  BM25 {bm25}  {where}\n{passage.text}{disputed}"


if __name__ == "__main__":
    sys.exit(main())
