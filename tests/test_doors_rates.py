"""The doors count: who asks too much waits, nobody at another's cost, and an emergency is answered all the same."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ServerOf
from door_clients import BREATHE, FADES, client_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from chatbot.bot import Bot
from chatbot.settings import Limits, Settings
from chatbot.web.doors import server_options
from chatbot.web.rates import READS_FOR_EACH_ASK, URGENT_FOR_EACH_ASK


@dataclass
class Clock:
    """The time, which stands still until it is moved."""

    now: float = 1_800_000_010.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def strict(server_of: ServerOf, clock: Clock) -> FastAPI:
    """A server that answers a visitor 2 questions a minute, and all of them 5."""
    return server_of(Settings(limits=Limits(per_visitor_per_minute=2, overall_per_minute=5)))


def statuses(client: TestClient, body: dict[str, str], times: int) -> list[int]:
    return [client.post("/api/ask", json=body).status_code for _ in range(times)]


def test_a_visitor_who_asks_too_much_is_told_when_to_ask_again(strict: FastAPI, clock: Clock) -> None:
    client = client_of(strict)
    assert statuses(client, FADES, 2) == [200, 200]
    refused = client.post("/api/ask", json=FADES)
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    wait_s = int(refused.headers["retry-after"])
    assert 0 < wait_s <= 60
    assert f"Please ask again in {wait_s} seconds. In an emergency call 999 now." in refused.json()["detail"]
    clock.now += 121
    assert statuses(client, FADES, 1) == [200]


def test_one_visitor_does_not_use_up_what_another_may_ask(strict: FastAPI) -> None:
    assert statuses(client_of(strict), FADES, 9) == [200] * 2 + [429] * 7
    assert statuses(client_of(strict, "192.0.2.2"), FADES, 3) == [200, 200, 429]


def test_a_program_on_this_machine_is_not_counted_unless_it_passes_on_what_others_ask(strict: FastAPI) -> None:
    here = client_of(strict, "127.0.0.1")
    assert statuses(here, FADES, 8) == [200] * 8
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    assert [here.post("/api/ask", json=FADES, headers=passed_on).status_code for _ in range(3)] == [200, 200, 429]


def test_all_visitors_together_may_ask_only_so_much(strict: FastAPI) -> None:
    asked = [statuses(client_of(strict, f"192.0.2.{last}"), FADES, 1)[0] for last in range(7)]
    assert asked == [200] * 5 + [429] * 2


def test_an_emergency_is_answered_when_a_visitor_has_asked_too_much(strict: FastAPI) -> None:
    client = client_of(strict)
    statuses(client, FADES, 3)
    answer = client.post("/api/ask", json=BREATHE)
    assert (answer.status_code, answer.json()["urgency"]) == (200, "emergency")
    assert answer.json()["text"].startswith("Call 999 now")


def test_of_a_visitor_who_has_asked_too_much_a_long_text_is_not_read_to_its_end(strict: FastAPI) -> None:
    client = client_of(strict)
    statuses(client, FADES, 2)
    assert client.post("/api/ask", json={"question": f"I cannot breathe. {'red ' * 1000}"}).status_code == 200
    assert client.post("/api/ask", json={"question": f"{'red ' * 1000}. I cannot breathe."}).status_code == 429


def test_an_emergency_is_answered_when_all_together_have_asked_too_much(strict: FastAPI) -> None:
    for last in range(6):
        statuses(client_of(strict, f"192.0.2.{last}"), FADES, 1)
    assert client_of(strict, "192.0.2.99").post("/api/ask", json=BREATHE).json()["status"] == "urgent"


def test_emergencies_are_no_way_round_the_limit(strict: FastAPI, rose_bot: Bot) -> None:
    client = client_of(strict)
    found = statuses(client, BREATHE, 2 + 2 * URGENT_FOR_EACH_ASK + 3)
    assert found == [200] * (2 + 2 * URGENT_FOR_EACH_ASK) + [429] * 3
    assert "In an emergency call 999 now" in client.post("/api/ask", json=BREATHE).json()["detail"]
    assert client_of(strict, "192.0.2.2").post("/api/ask", json=BREATHE).status_code == 200


def test_reading_has_a_wider_bound_of_its_own(strict: FastAPI) -> None:
    client = client_of(strict)
    assert {client.get("/api/health").status_code for _ in range(2 * READS_FOR_EACH_ASK)} == {200}
    assert client.get("/api/health").status_code == 429
    assert statuses(client, FADES, 1) == [200]


def test_a_household_with_many_addresses_is_one_visitor(strict: FastAPI) -> None:
    first, second, other = "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"
    assert statuses(client_of(strict, first), FADES, 2) == [200, 200]
    assert statuses(client_of(strict, second), FADES, 1) == [429]
    assert statuses(client_of(strict, "::ffff:192.0.2.1"), FADES, 2) == [200, 200]
    assert statuses(client_of(strict, "192.0.2.1"), FADES, 1) == [429]
    assert statuses(client_of(strict, other), FADES, 1) == [200]


def test_no_address_is_kept_or_logged(strict: FastAPI, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_of(strict, "198.51.100.77")
    statuses(client, FADES, 4)
    client.get("/broken")
    assert "198.51.100.77" not in caplog.text
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [one for one in written if b"198.51.100.77" in one]


def test_nobodys_word_about_a_visitors_address_is_believed_unless_it_is_a_trusted_proxys() -> None:
    assert server_options(Settings())["proxy_headers"] is False
    options = server_options(Settings(trusted_proxies=("127.0.0.1",)))
    assert (options["proxy_headers"], options["forwarded_allow_ips"]) == (True, ["127.0.0.1"])
    assert (options["server_header"], options["ws"]) == (False, "none")
