"""The commands and the library: what staff published is served without --kb, and said where one may wonder."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import MEND, LetterEncoder, UndecidedMeaning

import app
from chatbot.desk import drafts, publish
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library, LiveLibrary
from chatbot.desk.permissions import Person
from index.build import build_index
from index.store import open_index

ED, APP = Person("Ed", "editor"), Person("Ann", "approver")
FADES = "when does redness fade?"


@pytest.fixture
def settings(library_desk: Desk, tmp_path: Path) -> Path:
    """A settings file of the desk's clinic."""
    path = tmp_path / "settings.toml"
    path.write_text(f'documents = "{library_desk.settings.documents}"\ndata = "{library_desk.settings.data}"\n')
    return path


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch, encoder: LetterEncoder, meaning: UndecidedMeaning) -> None:
    monkeypatch.setattr(app, "load_encoder", lambda model: encoder)
    monkeypatch.setattr(app, "load_meaning", lambda: meaning)


def published(desk: Desk) -> str:
    text = b"# Fractional CO2 laser\n\n## Recovery\n\nRedness fades within 9 days.\n"
    draft = drafts.upload(desk, ED, "laser.md", text, {}, replaces="laser.md")
    drafts.approve(desk, APP, draft, "Dr B. Example", date.today() + timedelta(days=9))
    return publish.publish(desk, APP, publish.prepared(desk, ED).version).release.version


def out(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[str, str]:
    app.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return said.out, said.err


def test_the_commands_are_about_what_was_published_and_with_kb_about_the_folder(
    library_desk: Desk, settings: Path, clinic_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = out(capsys, "ask", FADES, "--settings", settings)
    assert "seven days" in before
    version = published(library_desk)
    for command in (["ask", FADES], ["search", FADES]):
        assert "9 days" in out(capsys, *command, "--settings", settings)[0]
        assert "seven days" in out(capsys, *command, "--settings", settings, "--kb", clinic_folder)[0]
    said, note = out(capsys, "check", "--settings", settings)
    assert note.startswith(f"Published version {version}: ")
    assert "laser.md: its review" not in said
    assert out(capsys, "check", "--settings", settings, "--kb", clinic_folder)[1] == ""


def test_a_missing_version_is_named_but_stops_no_emergency(
    library_desk: Desk, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Library.of(library_desk.settings).home.mkdir(parents=True)
    Library.of(library_desk.settings).make_current("20260101T000000-00000000")
    assert "is gone" in out(capsys, "ask", FADES, "--settings", settings)[1]
    assert "[urgent" in out(capsys, "ask", "I cannot breathe", "--settings", settings)[0]


def test_an_index_that_is_gone_is_built_again_from_its_version(
    library_desk: Desk, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published(library_desk)
    library_desk.settings.indexes.rename(library_desk.settings.data / "elsewhere")  # as in a restored backup
    assert "9 days" in out(capsys, "ask", FADES, "--settings", settings)[0]


def test_a_running_server_goes_from_the_folder_to_the_first_version_between_two_questions(library_desk: Desk) -> None:
    library = Library.of(library_desk.settings)
    live = LiveLibrary(library, MEND)
    before = live.current()
    assert live.current() is before
    published(library_desk)
    assert live.current().version == open_index(library.index_home(library.current()), MEND).version
    assert before.passages.passages["laser#recovery"].text.startswith("Redness fades within seven days.")


def test_a_version_whose_index_is_missing_is_not_served_and_the_old_one_is(library_desk: Desk) -> None:
    library = Library.of(library_desk.settings)
    live = LiveLibrary(library, MEND)
    before = live.current()
    version = library.write({"new.md": b"# New\n\nText.\n"})
    library.make_current(version)
    assert live.current() is before
    build_index(library.folder(version), library.index_home(version), library_desk.bot.encoder)
    assert {d.path for d in live.current().documents} == {"laser.md", "new.md", "peel.md", "telephone.md"}


def test_a_version_holds_the_documents_and_their_front_matter_and_nothing_else(
    library_desk: Desk, clinic_folder: Path
) -> None:
    (clinic_folder / ".hidden").write_text("secret")
    (clinic_folder / "folder").mkdir()
    (clinic_folder / "folder" / "leaflet.html").write_text("<p>Text.")
    (clinic_folder / "folder" / "leaflet.html.yaml").write_text("treatment: IPL\n")
    library = Library.of(library_desk.settings)
    folder = library.folder(library.write({"peel.md": None, "deep/er/new.md": b"# New\n"}))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "deep/er/new.md", "folder/leaflet.html", "folder/leaflet.html.yaml", "laser.md", "telephone.md",
    }  # fmt: skip
