"""The desk of Rose Clinic with curated answers, as several test files use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk.curated import approve, write
from chatbot.desk.curated_live import LiveCurated
from chatbot.desk.curated_wording import Version, Wording
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.mailing.outbox import Outbox
from chatbot.settings import Settings
from chatbot.verify import Gate

# Only the key terms count: a variant whose key terms are all asked, and of which none is missing, is meant.
BY_WORDS = Gate(weights={"left": -40.0, "missed": -40.0, "shared": 4.0}, bias=3.0, min_probability=0.7, reason="test")
READER, EDITOR = Person("Rita", "reader"), Person("Ed", "editor")
APPROVER, ADMIN = Person("Ann", "approver"), Person("Ada", "admin")
DUE = date(2999, 1, 31)
PARKING = Wording(
    questions=("Where can I park?", "Is there parking at the clinic?"),
    text="There are six free spaces behind the building.",
    treatment=None,
    audience="patient",
    owner="Reception",
    review_due=DUE,
    source="The building's manager",
    address="https://building.example/parking",
)
PEEL_PRICE = replace(
    PARKING, questions=("What does a chemical peel cost?",), text="A peel costs ninety pounds.",
    treatment="Chemical peel", source="The price list", address=None,
)  # fmt: skip
DOOR_CODE = replace(
    PARKING, questions=("What is the code of the staff door?",), text="The code is on the board in the kitchen.",
    audience="staff",
)  # fmt: skip


def desk_of(bot: Bot, store: Engine) -> Desk:
    """The desk, and in it the bot with what is approved at the desk."""
    bot = replace(bot, curated=LiveCurated(store, bot.encoder, gate=BY_WORDS))
    return Desk(bot, store, Outbox(store, None, keep_days=30), Settings(clinic=bot.clinic))


def approved(desk: Desk, wording: Wording) -> Version:
    """A wording that was written and approved."""
    version = write(desk, wording, EDITOR)
    approve(desk, version.id, version.number, APPROVER)
    return version
