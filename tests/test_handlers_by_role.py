"""Every handler of the staff's page, called over HTTP by each role and by nobody: it does for a role what that may.

The caller opened the page as an admin, and chose in it what the handler is about; the role was taken away since. So
nothing but the role is wrong with a call that is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import rows_of
from handlers import CALLER, HANDLERS, SECRET, filled_desk, page_of
from staff_visit import JOIN, RUN, Visit
from staffed import ROLES, SAME_ORIGIN

from chatbot.desk import people
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import LEAST, RANK
from chatbot.store import metadata

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with filled_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def visit(desk: Desk) -> Iterator[Visit]:
    with page_of(desk) as visit:
        yield visit


def everything(desk: Desk) -> Any:
    """All that a call could change."""
    tables = {name: rows_of(desk.store, table) for name, table in metadata.tables.items() if name != "sessions"}
    library = desk.settings.library
    return tables, sorted(library.rglob("*")), (library / "CURRENT").read_text()


def test_the_table_has_every_handler_of_the_page_and_no_other(visit: Visit) -> None:
    assert visit.numbers.keys() == HANDLERS.keys()


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_does_for_each_role_what_it_may_and_nothing_for_others(name: str, visit: Visit, desk: Desk) -> None:
    handler = HANDLERS[name]
    least = LEAST[handler.least]
    people.change_role(desk.store, people.OWNER, CALLER.name, "admin")
    data, event = handler.given(visit, desk)
    bodies = [visit.body(number, data, event) for number in visit.numbers[name]]  # the same one, used in several places
    for role in ROLES:
        people.change_role(desk.store, people.OWNER, CALLER.name, role)
        before = everything(desk)
        for body in bodies:
            if RANK[role] >= RANK[least]:
                reply = visit.queue(body)
                assert "you may not" not in reply.text
                assert role != least or reply.error is None
                assert role != least or not handler.is_quiet or SECRET in reply.text.lower()
                continue
            for reply in (visit.queue(body), visit.run(body)):
                refusal = None if handler.is_quiet else f"As {role} you may not do that: it takes the role {least}."
                assert reply.error == refusal
                assert (reply.data is None) is not handler.is_quiet
                assert SECRET not in reply.text.lower()
            assert everything(desk) == before


def test_nobody_calls_any_handler(visit: Visit, desk: Desk) -> None:
    before = everything(desk)
    for names in visit.numbers.values():
        for number in names:
            for path in (JOIN, RUN):
                body = visit.body(number, [])
                nobody = visit.client.post(path, json=body, headers={**SAME_ORIGIN, "Cookie": "staff="})
                assert nobody.status_code == 401
    assert everything(desk) == before
