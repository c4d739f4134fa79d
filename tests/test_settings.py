"""Settings: what is not known or cannot be is refused by name, before anything is served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from chatbot.database import Database
from chatbot.settings import Clinic, Limits, MailSettings, Settings, SettingsError, Widget, fill, load_settings

PROJECT = Path(__file__).parent.parent
PARTS: dict[str, type[BaseModel]] = {"clinic": Clinic, "limits": Limits, "mail": MailSettings, "widget": Widget}
NAMES = [name for name in Settings.model_fields if name not in PARTS]
NAMES += [name for part in PARTS.values() for name in part.model_fields]

NUMBERS = {"emergency_number": "112", "urgent_care_line": "NHS 111", "poison_line": "01 19", "crisis_line": "116 123"}
ROSE = Clinic(name="Rose", phone="01 234", **NUMBERS)

MAIL = '[mail]\nhost = "mail.rose.example"\nsender = "web@rose.example"\n'
IN_THE_CLEAR = 'security = "none"\nuser = "web"\npassword_variable = "ROSE_PASSWORD"'

REFUSED = {
    "an unknown key": ("prot = 80", "prot: extra inputs are not permitted"),
    "an unknown key of the clinic": ('[clinic]\nfon = "1"', "clinic.fon: extra inputs are not permitted"),
    "a word as port": ('port = "many"', "port: input should be a valid integer"),
    "a number as name": ("[clinic]\nname = 5", "clinic.name: input should be a valid string"),
    "an empty crisis line": ('[clinic]\ncrisis_line = ""', "clinic.crisis_line: string should have at least 2 char"),
    "an empty name": ('[clinic]\nname = ""', "clinic.name: string should have at least 1 character"),
    "a word as clinic": ('clinic = "Rose"', "clinic: input should be"),
    "mail without an address": ('[mail]\nhost = "m"\nsender = "a@b.example"', "mail.to: field required"),
    "a name in an address": (f'{MAIL}to = "Desk <a@b.example>"', "mail.to: give one e-mail address"),
    "a line break in an address": (f'{MAIL}to = "a@b.example\\nBcc: c@d.example"', "mail.to: give one"),
    "a user without a password": (
        f'{MAIL}to = "a@b.example"\nuser = "web"',
        "mail: user and password_variable go together",
    ),
    "a password in the clear": (
        f'{MAIL}to = "a@b.example"\n{IN_THE_CLEAR}',
        'mail: security = "none" would send the pass',
    ),
    "an unknown security": (f'{MAIL}to = "a@b.example"\nsecurity = "ssl"', "mail.security: input should be 'starttls'"),
    "a password in the file": (f'{MAIL}to = "a@b.example"\npassword = "x"', "mail.password: extra inputs are not per"),
    "a password in the address of a database": (
        'database = "postgresql+psycopg://web:nine-horses@db.example/clinic"',
        "database: take the password out, and let `database_password_variable` name",
    ),
    "a password among the options of a database": (
        'database = "postgresql+psycopg://web@db.example/clinic?password=nine-horses"',
        "database: take the password out",
    ),
    "another kind of database": (
        'database = "mysql://web@db.example/clinic"',
        'database: only PostgreSQL is known here. Write it as "postgresql+psycopg://user@host/name"',
    ),
    "a server without a database": ('database = "postgresql+psycopg://web@db.example"', "database: only PostgreSQL is"),
    "a word as database": ('database = "records"', "database: this is no URL of a database. Write it as"),
    "a password for no database": (
        'database_password_variable = "ROSE_PASSWORD"',
        ": `database_password_variable` is the password of `database`",
    ),
    "port 0": ("port = 0", "port: input should be greater than or equal to 1"),
    "port 65536": ("port = 65536", "port: input should be less than or equal to 65535"),
    "a limit of none": (
        "[limits]\nper_visitor_per_minute = 0",
        "limits.per_visitor_per_minute: input should be greater",
    ),
    "an unknown limit": ("[limits]\nper_hour = 5", "limits.per_hour: extra inputs are not permitted"),
    "broken TOML": ("port = ", "not valid TOML"),
    "bytes that are no UTF-8": (b"host = '\xff'", "not valid TOML"),
}


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "settings.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_everything_has_a_default(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, ""))
    assert settings.documents == tmp_path / "kb/documents"
    assert settings.indexes == tmp_path / "var/index"
    assert (settings.allowed_origins, settings.trusted_proxies) == ((), ())
    assert (settings.limits.per_visitor_per_minute, settings.limits.overall_per_minute) == (20, 600)
    assert settings.store == tmp_path / "var/records.sqlite3"
    assert (settings.host, settings.port, settings.encoder, settings.keep_days) == ("127.0.0.1", 7860, None, 30)


def test_what_the_file_says_is_read(tmp_path: Path) -> None:
    numbers = "\n".join(f'{name} = "{number}"' for name, number in NUMBERS.items())
    content = f'host = "0.0.0.0"\nport = 65535\n[clinic]\nname = "Rose"\nphone = "01 234"\n{numbers}\n'
    settings = load_settings(write(tmp_path, content))
    assert (settings.host, settings.port) == ("0.0.0.0", 65535)
    assert settings.clinic == ROSE
    assert settings.clinic.placeholders == []


def test_without_mail_there_is_none_and_with_it_there_is_what_the_file_says(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "")).mail is None
    mail = load_settings(write(tmp_path, f'{MAIL}to = "desk@rose.example"')).mail
    assert mail == MailSettings(host="mail.rose.example", sender="web@rose.example", to="desk@rose.example")
    assert (mail.port, mail.security, mail.user, mail.password_variable) == (587, "starttls", None, None)


def test_the_store_is_a_file_unless_the_settings_name_a_database(tmp_path: Path) -> None:
    url = "postgresql+psycopg://web@db.example/clinic"
    content = f'database = "{url}"\ndatabase_password_variable = "ROSE_PASSWORD"'
    assert load_settings(write(tmp_path, content)).store == Database(url, "ROSE_PASSWORD")
    assert load_settings(write(tmp_path, f'database = "{url}"')).store == Database(url)


def test_a_password_that_is_refused_is_not_repeated(tmp_path: Path) -> None:
    path = write(tmp_path, 'database = "postgresql+psycopg://web:nine-horses@db.example/clinic"')
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "nine-horses" not in f"{caught.value}"


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    content: str | bytes, reason: str, tmp_path: Path
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(SettingsError, match=re.escape(f"{path}: {reason}")):
        load_settings(path)


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"port: .*; prot: .*\. The README lists every setting"):
        load_settings(write(tmp_path, "port = 0\nprot = 80\n"))


@pytest.mark.parametrize("name", ["none.toml", "folder", "file/settings.toml"])
def test_a_file_that_is_not_there_is_refused_with_where_to_look(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"no such file\. The project's own settings\.toml shows"):
        load_settings(tmp_path / name)


def test_relative_paths_stand_relative_to_the_file_wherever_the_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clinic/models/mini").mkdir(parents=True)
    path = write(tmp_path / "clinic", 'documents = "../texts"\ndata = "state"\nencoder = "models/mini"\n')
    monkeypatch.chdir(tmp_path)
    settings = load_settings(path.relative_to(tmp_path))
    assert settings.documents.resolve() == tmp_path / "texts"
    assert settings.data == tmp_path / "clinic/state"
    assert settings.encoder == str(tmp_path / "clinic/models/mini")


def test_absolute_paths_and_names_of_models_stay_as_they_are(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, f'documents = "{tmp_path.as_posix()}"\nencoder = "owner/model"\n'))
    assert (settings.documents, settings.encoder) == (tmp_path, "owner/model")


def test_settings_do_not_change_while_the_program_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 80
    with pytest.raises(ValidationError, match="frozen"):
        Settings().clinic.phone = "1"


def test_what_the_clinic_has_not_filled_in_is_listed() -> None:
    lines = ["clinic.emergency_number", "clinic.urgent_care_line", "clinic.poison_line", "clinic.crisis_line"]
    assert Clinic().placeholders == ["clinic.name", "clinic.phone", *lines]
    assert Clinic(name="Rose", phone="01 234", emergency_number="112").placeholders == lines[1:]
    assert ROSE.placeholders == []


@pytest.mark.parametrize(
    ("text", "filled", "unfilled"),
    [
        ("Call {emergency} now.", "Call 112 now.", "Call your local emergency number now."),
        ("{urgent_care}", "NHS 111", "your local urgent-care line"),
        ("{poison}", "01 19", "your local poison line"),
        ("{crisis}", "116 123", "your local crisis line"),
        ("Call {clinic} today.", "Call Rose on 01 234 today.", "Call the clinic today."),
        ("Lie down.", "Lie down.", "Lie down."),
    ],
    ids=["emergency", "urgent care", "poison", "crisis", "clinic", "nothing to fill in"],
)
def test_a_text_is_filled_with_the_clinics_numbers_or_with_what_each_is_but_never_with_a_placeholder(
    text: str, filled: str, unfilled: str
) -> None:
    assert fill(text, ROSE) == filled
    assert fill(text, Clinic()) == unfilled


@pytest.mark.parametrize(
    ("clinic", "said"),
    [
        ({"name": "Rose", "phone": "01 234", "hours": "9 to 5"}, "Rose on 01 234 (9 to 5)"),
        ({"name": "Rose"}, "Rose"),
        ({"phone": "01 234"}, "the clinic on 01 234"),
        ({"hours": "9 to 5"}, "the clinic"),  # hours of what, without a number to call?
    ],
    ids=["all", "no phone", "no name", "only hours"],
)
def test_the_clinic_is_named_with_what_of_its_name_phone_and_hours_is_filled_in(
    clinic: dict[str, str], said: str
) -> None:
    assert fill("{clinic}", Clinic.model_validate(clinic)) == said


def test_the_settings_file_of_the_project_can_be_read() -> None:
    assert load_settings(PROJECT / "settings.toml").documents == PROJECT / "kb/documents"


@pytest.mark.parametrize("file", ["settings.toml", "README.md"])
def test_every_setting_is_explained(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    parts = "|".join(rf"{name}\." for name in PARTS)
    named = rf"(?m)`({parts})?{{}}`|^(# )?{{}} = "  # `name` in a sentence or a table, or a line of TOML
    assert [name for name in NAMES if not re.search(named.format(name, name), text)] == []


def test_the_widget_says_what_the_clinic_wrote_and_nothing_is_a_title(tmp_path: Path) -> None:
    text = '[widget]\ntitle = " Ask Rose "\nsuggestions = ["Is it red?"]\n'
    assert load_settings(write(tmp_path, text)).widget == Widget(title="Ask Rose", suggestions=("Is it red?",))
    with pytest.raises(SettingsError, match=r"widget\.title"):
        load_settings(write(tmp_path, '[widget]\ntitle = " "\n'))
