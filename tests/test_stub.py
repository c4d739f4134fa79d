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
from chatbot.outbox import Outbox
from chatbot.settings import Settings
from kb.check import check
from kb.load import load
from kb.split import split


@pytest.fixture
def stub_for(rose_bot: Bot, store: Engine) -> object:
    def make(*texts: str) -> Stub:
        for text in texts:
            ask_once(store, text)
        desk = Desk(rose_bot, store, Outbox(store, None, 30), Settings())
        (gap,) = Gaps(desk).ranked(Person("Ann", "editor"), NOW)
        return stub_of(gap)

    return make


HOSTILE = "xx: 'voucher' # [a](javascript:alert(1)) · <b> | - *x* \"y\""
