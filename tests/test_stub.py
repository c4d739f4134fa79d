"""The beginning of a document: it can be read, asks for an answer, and is nothing that a patient could be given."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked import NOW, ask_once
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.gaps import Gaps
from chatbot.desk.permissions import Person
from chatbot.desk.stub import Stub, stub_of
from chatbot.mailing.outbox import Outbox
from chatbot.settings import Settings
from kb.check import check
from kb.load import load
from kb.split import split

HOSTILE = "xx: 'voucher' # [a](javascript:alert(1)) · <b> | - *x* \"y\" ---"


def stub_for(bot: Bot, store: Engine, *texts: str) -> Stub:
    for text in texts:
        ask_once(store, text)
    desk = Desk(bot, store, Outbox(store, None, 30), Settings())
    (gap,) = Gaps(desk).ranked(Person("Ann", "editor"), NOW)
    return stub_of(gap)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def test_as_long_as_nobody_has_written_an_answer_it_is_no_document(rose_bot: Bot, store: Engine, folder: Path) -> None:
    stub = stub_for(rose_bot, store, "xx voucher?")
    (folder / stub.path).write_text(stub.text, encoding="utf-8")
    assert load(folder).documents == ()
    assert stub.path in [problem.path for problem in check(folder)]


def test_with_an_answer_it_is_a_document_that_is_found_by_the_questions(
    rose_bot: Bot, store: Engine, folder: Path
) -> None:
    stub = stub_for(rose_bot, store, "xx voucher for a chemical peel?", "xx vouchers")
    (folder / stub.path).write_text(f"{stub.text}\nVouchers are sold at the desk.\n", encoding="utf-8")
    (document,) = load(folder).documents
    (section,) = document.sections
    assert (document.treatment, document.audience, document.reviewed_by) == ("Chemical peel", "patient", None)
    assert set(section.questions) == {"xx voucher for a chemical peel?", "xx vouchers"}
    assert [passage.text for passage in split(document)] == ["Vouchers are sold at the desk."]


def test_what_a_patient_typed_changes_neither_front_matter_nor_headings(
    rose_bot: Bot, store: Engine, folder: Path
) -> None:
    stub = stub_for(rose_bot, store, HOSTILE, "id: x\ntitle: y xx")
    (folder / stub.path).write_text(f"{stub.text}\nAn answer.\n", encoding="utf-8")
    (document,) = load(folder).documents
    assert document.id == stub.path.removesuffix(".md")
    assert [passage.text for passage in split(document)] == ["An answer."]
    assert "/" not in stub.path


def test_a_redacted_question_is_no_question_to_find_it_by(rose_bot: Bot, store: Engine) -> None:
    stub = stub_for(rose_bot, store, "xx voucher", "I am [name], xx voucher")
    assert "[name]" not in stub.text
    assert "> Questions: xx voucher\n" in stub.text
