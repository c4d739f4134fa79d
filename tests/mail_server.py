"""A real mail server in the test's process, which keeps what it takes."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from threading import Event
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from ports import free_port

from chatbot.settings import MailSettings

SENDER, TO = "web@rose.example", "desk@rose.example"
USER, PASSWORD = "web", "open sesame"


class MailServer:
    """What it was given, and how it is to behave: a reply for each step that is not the usual one.

    `pause_s` passes before it replies to a message, and `goodbye_s` before it says goodbye; `has_one` is set once it
    has a message, `is_leaving` once it was asked to say goodbye. `connections` counts who came.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.users: list[str] = []
        self.refuse_address: str | None = None
        self.refuse_sender: str | None = None
        self.refuse_message: str | None = None
        self.refuse_words = ""  # of a message that `refuse_message` is for; all by default
        self.pause_s = 0.0
        self.has_one = Event()
        self.goodbye_s = 0.0
        self.is_leaving = Event()
        self.connections = 0

    @property
    def ids(self) -> list[str]:
        """The Message-IDs of what it took."""
        return [mail["Message-ID"] for mail in self.taken]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += not session.host_name  # some greet twice, before TLS and in it
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_address:
            return self.refuse_address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.has_one.set()
        await asyncio.sleep(self.pause_s)
        if self.refuse_message and self.refuse_words in mail.get_content():
            return self.refuse_message
        self.taken.append(mail)
        self.envelopes.append(envelope)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.is_leaving.set()
        await asyncio.sleep(self.goodbye_s)
        return "221 Bye"

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        is_right = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=is_right, handled=False)

    def settings(self, **others: Any) -> MailSettings:
        """The settings that lead to it, without encryption unless they say so."""
        given = {"host": "localhost", "port": self.port, "security": "none", "sender": SENDER, "to": TO}
        return MailSettings.model_validate(given | others)


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """What a server needs to speak TLS as a host of this name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def serving(
    port: int | None = None,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = False,
) -> Iterator[MailServer]:
    """A mail server on this computer: with TLS from the start, or none before STARTTLS, or with a login."""
    server = MailServer(port or free_port())
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        server_hostname="mail.rose.example",
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        auth_required=login,
        auth_require_tls=starttls is not None,
        authenticator=server.log_in,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
