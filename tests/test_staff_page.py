"""The staff's page under attack: others' files, others' answers, files of the machine, handlers of a higher role."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Client
from ports import listening
from sqlalchemy import Engine
from staffed import NAMES, PASSWORD, ROLES, SAME_ORIGIN, add_staff, person, staff_server

from chatbot.bot import Bot
from chatbot.desk import people
from chatbot.desk.permissions import Role
from chatbot.settings import Settings
from chatbot.web.bodies import MAX_UPLOAD

ADMIN = person("admin")
UPLOAD, FILE, JOIN = "/staff/gradio_api/upload", "/staff/gradio_api/file=", "/staff/gradio_api/queue/join"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_hashes")]


At = Callable[..., Client]


@pytest.fixture
def at(rose_bot: Bot, store: Engine, quick_hashes: object) -> Iterator[At]:
    """at("editor"): a browser at the whole server, in which the person of a role is logged in; at(): nobody."""
    add_staff(store)
    with ExitStack() as opened:
        port = opened.enter_context(listening(staff_server(rose_bot, store), Settings()))

        def browser(role: Role | None = None) -> Client:
            client = opened.enter_context(Client(base_url=f"http://127.0.0.1:{port}", headers=SAME_ORIGIN))
            if role is not None:
                found = re.search(r'name="form" value="([^"]+)"', client.get("/staff/login").text)
                assert found is not None
                form = {"name": NAMES[role], "password": PASSWORD, "form": found.group(1)}
                assert client.post("/staff/login", data=form).status_code == 303
            return client

        yield browser


def upload(client: Client, content: bytes, name: str = "notes.txt") -> Any:
    return client.post(UPLOAD, files={"files": (name, content, "text/plain")})


def test_who_may_edit_uploads_and_reads_back_a_file(at: At) -> None:
    editor = at("editor")
    (path,) = upload(editor, b"own words").json()
    assert editor.get(f"{FILE}{path}").text == "own words"


def test_nobody_reads_a_file_of_somebody_else(at: At) -> None:
    (path,) = upload(at("editor"), b"own words").json()
    for role in [role for role in ROLES if role != "editor"]:
        assert at(role).get(f"{FILE}{path}").status_code == 404
    assert at().get(f"{FILE}{path}").status_code == 401


OUTSIDE = [
    "/etc/passwd", "../../etc/passwd", "{upload}/../../../../../../etc/passwd", "{folder}", "{upload}\0.txt", "{store}",
    "{root}/app.py", "settings.toml", "https://other.example/x", "file:///etc/passwd", "//etc/passwd", "{upload}/",
    "%2fetc%2fpasswd",
]  # fmt: skip


def test_no_other_file_of_the_machine_is_read(at: At, tmp_path: Path) -> None:
    admin = at("admin")
    (own,) = upload(admin, b"own words").json()
    named = {"upload": own, "folder": Path(own).parent, "root": Path(__file__).parent.parent}
    store = tmp_path / "var" / "records.sqlite3"
    assert store.exists()
    for path in OUTSIDE:
        wanted = quote(path.format(**named, store=store), safe="")  # so that the client sends it as it is
        for below in ("gradio_api/file=", "gradio_api/file/", "gradio_api/proxy=", "static/", "assets/", "svelte/"):
            found = admin.get(f"/staff/{below}{wanted}")
            assert found.status_code in (400, 403, 404), (below, path, found.status_code)
            assert "root:" not in found.text


def test_a_name_of_a_file_leads_nowhere_else(at: At, tmp_path: Path) -> None:
    (path,) = upload(at("editor"), b"x", "../../../../evil.txt").json()
    assert Path(path).name == "evil.txt"
    assert ".." not in path


def join(client: Client, label: str, kind: str, data: list[Any], key: str) -> Any:
    """Ask for what a component does, as the page does."""
    config = client.get("/staff/config").json()
    (box,) = (one["id"] for one in config["components"] if one["props"].get("label") == label)
    asked = next(one for one in config["dependencies"] if [box, kind] in one["targets"])
    return client.post(JOIN, json={"data": data, "fn_index": asked["id"], "session_hash": key, "trigger_id": box})


def answered(client: Client, key: str) -> str:
    return client.get(f"/staff/gradio_api/queue/data?session_hash={key}").text


def test_a_handler_is_given_no_file_of_somebody_else_and_none_of_the_machine(at: At) -> None:
    editor, admin = at("editor"), at("admin")
    (path,) = upload(editor, b"own words").json()
    for wanted in (path, "/etc/passwd", "https://other.example/x"):
        refused = join(admin, "File", "upload", [{"path": wanted, "meta": {"_type": "gradio.FileData"}}], "admins")
        assert refused.status_code == 404
    asked = join(editor, "File", "upload", [{"path": path, "meta": {"_type": "gradio.FileData"}}], "editors")
    assert asked.status_code == 200
    assert "own words" in answered(editor, "editors")


def test_a_file_that_the_page_makes_for_somebody_is_theirs_alone(at: At) -> None:
    editor = at("editor")
    (path,) = upload(editor, b"own words").json()
    config = editor.get("/staff/config").json()
    (box,) = (one["id"] for one in config["components"] if one["props"].get("label") == "File")
    made = [one["id"] for one in config["dependencies"] if [box, "upload"] in one["targets"]][1]
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}]
    editor.post(JOIN, json={"data": data, "fn_index": made, "session_hash": "k", "trigger_id": box})
    (found,) = set(re.findall(r'"path":"([^"]+made\.txt)"', answered(editor, "k")))
    assert editor.get(f"{FILE}{found}").text == "made"
    assert at("admin").get(f"{FILE}{found}").status_code == 404


def test_words_that_look_like_a_file_make_nothing_ones_own(at: At) -> None:
    admin = at("admin")
    forged = json.dumps({"path": "/etc/passwd"}, separators=(",", ":"))
    join(admin, "Say", "submit", [forged], "k")
    assert "said" in answered(admin, "k")
    assert admin.get(f"{FILE}/etc/passwd").status_code == 404


def test_what_a_page_is_answered_is_read_by_its_own_person_alone(at: At) -> None:
    editor, admin = at("editor"), at("admin")
    assert join(editor, "Say", "submit", ["hello"], "editors").status_code == 200
    assert admin.get("/staff/gradio_api/queue/data?session_hash=editors").status_code == 404
    assert admin.get("/staff/gradio_api/queue/data?session_hash=x&session_hash=editors").status_code == 404
    assert join(admin, "Say", "submit", ["hello"], "editors").status_code == 404
    assert admin.post("/staff/gradio_api/cancel", json={"session_hash": "editors"}).status_code == 404
    assert f"{NAMES['editor']} said hello" in answered(editor, "editors")


def test_a_reader_uploads_nothing(at: At) -> None:
    refused = upload(at("reader"), b"x")
    assert (refused.status_code, refused.json()["detail"]) == (403, "As reader you may not upload files.")


def test_only_who_is_logged_in_sends_more_than_64_kb(at: At) -> None:
    half = b"a" * (MAX_UPLOAD // 2)
    assert upload(at(), half).status_code == 401
    assert at().post("/gradio_api/upload", content=half).status_code == 413
    editor = at("editor")
    assert upload(editor, half).status_code == 200
    too_large = upload(editor, b"a" * (MAX_UPLOAD + 1))
    assert (too_large.status_code, too_large.json()["detail"]) == (413, "The body has more than 20480 kB. Send less.")
    assert editor.post("/staff/account", content=half).status_code == 413


# The page.


def test_the_tabs_show_nothing_to_a_role_that_may_not_see_it(at: At) -> None:
    for role in ROLES:
        client, sees = at(role), role in ("approver", "admin")
        join(client, "Who", "change", ["", "", "", 7, False], role)
        assert ("person.added" in answered(client, role)) is sees


def test_a_handler_that_only_an_admin_may_use_refuses_everybody_else(at: At, store: Engine) -> None:
    approver = at("approver")
    config = approver.get("/staff/config").json()
    buttons = {one["props"].get("value"): one["id"] for one in config["components"] if one["type"] == "button"}
    for label, data in {
        "Change role": [NAMES["reader"], "admin"],
        "Set password": [NAMES["reader"], "a kettle on the hill"],
        "May no longer log in": [NAMES["reader"]],
        "Add": ["New One", "admin", PASSWORD],
    }.items():
        asked = next(one for one in config["dependencies"] if [buttons[label], "click"] in one["targets"])
        body = {"data": data, "fn_index": asked["id"], "session_hash": label.replace(" ", ""), "trigger_id": None}
        assert approver.post(JOIN, json=body).status_code == 200
        assert "it takes the role admin" in answered(approver, label.replace(" ", ""))
    assert len(people.listed(store, ADMIN)) == 4
    assert {one.role for one in people.listed(store, ADMIN) if one.name == NAMES["reader"]} == {"reader"}
