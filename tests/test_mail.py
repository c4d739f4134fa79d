"""Mail to the clinic, against a real mail server: taken, refused, too slow, secure; no header of a visitor's words."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from threading import Event, Thread

import pytest
import trustme
from mail_server import PASSWORD, SENDER, TO, USER, MailServer, certified, serving
from ports import free_port

from chatbot.mailing.email_address import is_email_address
from chatbot.mailing.mail import Mail, MailError, as_mail
from chatbot.mailing.message import Exchange, Message
from chatbot.settings import MailSettings, SettingsError

RECEIPT = "K7F-2QX"
MESSAGE = Message(
    id="0b3f",
    conversation=None,
    name="Zoë Nightingale",
    contact="zoe@visitor.example",
    text="Hello,\n.could you call me? 你好\nFrom me",
    transcript=(Exchange("Is it red?", "Redness fades. [1]"), Exchange("And then?", "Our documents do not say.")),
    consented_at=datetime(2026, 11, 24, 22, 5, tzinfo=UTC),
)
LOGIN = {"user": USER, "password_variable": "ROSE_PASSWORD"}
ENVIRONMENT = {"ROSE_PASSWORD": PASSWORD}


def failure_of(mail: Mail, message: Message = MESSAGE) -> MailError:
    with pytest.raises(MailError) as caught:
        mail.send(message, RECEIPT)
    for words in (message.name, message.contact, "你好", "Redness fades", PASSWORD):
        assert words not in str(caught.value)
    return caught.value


def test_the_clinic_gets_the_message_with_whom_to_answer_and_the_conversation_below(server: MailServer) -> None:
    Mail(server.settings()).send(MESSAGE, RECEIPT)
    (mail,) = server.taken
    assert mail["Subject"] == "Message K7F-2QX from your web site"
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (SENDER, TO, "zoe@visitor.example")
    assert mail["Date"].datetime == MESSAGE.consented_at
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == (
        "A visitor of your web site sends you message K7F-2QX.\n\n"
        "Name: Zoë Nightingale\nContact: zoe@visitor.example\nAgreed to sending this to you: 2026-11-24 22:05 UTC\n\n"
        "Hello,\n.could you call me? 你好\nFrom me\n\n"
        "------------------------------------------------------------\n"
        "The conversation before it, as the visitor's browser gave it:\n\n"
        "The visitor asked:\nIs it red?\n\nThe program answered:\nRedness fades. [1]\n\n"
        "The visitor asked:\nAnd then?\n\nThe program answered:\nOur documents do not say.\n"
    )


def test_the_envelope_has_the_settings_addresses_and_nothing_of_the_visitors(server: MailServer) -> None:
    Mail(server.settings()).send(MESSAGE, RECEIPT)
    (envelope,) = server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [TO])


def test_what_is_urgent_is_in_the_subject_and_in_the_first_lines(server: MailServer) -> None:
    Mail(server.settings()).send(replace(MESSAGE, urgency="same_day"), RECEIPT)
    (mail,) = server.taken
    assert mail["Subject"] == "Message K7F-2QX from your web site [same day]"
    assert "took it for urgent (same day), and told them what to do." in mail.get_content().splitlines()[1]


def test_a_message_that_comes_twice_is_the_same_mail() -> None:
    settings = MailServer(25).settings()
    first, again = as_mail(MESSAGE, RECEIPT, settings), as_mail(MESSAGE, RECEIPT, settings)
    assert first.as_bytes() == again.as_bytes()
    assert first["Message-ID"] == "<0b3f@rose.example>"


@pytest.mark.parametrize(
    "contact",
    [
        "020 7946 0000",
        "me@x.example, all@rose.example",
        "Zoë <zoe@visitor.example>",
        "zoe@visitor.example\nBcc: all@rose.example",
        "zoe@visitor.example\r\n\r\nHello",
        "zoe@visitor.example\u2028Bcc: all@rose.example",
        '"a b"@x.example',
        "zoë@visitor.example",
        "zoe@visitor",
        "zoe..n@visitor.example",
        f"{'z' * 250}@visitor.example",
    ],
)
def test_a_contact_that_is_not_one_address_and_nothing_else_is_in_no_header(contact: str) -> None:
    assert not is_email_address(contact)
    settings = MailServer(25).settings()
    mail = as_mail(replace(MESSAGE, contact=contact), RECEIPT, settings)
    assert set(as_mail(MESSAGE, RECEIPT, settings)) - set(mail) == {"Reply-To"}
    assert len(mail.items()) == len(set(mail))


@pytest.mark.parametrize(
    "words",
    [
        "Bcc: all@rose.example",
        "\nBcc: all@rose.example\n",
        "\r\n.\r\nMAIL FROM:<x@y.example>\r\n",
        "\u2028.",
        "a" * 3000,
    ],
)
def test_no_words_of_a_visitor_make_a_header_another_recipient_or_a_second_mail(words: str, server: MailServer) -> None:
    forged = replace(MESSAGE, name=words, contact=words, text=words, transcript=(Exchange(words, words),))
    Mail(server.settings()).send(forged, RECEIPT)
    (mail,), (envelope,) = server.taken, server.envelopes
    assert envelope.rcpt_tos == [TO]
    assert [name for name in mail if name in ("Bcc", "Cc", "Reply-To")] == []
    assert max(len(line) for line in (envelope.original_content or b"").splitlines()) < 998  # RFC 5322, 2.1.1


def test_every_address_that_can_be_a_reply_to_is_read_back_as_it_was() -> None:
    for address in ("a@b.example", "first.last+tag@sub.rose.example", "!#$%&'*+/=?^_`{|}~-@b.example"):
        mail = as_mail(replace(MESSAGE, contact=address), RECEIPT, MailServer(25).settings())
        read = message_from_bytes(mail.as_bytes(), policy=default)
        assert [one.addr_spec for one in read["Reply-To"].addresses] == [address]


@pytest.mark.parametrize(
    ("refuse", "reply", "said"),
    [
        ("refuse_address", "550 5.1.1 no such user", "refused the address (550 5.1.1 no such user). Check [mail] to."),
        ("refuse_address", "450 try later", "refused the address (450 try later)"),
        ("refuse_sender", "553 not yours", "refused the sender (553 not yours). Check [mail] sender."),
    ],
)
def test_what_the_server_refuses_is_said_with_what_to_check(
    refuse: str, reply: str, said: str, server: MailServer
) -> None:
    setattr(server, refuse, reply)
    error = failure_of(Mail(server.settings()))
    assert said in str(error)
    assert not error.is_about_message
    assert server.taken == []


def test_a_message_that_the_server_will_not_have_is_told_from_a_server_that_takes_none(server: MailServer) -> None:
    server.refuse_message = "554 5.7.1 spam: Zoë Nightingale zoe@visitor.example"
    error = failure_of(Mail(server.settings()))
    assert str(error) == f"the mail server localhost:{server.port} refused this message (554 5.7.1)."
    assert error.is_about_message


def test_a_server_that_is_down_is_said_with_what_to_check() -> None:
    error = failure_of(Mail(MailServer(free_port()).settings()))
    assert "cannot be reached" in str(error)
    assert "Check [mail] host and port." in str(error)


def test_a_name_that_does_not_exist_is_said_with_what_to_check() -> None:
    assert "Check [mail] host" in str(failure_of(Mail(MailServer(25).settings(host="mail.invalid"))))


def test_a_server_that_takes_too_long_for_a_reply_is_given_up(server: MailServer) -> None:
    server.pause_s = 5.0
    started = time.monotonic()
    assert "timed out" in str(failure_of(Mail(server.settings(), step_s=0.3)))
    assert time.monotonic() - started < 3


@contextmanager
def dripping(greeting: bytes, tls: ssl.SSLContext | None) -> Iterator[int]:
    """A server that greets, and then says one character every tenth of a second, for ever; gives its port."""
    stop = Event()

    def drip(listening: socket.socket) -> None:
        accepted, _ = listening.accept()
        with tls.wrap_socket(accepted, server_side=True) if tls else accepted as connection:
            connection.sendall(greeting)
            while not stop.wait(0.1):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=drip, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        stop.set()
        thread.join()


def test_a_server_that_does_not_greet_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "timed out" in str(failure_of(Mail(MailServer(port).settings(), step_s=0.3)))


def test_nothing_is_sent_once_all_the_time_is_over(server: MailServer) -> None:
    assert "took too long" in str(failure_of(Mail(server.settings(), whole_s=0.0)))
    assert server.taken == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_never_ends_its_reply_is_cut_off(security: str, authority: trustme.CA) -> None:
    with dripping(b"220 welcome\r\n", certified(authority) if security == "tls" else None) as port:
        started = time.monotonic()
        failure_of(Mail(MailServer(port).settings(security=security), whole_s=1.0))
        assert time.monotonic() - started < 5


def test_what_the_server_took_is_sent_however_it_says_goodbye() -> None:
    said: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 welcome\r\n")
            in_message = False
            for line in lines:
                said.append(line)
                if line.upper().startswith(b"QUIT"):
                    time.sleep(1)
                    return
                in_message = line.upper() == b"DATA\r\n" or (in_message and line != b".\r\n")
                if not in_message or line.upper() == b"DATA\r\n":
                    connection.sendall(b"354 go on\r\n" if in_message else b"250 OK\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve, args=(listening,))
        thread.start()
        Mail(MailServer(listening.getsockname()[1]).settings(), step_s=0.3).send(MESSAGE, RECEIPT)
        thread.join()
    assert said[-1].upper() == b"QUIT\r\n"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_message_goes_encrypted_and_after_the_login(security: str, authority: trustme.CA) -> None:
    tls, starttls = (certified(authority), None) if security == "tls" else (None, certified(authority))
    with serving(tls=tls, starttls=starttls, login=True) as server:
        Mail(server.settings(security=security, **LOGIN), ENVIRONMENT).send(MESSAGE, RECEIPT)
        assert len(server.taken) == 1
        assert server.users == [USER]


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("wrong", ["nobody trusts the authority", "another name"])
def test_a_certificate_that_is_not_to_be_trusted_gets_neither_password_nor_message(
    security: str, wrong: str, authority: trustme.CA, request: pytest.FixtureRequest
) -> None:
    if wrong == "another name":
        request.getfixturevalue("trusted")
    context = certified(authority, "localhost" if wrong.startswith("nobody") else "other.example")
    tls, starttls = (context, None) if security == "tls" else (None, context)
    with serving(tls=tls, starttls=starttls, login=True) as server:
        error = failure_of(Mail(server.settings(security=security, **LOGIN), ENVIRONMENT))
        assert "is not to be trusted (" in str(error)
        assert (server.taken, server.users) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_message() -> None:
    with serving(login=True) as server:
        error = failure_of(Mail(server.settings(security="starttls", **LOGIN), ENVIRONMENT))
        assert "STARTTLS" in str(error)
        assert "Check [mail] security" in str(error)
        assert (server.taken, server.users) == ([], [])


def test_tls_on_a_port_without_it_says_which_port_is_for_which(server: MailServer) -> None:
    error = failure_of(Mail(server.settings(security="tls")))
    assert 'port 465 is for "tls", 587 for "starttls"' in str(error)


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_with_the_name_of_the_variable(authority: trustme.CA) -> None:
    with serving(starttls=certified(authority), login=True) as server:
        wrong = {"ROSE_PASSWORD": "sesame"}
        error = failure_of(Mail(server.settings(security="starttls", **LOGIN), wrong))
        assert "refused the login (535" in str(error)
        assert "Check [mail] user and the password in ROSE_PASSWORD." in str(error)
        assert "sesame" not in str(error)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [({}, "is not set"), ({"ROSE_PASSWORD": ""}, "is not set"), ({"ROSE_PASSWORD": "öffne dich"}, "cannot send")],
    ids=["missing", "empty", "not ASCII"],
)
def test_a_password_that_cannot_be_used_is_said_before_anything_is_sent(
    environment: dict[str, str], reason: str
) -> None:
    settings: MailSettings = MailServer(25).settings(security="tls", **LOGIN)
    with pytest.raises(SettingsError, match="ROSE_PASSWORD") as caught:
        Mail(settings, environment)
    assert reason in str(caught.value)
    assert "dich" not in str(caught.value)
