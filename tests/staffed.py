"""A clinic's staff, one person a role, as several test files need them; and a browser that is logged in as one."""

from __future__ import annotations

import re
from typing import get_args

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chatbot.desk.people import OWNER, add
from chatbot.desk.permissions import Person, Role

PASSWORD = "we met in the rain"
NAMES: dict[Role, str] = {"reader": "Rea Hall", "editor": "Ed Moss", "approver": "Ava Pine", "admin": "Ada Birch"}
ROLES: tuple[Role, ...] = get_args(Role)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def person(role: Role) -> Person:
    """The person of a role."""
    return Person(NAMES[role], role)


def add_staff(store: Engine) -> None:
    """Let all of them log in with PASSWORD."""
    for role, name in NAMES.items():
        add(store, OWNER, name, role, PASSWORD)


def visitor(server: FastAPI, address: str = "192.0.2.1", scheme: str = "http") -> TestClient:
    """A browser on a page of this server, where nobody is logged in."""
    base = f"{scheme}://testserver"
    return TestClient(server, base, client=(address, 5000), headers=SAME_ORIGIN, follow_redirects=False)


def form_token(client: TestClient) -> str:
    """The hidden field of the login form."""
    found = re.search(r'name="form" value="([^"]+)"', client.get("/staff/login").text)
    assert found is not None
    return found.group(1)


def try_to_log_in(client: TestClient, name: str, password: str = PASSWORD) -> int:
    """The status that the login form gets."""
    form = {"name": name, "password": password, "form": form_token(client)}
    return client.post("/staff/login", data=form).status_code


def logged_in(server: FastAPI, role: Role, scheme: str = "http") -> TestClient:
    """A browser in which the person of a role is logged in."""
    client = visitor(server, scheme=scheme)
    assert try_to_log_in(client, NAMES[role]) == 303
    return client
