"""What the doctor says of [mail]: what the settings show, and what a real mail server says. Nothing is ever sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from mail_server import PASSWORD, USER, MailServer, certified, serving
from ports import free_port

import app
from chatbot.mailing.findings import mail_problems
from chatbot.settings import MailSettings
from kb.document import Problem

FILE = Path("settings.toml")
LOGIN = {"user": USER, "password_variable": "ROSE_PASSWORD"}
ENVIRONMENT = {"ROSE_PASSWORD": PASSWORD}
ACCOUNT: dict[str, Any] = {"user": "web@rose.example", "password_variable": "ROSE_PASSWORD", "security": "starttls"}


def seen(environment: dict[str, str] = ENVIRONMENT, **others: Any) -> list[Problem]:
    """What the settings show by themselves, without asking anybody."""
    given = {"host": "mail.rose.example", "sender": "web@rose.example", "to": "desk@rose.example"}
    return list(mail_problems(MailSettings.model_validate(given | others), FILE, environment=environment))


def answered(settings: MailSettings, environment: dict[str, str] = ENVIRONMENT) -> Problem | None:
    """What is wrong once the mail server was asked."""
    found = list(mail_problems(settings, FILE, asks_server=True, environment=environment))
    assert PASSWORD not in str(found)
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize(
    "settings",
    [
        {},
        ACCOUNT,
        {**LOGIN, "port": 465, "security": "tls"},
        {"port": 2525, "security": "tls"},
        {"host": "localhost", "port": 25, "security": "none"},
        {"host": "::1", "port": 587, "security": "none"},
        {**ACCOUNT, "host": "smtp.host.example"},  # whose servers take mail for many domains
    ],
)
def test_of_settings_in_which_nothing_is_wrong_nothing_is_found(settings: dict[str, Any]) -> None:
    assert seen(**settings) == []


@pytest.mark.parametrize(
    ("settings", "what", "remedy"),
    [
        ({"port": 465}, '465, which speaks TLS from the start, and `mail.security` is "starttls"', 'security = "tls"'),
        ({"port": 587, "security": "tls"}, '587, which begins without TLS, and `mail.security` is "tls"', "port = 465"),
        ({"port": 25, "security": "none"}, "on the way to mail.rose.example can read what visitors write", "starttls"),
        ({"host": "192.0.2.7", "security": "none"}, "on the way to 192.0.2.7", "starttls"),
    ],
    ids=["465 with starttls", "587 with tls", "none", "none, an address"],
)
def test_a_port_and_a_security_that_do_not_fit_are_named(settings: dict[str, Any], what: str, remedy: str) -> None:
    (problem,) = seen(**settings)
    assert (problem.path, problem.severity) == ("settings.toml", "error")
    assert what in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("environment", "what"),
    [({}, "is not set"), ({"ROSE_PASSWORD": ""}, "is not set"), ({"ROSE_PASSWORD": "öffne dich"}, "cannot send")],
    ids=["missing", "empty", "not ASCII"],
)
def test_a_password_that_is_not_there_is_named_with_its_variable(environment: dict[str, str], what: str) -> None:
    (problem,) = seen(environment, **ACCOUNT)
    assert "ROSE_PASSWORD" in problem.what
    assert what in problem.what
    assert problem.severity == "error"
    assert problem.remedy
    assert "dich" not in str(problem)


def test_an_account_of_another_domain_than_the_senders_is_a_warning() -> None:
    (problem,) = seen(ENVIRONMENT, **{**ACCOUNT, "user": "web@other.example"})
    assert problem.severity == "warning"
    assert "web@other.example, of another domain" in problem.what
    assert seen(ENVIRONMENT, **{**ACCOUNT, "user": "web@ROSE.example"}) == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_server_is_asked_for_a_login_and_gets_nothing_else(security: str, authority: trustme.CA) -> None:
    tls, starttls = (certified(authority), None) if security == "tls" else (None, certified(authority))
    with serving(tls=tls, starttls=starttls, login=True) as server:
        assert answered(server.settings(security=security, **LOGIN)) is None
        assert (server.users, server.taken, server.envelopes) == ([USER], [], [])
        assert server.is_leaving.is_set()


def test_a_server_without_a_login_is_asked_whether_it_is_there() -> None:
    with serving() as server:
        assert answered(server.settings()) is None
        assert server.is_leaving.is_set()


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_with_the_variable_to_look_at(authority: trustme.CA) -> None:
    with serving(starttls=certified(authority), login=True) as server:
        problem = answered(server.settings(security="starttls", **LOGIN), {"ROSE_PASSWORD": "sesame"})
        assert problem is not None
        assert "refused the login (535" in problem.what
        assert problem.remedy == "Check [mail] user and the password in ROSE_PASSWORD."
        assert "sesame" not in str(problem)


def test_a_certificate_that_is_not_to_be_trusted_gets_no_password(authority: trustme.CA) -> None:
    with serving(tls=certified(authority), login=True) as server:
        problem = answered(server.settings(security="tls", **LOGIN))
        assert problem is not None
        assert "is not to be trusted" in problem.what
        assert problem.remedy == "Check [mail] host, or have the certificate renewed."
        assert server.users == []


def test_a_server_without_starttls_gets_no_password() -> None:
    with serving(login=True) as server:
        problem = answered(server.settings(security="starttls", **LOGIN))
        assert problem is not None
        assert "STARTTLS" in problem.what
        assert server.users == []


def test_a_server_that_is_not_there_is_said_with_what_to_check() -> None:
    problem = answered(MailServer(free_port()).settings())
    assert problem is not None
    assert "cannot be reached" in problem.what
    assert problem.remedy == "Check [mail] host and port."


def test_nobody_is_asked_without_a_password() -> None:
    with serving(login=True) as server:
        problem = answered(server.settings(security="starttls", **LOGIN), {})
        assert problem is not None
        assert "is not set" in problem.what
        assert server.connections == 0


def test_only_the_command_with_its_option_asks_the_server(
    clinic_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"

    def said(*options: str) -> str:
        """All that the doctor says of mail."""
        app.main(["doctor", *options, "--json", "--settings", str(settings)])
        found = json.loads(capsys.readouterr().out)
        return " ".join(problem["what"] for problem in found if "mail" in problem["what"])

    settings.write_text('documents = "clinic"\n')
    assert said() == ""
    assert said("--mail") == "there is no `[mail]`, so no mail server to ask: visitors' messages wait here for staff"
    with serving() as server:
        mail = (
            f'host = "localhost"\nport = {server.port}\nsecurity = "none"\nsender = "a@b.example"\nto = "a@b.example"\n'
        )
        settings.write_text(f'documents = "clinic"\n[mail]\n{mail}')
        assert said() == ""
        assert server.connections == 0
        assert said("--mail") == ""
        assert server.connections == 1
    assert said() == ""
    assert "cannot be reached" in said("--mail")
