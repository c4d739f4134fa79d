"""What is wrong with [mail]: what the settings show by themselves, and what the mail server says when it is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from chatbot.mailing.mail import Mail, MailError
from chatbot.settings import MailSettings, SettingsError
from chatbot.this_machine import is_this_machine
from kb.document import Problem


def mail_problems(
    mail: MailSettings, file: Path, asks_server: bool = False, environment: Mapping[str, str] = os.environ
) -> Iterator[Problem]:
    """Every finding, errors first. `file` is the settings file.

    With `asks_server`, connect to the mail server and log in: nothing is sent, and nothing else calls out.
    """
    where = str(file)
    yield from _security(mail, where)
    try:
        ready = Mail(mail, environment)
        if asks_server:
            ready.log_in()
    except (SettingsError, MailError) as error:
        what, _, remedy = str(error).rpartition(". ")
        yield Problem(where, what, remedy)
    yield from _sender(mail, where)


def _security(mail: MailSettings, where: str) -> Iterator[Problem]:
    """A port is for one way only: the other waits for a greeting that never comes, or is refused."""
    if mail.port == 465 and mail.security != "tls":
        what = f'`mail.port` is 465, which speaks TLS from the start, and `mail.security` is "{mail.security}"'
        yield Problem(where, what, 'Write security = "tls", or port = 587 with security = "starttls".')
    elif mail.port == 587 and mail.security == "tls":
        what = '`mail.port` is 587, which begins without TLS, and `mail.security` is "tls"'
        yield Problem(where, what, 'Write security = "starttls", or port = 465 with security = "tls".')
    if mail.security == "none" and not is_this_machine(mail.host):
        what = f'`mail.security` is "none": whoever is on the way to {mail.host} can read what visitors write'
        yield Problem(where, what, 'Write security = "starttls", or "tls" with port = 465.')


def _sender(mail: MailSettings, where: str) -> Iterator[Problem]:
    """The server's own name says nothing: whoever hosts mail does it for many domains. An account has one."""
    account, at, domain = (mail.user or "").rpartition("@")
    if account and at and domain.lower() != mail.sender.rpartition("@")[2].lower():
        what = f"`mail.sender` is {mail.sender}, and the account that logs in is {mail.user}, of another domain"
        yield Problem(where, what, "If the server refuses the sender, write the account's own address.", "warning")
