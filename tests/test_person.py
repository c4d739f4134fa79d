"""`python app.py person`: the first admin, everybody else, and what an owner needs when a password is forgotten."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import rows_of
from sqlalchemy import Engine
from staffed import PASSWORD

import app
from chatbot.desk.audit import entries
from chatbot.desk.login import FREE_TRIES, log_in
from chatbot.desk.people import people
from chatbot.store import open_store

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("quick_hashes")


class Terminal(io.StringIO):
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """run("add", "Rose", said="password"): exit code, standard output, standard error; `typed` at a terminal."""
    settings = tmp_path / "settings.toml"
    settings.write_text('data = "var"\n', encoding="utf-8")

    def run_command(*arguments: str, said: str = "", typed: tuple[str, ...] | None = None) -> tuple[int, str, str]:
        answers = iter(typed or ())
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{said}\n") if typed is None else Terminal())
        monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
        code = app.main(["person", *arguments, "--settings", str(settings)])
        return code, *capsys.readouterr()

    return run_command


@pytest.fixture
def kept(tmp_path: Path) -> Engine:
    """The store of the settings."""
    return open_store(tmp_path / "var" / "records.sqlite3")


def test_the_first_admin_is_made_with_a_password_from_standard_input(run: Run, kept: Engine) -> None:
    code, out, err = run("add", "Rose Keller", "--role", "admin", said=PASSWORD)
    assert (code, err) == (0, "")
    assert out.startswith("Rose Keller may log in as admin.")
    assert PASSWORD not in out
    assert log_in(kept, "Rose Keller", PASSWORD, NOW) is not None
    assert rows_of(kept, entries)[0]["person"] == "python app.py"


def test_at_a_terminal_the_password_is_asked_for_twice(run: Run, kept: Engine) -> None:
    code, _, err = run("add", "Rose Keller", "--role", "admin", typed=(PASSWORD, "other words here"))
    assert (code, err) == (2, "error: The password was not typed the same twice. Run the command again.\n")
    assert run("add", "Rose Keller", "--role", "admin", typed=(PASSWORD, PASSWORD))[0] == 0
    assert len(rows_of(kept, people)) == 1


@pytest.mark.parametrize(
    ("name", "said", "reason"),
    [
        ("Rose Keller", "", "Give a password of 12 to 256 characters"),
        ("Rose Keller", "password1234", "too easy to guess"),
        ("", PASSWORD, "is no name to log in with"),
    ],
)
def test_what_will_not_do_is_said_in_one_line(name: str, said: str, reason: str, run: Run) -> None:
    code, out, err = run("add", name, "--role", "admin", said=said)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert reason in err


def test_an_owner_gives_a_new_password_which_also_ends_a_wait(run: Run, kept: Engine) -> None:
    run("add", "Rose Keller", "--role", "admin", said=PASSWORD)
    for _ in range(FREE_TRIES):
        log_in(kept, "Rose Keller", "wrong words here", NOW)
    code, out, _ = run("password", "rose keller", said="a kettle on the hill")
    assert (code, "logged out everywhere" in out) == (0, True)
    assert log_in(kept, "Rose Keller", "a kettle on the hill", NOW) is not None


def test_everybody_is_listed_without_their_passwords(run: Run, kept: Engine) -> None:
    assert run("list")[1] == "Nobody. Add the first: python app.py person add\n"
    run("add", "Rose Keller", "--role", "admin", said=PASSWORD)
    run("add", "Ed Moss", "--role", "editor", said=PASSWORD)
    assert run("list")[1].splitlines() == ["Ed Moss  editor", "Rose Keller  admin"]
    for _ in range(FREE_TRIES):
        log_in(kept, "Ed Moss", "wrong words here", datetime.now(UTC))
    assert "Ed Moss  editor  locked after wrong passwords" in run("list")[1]
    first, _ = json.loads(run("list", "--json")[1])
    assert first == {"name": "Ed Moss", "role": "editor", "active": True, "locked": True}


def test_nobody_unknown_gets_a_password(run: Run) -> None:
    code, _, err = run("password", "Zoe", said=PASSWORD)
    assert (code, "There is nobody called 'Zoe'" in err) == (2, True)


def test_a_server_says_how_to_make_the_first_admin_and_starts_without_a_store(
    run: Run, kept: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app._say_who_is_first(kept)
    assert "python app.py person add NAME --role admin" in capsys.readouterr().err
    run("add", "Rose Keller", "--role", "admin", said=PASSWORD)
    app._say_who_is_first(kept)
    assert capsys.readouterr().err == ""
    app._say_who_is_first(open_store(tmp_path))  # a folder is no store
    assert capsys.readouterr().err.startswith("warning: nobody can log in at /staff")
