"""The doctor: a whole installation has nothing, and each thing that is wrong is named with where and how to mend it."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import MEND, ROSE, LetterEncoder
from ports import free_port

import app
from chatbot import doctor
from chatbot.doctor import diagnose
from chatbot.settings import Settings
from index.build import build_index
from index.encode import EncoderError
from index.store import current_version, index_home
from kb.document import Problem

SITE, PROXY = ("https://rose.example",), ("127.0.0.1",)


class Disk(NamedTuple):
    """What shutil says of a disk."""

    total: int
    used: int
    free: int


@dataclass
class Installation:
    """A clinic's installation; `found(...)` is what the doctor finds, with these settings changed."""

    settings: Settings
    file: Path

    def found(self, now: datetime | None = None, **changes: Any) -> list[Problem]:
        return diagnose(self.settings.model_copy(update=changes), self.file, MEND, now)

    def only(self, now: datetime | None = None, **changes: Any) -> Problem:
        (problem,) = self.found(now, **changes)
        assert problem.path
        assert problem.remedy.strip()
        return problem


@pytest.fixture
def whole(clinic_folder: Path, tmp_path: Path, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation in which everything is as it should be."""
    monkeypatch.setattr(doctor, "load_encoder", lambda model: encoder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(10**12, 0, 10**11))
    for path in clinic_folder.glob("*.md"):
        head = "reviewed_by: Dr A. Example\nreviewed_on: 2026-01-31\nreview_due: 2099-01-31\n---\n\n#"
        text = path.read_text(encoding="utf-8").replace("reviewed_by: Dr A. Example\nreviewed_on: 2026-01-31\n", "")
        path.write_text(text.replace("---\n\n#", head, 1), encoding="utf-8")
    settings = Settings(
        clinic=ROSE, documents=clinic_folder, data=tmp_path / "var", port=free_port(), allowed_origins=SITE,
        trusted_proxies=PROXY,
    )  # fmt: skip
    build_index(clinic_folder, index_home(settings.indexes, clinic_folder), encoder)
    return Installation(settings, tmp_path / "settings.toml")


def test_of_an_installation_in_which_nothing_is_wrong_nothing_is_found(whole: Installation) -> None:
    assert whole.found() == []


def test_every_placeholder_is_named(whole: Installation) -> None:
    problem = whole.only(clinic=ROSE.model_copy(update={"crisis_line": "SET ME"}))
    assert (problem.severity, problem.path) == ("error", str(whole.file))
    assert "`clinic.crisis_line` is not filled in" in problem.what


@pytest.mark.parametrize(
    ("changes", "severity", "what", "remedy"),
    [
        ({"allowed_origins": ()}, "warning", "`allowed_origins` is empty", "If it stands on your site, name it"),
        ({"allowed_origins": ("http://rose.example",)}, "error", "anybody on the way", 'write "https://rose.example"'),
        ({"allowed_origins": ("http://localhost:80",)}, "warning", "visitor's own machine", "Take it out"),
        ({"trusted_proxies": ()}, "warning", "all visitors would be one", "Name the proxy"),
        ({"trusted_proxies": (), "host": "0.0.0.0"}, "error", "without https", 'Write host = "127.0.0.1"'),
        ({"trusted_proxies": (), "host": "127.0.0.2", "allowed_origins": ()}, "warning", "is empty", "name it"),
    ],
    ids=["no origin", "http", "localhost", "no proxy", "public without https", "no origin and no proxy"],
)
def test_what_is_wrong_with_who_may_come_in_is_named(
    changes: dict[str, Any], severity: str, what: str, remedy: str, whole: Installation
) -> None:
    problem = whole.only(**changes)
    assert (problem.severity, problem.path) == (severity, str(whole.file))
    assert what in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("website", "said"),
    [
        ("https://rose.example/contact", None),
        ("rose.example", None),
        ("https://www.rose.example", 'Add "https://www.rose.example"'),
        ("our page", "Write it as"),
    ],
    ids=["a page of it", "no scheme", "www", "no address"],
)
def test_a_site_of_the_clinic_that_is_not_allowed_is_named(website: str, said: str | None, whole: Installation) -> None:
    found = whole.found(clinic=ROSE.model_copy(update={"website": website}))
    assert [said in problem.remedy for problem in found if said] == ([True] if said else [])
    assert len(found) == (said is not None)


def test_a_port_that_is_taken_is_named(whole: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", whole.settings.port))
        taken.listen()
        problem = whole.only()
    assert f"127.0.0.1:{whole.settings.port}" in problem.what
    assert "choose another `port`" in problem.remedy


def test_weights_that_are_not_those_that_were_trained_are_named(
    whole: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "wrong_weights", lambda: [(Path("meaning.safetensors"), "the weights are missing")])
    problem = whole.only()
    assert (problem.path, problem.what) == ("meaning.safetensors", "the weights are missing")


def test_an_encoder_that_cannot_be_used_is_named(whole: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(model: str | None) -> None:
        raise EncoderError("model.safetensors: missing. Install the encoder's package anew.")

    monkeypatch.setattr(doctor, "load_encoder", missing)
    problem = whole.only()
    assert (problem.what, problem.remedy) == ("model.safetensors: missing", "Install the encoder's package anew.")


def test_a_data_folder_that_cannot_be_written_is_named(whole: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = whole.found(data=tmp_path / "file" / "data")
    assert "nothing can be written there" in found[0].what
    assert found[0].path == str(tmp_path / "file" / "data")


@pytest.mark.parametrize(("free", "severity"), [(5 * 10**8, "warning"), (10**7, "error")])
def test_a_disk_that_is_nearly_full_is_named(
    free: int, severity: str, whole: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(10**12, 0, free))
    problem = whole.only()
    assert (problem.severity, f"{free // 10**6} MB" in problem.what) == (severity, True)


def test_a_store_that_cannot_be_used_is_named(whole: Installation) -> None:
    nowhere = whole.only(database="postgresql+psycopg://clinic@127.0.0.1:1/records")
    assert "127.0.0.1/records: connection failed" in nowhere.what
    assert nowhere.remedy == "Check the server, its address in `database`, and the user's rights and password."
    assert isinstance(whole.settings.store, Path)
    whole.settings.store.write_text("This is a letter. " * 1000)
    assert "file is not a database" in whole.only().what


def test_a_missing_index_is_named_with_the_command_that_builds_it(whole: Installation) -> None:
    shutil.rmtree(whole.settings.indexes)
    problem = whole.only()
    assert (problem.what, problem.remedy) == ("There is no index yet", f"Build it: {MEND}")


def test_a_stale_and_a_damaged_index_are_named(whole: Installation, clinic_folder: Path) -> None:
    text = (clinic_folder / "peel.md").read_text()
    (clinic_folder / "peel.md").write_text(f"{text}\nMore.\n")
    assert "The index is stale: peel.md changed" in whole.only().what
    assert whole.only().remedy == f"Rebuild it: {MEND}"
    home = index_home(whole.settings.indexes, clinic_folder)
    (home / "versions" / str(current_version(home)) / "vectors.faiss").write_bytes(b"")
    assert "is not what was written" in whole.only().what


def test_documents_without_a_review_are_counted_and_wrong_ones_named(
    whole: Installation, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    (clinic_folder / "new.md").write_text("# Microneedling\n\nRedness fades.\n")
    (clinic_folder / "empty.md").write_text("")
    build_index(clinic_folder, index_home(whole.settings.indexes, clinic_folder), encoder)
    errors, unreviewed = whole.found()
    assert errors.what.startswith("the documents have errors (1), the first: empty.md: the file is empty")
    assert unreviewed.what == "no clinician has reviewed 1 of the documents, such as new.md"
    assert "set `reviewed_by`" in unreviewed.remedy


def test_a_folder_of_documents_that_is_not_there_is_named_and_the_rest_is_looked_at(
    whole: Installation, tmp_path: Path
) -> None:
    found = whole.found(documents=tmp_path / "none", allowed_origins=())
    assert [problem.severity for problem in found] == ["error", "warning"]
    assert found[0].what.endswith("none: no such folder")


def test_a_clock_that_is_behind_is_named(whole: Installation, clinic_folder: Path) -> None:
    assert "before the newest document" in whole.only(now=datetime(2001, 1, 1, tzinfo=UTC)).what
    os.utime(clinic_folder / "peel.md")
    assert whole.found() == []


Run = Callable[..., int]


@pytest.fixture
def run(whole: Installation) -> Run:
    """run("doctor", settings="..."): run a command of the program over the installation."""

    def run_command(*arguments: str, settings: str = "") -> int:
        numbers = "\n".join(f'{name} = "{value}"' for name, value in ROSE.filled_in.items())
        top = f'documents = "clinic"\nport = {whole.settings.port}\ntrusted_proxies = ["127.0.0.1"]\n'
        origins = settings or 'allowed_origins = ["https://rose.example"]'
        whole.file.write_text(f"{top}{origins}\n[clinic]\n{numbers}\n")
        return app.main([*arguments, "--settings", str(whole.file)])

    return run_command


def test_the_command_ends_with_0_where_nothing_is_wrong(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor") == 0
    assert capsys.readouterr().out == "No problems.\n"
    assert run("doctor", settings="allowed_origins = []") == 0
    assert capsys.readouterr().out.endswith("1 problems\n")


def test_the_command_ends_with_1_where_something_is_and_as_json_gives_each_part(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor", "--json", settings='allowed_origins = ["http://rose.example"]') == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert list(problem) == ["path", "what", "remedy", "severity"]
    assert problem["severity"] == "error"


def test_settings_that_cannot_be_read_are_named_with_what_to_write(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor", settings='allowed_origins = ["https://rose.example/"]') == 2
    assert 'is not what a browser calls the site. Write "https://rose.example"' in capsys.readouterr().err
