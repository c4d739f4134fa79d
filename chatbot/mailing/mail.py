"""A visitor's message as an e-mail to the clinic, handed to the clinic's mail server."""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from threading import Timer

from chatbot.mailing.email_address import is_email_address
from chatbot.mailing.message import Message, as_text
from chatbot.settings import MailSettings, SettingsError

STEP_S = 20.0  # the longest that one reply of the mail server may take
WHOLE_S = 60.0  # the longest that all of one sending may take, however many replies it has


class MailError(Exception):
    """The mail server did not take a message; the text says why and what to do, and has nobody's words.

    `is_about_message` says that it took offence at this one: another one may go.
    """

    def __init__(self, reason: str, is_about_message: bool = False) -> None:
        super().__init__(reason)
        self.is_about_message = is_about_message


class Mail:
    """The clinic's mail server.

    `step_s` and `whole_s` are the seconds that one of its replies, and all of one sending, may take.
    """

    def __init__(
        self,
        settings: MailSettings,
        environment: Mapping[str, str] = os.environ,
        step_s: float = STEP_S,
        whole_s: float = WHOLE_S,
    ) -> None:
        """Raises SettingsError where the environment has no password under the name that the settings give."""
        self._settings = settings
        self._password = _password(settings, environment)
        self._step_s = step_s
        self._whole_s = whole_s

    def send(self, message: Message, receipt: str) -> None:
        """Hand a message to the mail server. Raises MailError unless the server has taken it.

        After an error it may have been taken all the same, so it is sent again, with the same Message-ID.
        """
        settings, mail = self._settings, as_mail(message, receipt, self._settings)
        with self._said_plainly(), self._connected() as server:
            server.sendmail(settings.sender, [settings.to], mail.as_bytes())
            _say_goodbye(server)

    def log_in(self) -> None:
        """Connect, log in where there is a user, and leave: nothing is sent. Raises MailError."""
        with self._said_plainly(), self._connected() as server:
            server.ehlo_or_helo_if_needed()
            _say_goodbye(server)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection as secure as the settings want it, logged in, that is cut when all its time is over."""
        host, port, security = self._settings.host, self._settings.port, self._settings.security
        context = ssl.create_default_context()  # certificates and the names in them are checked
        started = time.monotonic()
        if security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._step_s, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=self._step_s)
        left_s = self._whole_s - (time.monotonic() - started)
        cut = Timer(max(left_s, 0), _cut, [server])
        cut.daemon = True
        cut.start()
        try:
            if left_s <= 0:
                raise TimeoutError
            if security == "starttls":
                server.starttls(context=context)
            if self._settings.user is not None:
                server.login(self._settings.user, self._password)
            yield server
        finally:
            cut.cancel()
            server.close()

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        settings = self._settings
        where = f"the mail server {settings.host}:{settings.port}"
        try:
            yield
        except smtplib.SMTPDataError as error:
            raise MailError(f"{where} refused this message ({_code(error)}).", is_about_message=True) from None
        except smtplib.SMTPAuthenticationError as error:
            remedy = f"Check [mail] user and the password in {settings.password_variable}."
            raise MailError(f"{where} refused the login ({_said(error)}). {remedy}") from error
        except smtplib.SMTPSenderRefused as error:
            raise MailError(f"{where} refused the sender ({_said(error)}). Check [mail] sender.") from error
        except smtplib.SMTPRecipientsRefused as error:
            ((code, text),) = error.recipients.values()  # one address
            raise MailError(f"{where} refused the address ({code} {_line(text)}). Check [mail] to.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailError(f"{where}: {_line(str(error))} Check [mail] security and user.") from error
        except ssl.SSLCertVerificationError as error:
            reason = f"the certificate of {where} is not to be trusted ({error.verify_message})."
            raise MailError(f"{reason} Check [mail] host, or have the certificate renewed.") from error
        except ssl.SSLError as error:
            reason = f"no secure connection to {where} ({error.reason or 'it was closed'})."
            raise MailError(f'{reason} Check [mail] security: port 465 is for "tls", 587 for "starttls".') from error
        except TimeoutError as error:
            raise MailError(f"{where} took too long. Check [mail] host, port and security.") from error
        except smtplib.SMTPServerDisconnected as error:  # also when a reply takes too long
            raise MailError(f"{where} broke off ({_line(str(error))}). Check [mail] port and security.") from error
        except smtplib.SMTPResponseException as error:
            raise MailError(f"{where} refused to serve ({_said(error)}). Ask whoever runs it.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(f"{where} cannot be reached ({_line(str(error))}). Check [mail] host and port.") from error


def as_mail(message: Message, receipt: str, settings: MailSettings) -> EmailMessage:
    """The e-mail: always the same for a message, so that one that comes twice is seen to be the same.

    No header has a word of the visitor's, but for a contact that is an e-mail address and nothing else: Reply-To.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = settings.sender
    mail["To"] = settings.to
    urgent = f" [{message.urgency.replace('_', ' ')}]" if message.urgency else ""
    mail["Subject"] = f"Message {receipt} from your web site{urgent}"
    mail["Date"] = format_datetime(message.consented_at)
    mail["Message-ID"] = f"<{message.id}@{settings.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    if is_email_address(message.contact):
        mail["Reply-To"] = message.contact
    mail.set_content(as_text(message, receipt), charset="utf-8", cte="quoted-printable")
    return mail


def _password(settings: MailSettings, environment: Mapping[str, str]) -> str:
    name = settings.password_variable
    if name is None:
        return ""
    password = environment.get(name, "")
    if not password:
        remedy = "Set it to the password of the mail account before you start the program."
        raise SettingsError(f"mail.password_variable: the environment variable {name} is not set. {remedy}")
    if not password.isascii():
        reason = "has letters that smtplib cannot send"
        raise SettingsError(f"mail.password_variable: {name} {reason}. Choose a password of plain letters and digits.")
    return password


def _say_goodbye(server: smtplib.SMTP) -> None:
    """All is done by now: how the server says goodbye does not matter."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()


def _cut(server: smtplib.SMTP) -> None:
    """End a connection that another thread waits for. The waiting ends as if the mail server had closed it."""
    with suppress(OSError):
        if server.sock is not None:
            socket.socket.shutdown(server.sock, socket.SHUT_RDWR)  # of TLS too: its own would wait for a goodbye


def _code(error: smtplib.SMTPResponseException) -> str:
    """The numbers of what a mail server said of a message: its text may repeat the message's words."""
    detailed = re.match(r"\d\.\d+\.\d+", _line(error.smtp_error))  # RFC 3463
    return f"{error.smtp_code} {detailed[0]}" if detailed else str(error.smtp_code)


def _said(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_line(error.smtp_error)}"


def _line(text: bytes | str) -> str:
    """What a mail server said, on one line, and not all of it if it talks a lot."""
    shown = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    return " ".join(shown.split())[:200]
