"""app.py: each command with and without --json, its exit code, and errors in one line that says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import LetterEncoder, UndecidedMeaning, rows_of
from sqlalchemy import Engine, insert

import app
from chatbot.coverage import Topic, load_topics
from chatbot.mailing.mail import Mail
from chatbot.mailing.message import Exchange, Message
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records, turns
from chatbot.settings import MailSettings
from chatbot.store import transaction

SETTINGS = """
documents = "clinic"
[clinic]
name = "Rose Clinic"
phone = "01 234"
emergency_number = "999"
"""
FADES = "when does redness fade?"
KEYS = "question status urgency text confidence citations suggestions contact"


@dataclass(frozen=True, slots=True)
class Run:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The error: one line on standard error, nothing on standard output, exit code 2."""
        assert (self.code, self.out) == (2, "")
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Program = Callable[..., Run]


@pytest.fixture
def settings(tmp_path: Path, clinic_folder: Path) -> Path:
    """A settings file beside `clinic_folder`; indexes go to `var` beside them."""
    path = tmp_path / "settings.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture
def run(
    settings: Path,
    encoder: LetterEncoder,
    meaning: UndecidedMeaning,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Program:
    """run("ask", "is it red?"): run a command with the settings, the fake encoder and the vote that decides nothing."""
    monkeypatch.setattr(app, "load_encoder", lambda model: encoder)
    monkeypatch.setattr(app, "load_meaning", lambda: meaning)

    def run_command(*arguments: str | Path) -> Run:
        code = app.main([*map(str, arguments), "--settings", str(settings)])
        return Run(code, *capsys.readouterr())

    return run_command


@pytest.fixture
def other_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "sun.txt").write_text("Sun\n\nRedness fades in the shade.\n")
    return folder


def test_ask_prints_the_answer_and_where_each_quote_stands(run: Program) -> None:
    done = run("ask", "does one session remove every scar?")
    assert done.code == 0
    assert done.out.startswith("[answered]  confidence 0.")
    assert "One session removes every scar. [1]" in done.out
    assert "This is disputed: Most people need three sessions or more. [2]" in done.out
    assert "[1] Fractional CO2 laser › Results\n    The maker of the laser (vendor); reviewed by Dr A." in done.out
    assert "You could also ask: Fractional CO2 laser: Recovery" in done.out


def test_ask_as_json_prints_the_answer_object(run: Program) -> None:
    done = run("ask", FADES, "--json")
    assert (done.code, " ".join(json.loads(done.out))) == (0, KEYS)


def test_ask_refuses_with_exit_code_0_since_refusing_is_an_answer(run: Program) -> None:
    done = run("ask", "do you do botox?")
    assert "no document about Botulinum toxin. Please ask Rose Clinic: call 01 234." in done.out
    assert done.code == 0


def test_search_prints_the_passages_with_their_scores(run: Program) -> None:
    first, text = run("search", "redness days", "-k", "1").out.strip().split("\n")
    assert re.match(r"\d\.\d{4}  cosine \d\.\d{3}  BM25 \d\.\d\d  ", first)
    assert first.endswith("Fractional CO2 laser › Recovery")
    assert text == "Redness fades within seven days. Crusts fall off after a week."


@pytest.mark.parametrize("k", ["0", "-3", "two"])
def test_search_refuses_a_number_of_passages_below_one(
    k: str, run: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("search", "redness", "-k", k)
    assert "give 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize(("k", "count"), [("2", 2), ("100", 6)])
def test_search_as_json_prints_k_hits(k: str, count: int, run: Program) -> None:
    done = run("search", "redness", "-k", k, "--json")
    assert (done.code, len(json.loads(done.out))) == (0, count)


def test_index_prints_what_changed(run: Program, clinic_folder: Path) -> None:
    assert run("index").out.startswith("6 new, 0 changed, 0 kept, 0 removed passages; 6 embedded; ")
    (clinic_folder / "telephone.md").unlink()
    report = json.loads(run("index", "--json").out) | {"seconds": 0}
    assert report == {"new": 0, "changed": 0, "kept": 5, "removed": 1, "embedded": 0, "seconds": 0, "problems": []}


def test_index_names_a_file_that_it_cannot_use_and_exits_with_1(run: Program, clinic_folder: Path) -> None:
    (clinic_folder / "scan.pdf").write_bytes(b"%PDF-1.7 broken")
    done = run("index", "--json")
    assert done.code == 1
    assert done.err.startswith("error: scan.pdf: ")
    assert [problem["path"] for problem in json.loads(done.out)["problems"]] == ["scan.pdf"]
    assert run("ask", FADES).code == 0  # the rest is served


def test_check_exits_with_0_when_all_it_has_are_warnings(run: Program) -> None:
    done = run("check")
    *lines, count = done.out.splitlines()
    assert {line.split(":")[0] for line in lines} == {"warning"}
    assert (done.code, count) == (0, f"{len(lines)} problems")


def test_check_as_json_names_each_problem_with_its_remedy_and_exits_with_1(run: Program, clinic_folder: Path) -> None:
    (clinic_folder / "empty.md").write_text("")
    done = run("check", "--json")
    assert done.code == 1
    first: dict[str, str] = json.loads(done.out)[0]
    assert (first["path"], first["what"], first["severity"]) == ("empty.md", "the file is empty", "error")
    assert first["remedy"].endswith(".")


def test_check_needs_no_index_and_builds_none(run: Program, encoder: LetterEncoder, tmp_path: Path) -> None:
    assert run("check").err == ""
    assert not (tmp_path / "var").exists()
    assert encoder.encoded == 0


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two topics in place of those of the program."""
    two = (Topic("redness", ("Does redness fade after {treatment}?",)), Topic("price", ("Price of {treatment}?",)))
    monkeypatch.setattr(app, "load_topics", lambda: two)


@pytest.mark.usefixtures("topics")
def test_check_with_coverage_prints_the_problems_and_then_the_topics_of_each_treatment(run: Program) -> None:
    done = run("check", "--coverage")
    assert done.code == 0
    problems, table = done.out.split("\n\n", 1)
    assert f"{problems}\n" == run("check").out
    legend, rows, peel, laser = table.split("\n\n")
    assert legend.startswith("● ")
    assert [line.split()[0] for line in rows.splitlines()] == ["1", "redness", "price"]
    assert peel.startswith("1  Chemical peel: ")
    assert laser.startswith("2  Fractional CO2 laser: ")


@pytest.mark.usefixtures("topics")
def test_check_with_coverage_as_json_has_both_and_ends_as_check_does(run: Program, clinic_folder: Path) -> None:
    (clinic_folder / "empty.md").write_text("")
    done = run("check", "--coverage", "--json")
    given = json.loads(done.out)
    assert (done.code, list(given)) == (1, ["problems", "coverage"])
    assert given["problems"] == json.loads(run("check", "--json").out)
    assert [one["treatment"] for one in given["coverage"]] == ["Chemical peel", "Fractional CO2 laser"]
    assert [topic["topic"] for topic in given["coverage"][0]["topics"]] == ["redness", "price"]


@pytest.mark.usefixtures("topics")
def test_check_with_coverage_uses_the_index_that_is_there_and_refuses_a_stale_one(
    run: Program, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    run("index")
    encoder.encoded = 0
    assert run("check", "--coverage").code == 0
    assert encoder.encoded == 4  # two questions about two treatments
    (clinic_folder / "peel.md").write_text("# Peel\n\nNew text.\n")
    assert "The index is stale: peel.md changed" in run("check", "--coverage").error
    assert run("check").code == 0


def test_topics_that_cannot_be_used_are_named_before_anything_is_loaded(
    run: Program, encoder: LetterEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "topics.yaml").write_text("pain:\n  - Does it hurt?\n")
    monkeypatch.setattr(app, "load_topics", lambda: load_topics(tmp_path / "topics.yaml"))
    assert "topics.yaml: topic 'pain' cannot be used. A topic is a name and" in run("check", "--coverage").error
    assert encoder.encoded == 0


def test_evaluate_prints_the_summary(run: Program, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"id": "1", "question": FADES, "status": "answered"}))
    done = run("evaluate", questions)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("No failures.\n")


def test_evaluate_as_json_prints_a_line_a_row_and_the_summary_apart(run: Program, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    rows = [{"id": "a", "question": FADES}, {"id": "b", "text": "怀孕?"}, {"id": "c", "text": "half \ud83d"}]
    questions.write_text("\n".join(json.dumps(row) for row in rows))
    done = run("evaluate", questions, "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert {" ".join(one) for one in objects} == {f"id {KEYS}"}
    assert [(one["id"], one["question"]) for one in objects] == [("a", FADES), ("b", "怀孕?"), ("c", "half \ud83d")]
    assert done.err.endswith("No failures.\n")


def test_kb_may_stand_before_the_command_or_after_it(run: Program, other_folder: Path) -> None:
    before, after = run("--kb", other_folder, "ask", FADES), run("ask", FADES, "--kb", other_folder)
    assert "Redness fades in the shade. [1]" in before.out
    assert before == after


def test_each_folder_of_documents_has_its_own_index_which_is_used_again(
    run: Program, other_folder: Path, encoder: LetterEncoder, tmp_path: Path
) -> None:
    first, other = run("ask", FADES), run("ask", FADES, "--kb", other_folder)
    assert first.out != other.out
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "var/index").iterdir()) == ["clinic", "other"]
    encoder.encoded = 0
    assert run("ask", FADES) == first
    assert run("ask", FADES, "--kb", other_folder) == other
    assert encoder.encoded == 2  # the two questions


def test_a_stale_index_is_refused_until_the_command_that_the_error_names_has_run(
    run: Program, clinic_folder: Path, settings: Path
) -> None:
    run("index")
    (clinic_folder / "peel.md").write_text("# Peel\n\nNew text.\n")
    assert run("ask", FADES).error == (
        f"The index is stale: peel.md changed since it was built. Rebuild it: python app.py index --settings {settings}"
    )
    assert run("index").code == 0
    assert run("ask", FADES).code == 0


@pytest.mark.parametrize("file", ["vectors.faiss", "manifest.json", "passages.json"])
def test_a_damaged_index_is_refused_until_it_is_rebuilt(file: str, run: Program, tmp_path: Path) -> None:
    run("index")
    (path,) = (tmp_path / "var/index").rglob(file)
    path.write_bytes(path.read_bytes()[:-20])
    assert "Rebuild it: python app.py index" in run("search", "redness").error
    assert run("index").code == 0
    assert run("ask", FADES).code == 0


def test_a_question_that_is_none_is_refused_before_anything_is_loaded(run: Program, encoder: LetterEncoder) -> None:
    assert run("ask", "").error == "There is no question yet. Please type what you would like to know."
    assert "HTML tags" in run("search", "<b>").error
    assert encoder.encoded == 0


def test_an_emergency_needs_no_documents_and_builds_no_index(
    run: Program, encoder: LetterEncoder, settings: Path
) -> None:
    done = run("ask", "I cannot breathe", "--kb", settings.parent / "none")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("[urgent: emergency]\n\nCall 999 now and say that you have trouble breathing.")
    assert not (settings.parent / "var").exists()
    assert encoder.encoded == 0


def test_an_emergency_is_answered_over_a_stale_index(run: Program, clinic_folder: Path) -> None:
    run("index")
    (clinic_folder / "peel.md").write_text("# Peel\n\nNew text.\n")
    assert run("ask", "I cannot breathe").out.startswith("[urgent: emergency]\n\nCall 999 now")
    assert "stale" in run("ask", FADES).error


def test_an_emergency_as_json_has_its_urgency(run: Program) -> None:
    given = json.loads(run("ask", "I cannot breathe", "--json").out)
    assert " ".join(given) == KEYS
    assert (given["status"], given["urgency"], given["citations"]) == ("urgent", "emergency", [])


@pytest.mark.parametrize(
    "command",
    [["ask", FADES], ["search", FADES], ["index"], ["check"], ["check", "--coverage"]],
    ids=["ask", "search", "index", "check", "coverage"],
)
def test_a_folder_that_is_not_there_and_a_file_for_a_folder_are_named_with_the_remedy(
    command: list[str], run: Program, settings: Path
) -> None:
    missing = settings.parent / "none"
    assert run(*command, "--kb", missing).error == (
        f"{missing}: no such folder. Give --kb a folder that holds your documents."
    )
    assert run(*command, "--kb", settings).error.startswith(f"{settings}: not a folder. Give --kb the folder")


@pytest.mark.parametrize(
    "command", [["ask", FADES], ["search", FADES], ["index"], ["check", "--coverage"]], ids=lambda command: command[0]
)
def test_an_empty_folder_is_refused(command: list[str], run: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no document in it could be read. Add your documents." in run(*command, "--kb", tmp_path / "empty").error


def test_a_file_of_questions_that_cannot_be_used_is_named(run: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}")
    assert (
        "bad.jsonl, line 1: no 'text'. A row needs `id` and `question`."
        in run("evaluate", tmp_path / "bad.jsonl").error
    )
    assert "no such file" in run("evaluate", tmp_path / "none.jsonl").error


MESSAGE = Message(
    id="1",
    conversation=None,
    name="Zoë Nightingale",
    contact="zoe@visitor.example",
    text="Please call me.",
    transcript=(Exchange("Is it red?", "Redness fades."),),
    consented_at=datetime(2026, 11, 24, 22, 5, tzinfo=UTC),
    urgency="same_day",
)


def test_messages_lists_what_waits_for_staff_without_the_visitors_words(run: Program, store: Engine) -> None:
    receipt = Outbox(store, None, 30).post(MESSAGE)
    done = run("messages")
    assert done.code == 0
    assert re.fullmatch(rf"{receipt}  \d{{4}}-\d\d-\d\d \d\d:\d\d  waiting  same day\n", done.out)


def test_messages_says_why_a_message_was_not_sent_and_exits_with_1(run: Program, store: Engine) -> None:
    settings = MailSettings(host="localhost", port=1, security="none", sender="a@b.example", to="c@b.example")
    outbox = Outbox(store, Mail(settings), 30)
    receipt = outbox.post(MESSAGE)
    outbox.send_due(datetime.now(UTC) + timedelta(seconds=1))
    done = run("messages")
    assert done.code == 1
    assert done.out.startswith(f"{receipt}  ")
    assert "  not sent  same day: the mail server localhost:1 cannot be reached" in done.out
    assert "Tries: 1, the next after " in done.out
    (row,) = json.loads(run("messages", "--json").out)
    assert " ".join(row) == "receipt at urgency tries error due_at state"
    assert (row["receipt"], row["state"], row["tries"]) == (receipt, "not_sent", 1)
    assert datetime.fromisoformat(row["at"]).utcoffset() == timedelta(0)
    assert not re.search("Nightingale|visitor.example|call me|red", done.out + run("messages", "--json").out)


def test_messages_shows_one_with_the_visitors_words(run: Program, store: Engine) -> None:
    receipt = Outbox(store, None, 30).post(MESSAGE)
    done = run("messages", "--show", receipt.lower())
    assert done.code == 0
    assert done.out.startswith(f"A visitor of your web site sends you message {receipt}.\n")
    assert "Contact: zoe@visitor.example" in done.out
    given = json.loads(run("messages", "--show", receipt, "--json").out)
    assert given == {
        "name": "Zoë Nightingale", "contact": "zoe@visitor.example", "text": "Please call me.",
        "transcript": [{"question": "Is it red?", "answer": "Redness fades."}],
        "consented_at": "2026-11-24T22:05:00+00:00", "urgency": "same_day",
    }  # fmt: skip


def test_messages_without_any_says_so_and_an_unknown_receipt_is_an_error(run: Program) -> None:
    assert run("messages") == Run(0, "No message waits.\n", "")
    assert run("messages", "--json") == Run(0, "[]\n", "")
    assert "no message that waits has the receipt 'K7F-2QX'" in run("messages", "--show", "K7F-2QX").error


def test_messages_ticks_one_off_and_says_so_where_it_cannot(run: Program, store: Engine) -> None:
    outbox = Outbox(store, None, keep_days=30)
    first, second = (outbox.post(replace(MESSAGE, id=id_)) for id_ in "ab")
    assert run("messages", "--done", first.lower()) == Run(0, f"{first} is done.\n", "")
    assert json.loads(run("messages", "--done", second, "--json").out) == {"receipt": second, "state": "done"}
    assert run("messages").out == "No message waits.\n"
    assert f"message {first} has been done since" in run("messages", "--done", first).error
    assert "no message that waits" in run("messages", "--done", "K7F-2QX").error


def test_messages_of_a_store_that_cannot_be_read_says_what_to_do(run: Program, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/records.sqlite3").write_text("This is a letter. " * 1000)
    assert "records.sqlite3: file is not a database. Check the disk, or move" in run("messages").error


def test_serve_without_the_password_of_the_mail_account_ends_before_anything_is_loaded(
    run: Program, settings: Path, encoder: LetterEncoder
) -> None:
    mail = 'host = "x.example"\nuser = "web"\npassword_variable = "NO_SUCH"\nsender = "a@b.example"\nto = "c@b.example"'
    settings.write_text(f"{SETTINGS}\n[mail]\n{mail}\n")
    assert "the environment variable NO_SUCH is not set" in run("serve").err.splitlines()[-1]
    assert encoder.encoded == 0


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('encoder = "nowhere/model"', "Fetch it once with `hf download nowhere/model`, or give the folder"),
        ('encoder = "clinic"', "no weights (model.safetensors) in it. Give the folder of a"),
        ("prot = 80", "prot: extra inputs are not permitted. The README lists every setting."),
        ("port = ", "not valid TOML"),
    ],
    ids=["unknown encoder", "folder without an encoder", "unknown setting", "broken TOML"],
)
def test_settings_that_cannot_be_used_are_named(
    content: str, error: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.write_text(f"{content}\n{SETTINGS}")
    code = app.main(["ask", FADES, "--settings", str(settings)])
    assert error in Run(code, *capsys.readouterr()).error


def test_a_server_deletes_old_records_at_once_and_then_once_a_day(
    monkeypatch: pytest.MonkeyPatch, store: Engine
) -> None:
    waited: list[float] = []

    class StopError(Exception):
        pass

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        assert rows_of(store, turns) == []
        if len(waited) == 2:
            raise StopError

    with transaction(store) as connection:
        old = {
            "at": datetime(2020, 1, 1),
            "status": "answered",
            "confidence": 1.0,
            "passages": [],
            "index": "",
            "ms": 1.0,
        }
        connection.execute(insert(turns).values(old))
    monkeypatch.setattr("app.time.sleep", sleep)
    with pytest.raises(StopError):
        app._purge_daily(Records(store, keep_days=30))
    assert waited == [86_400, 86_400]
