"""The noun Desk: what the staff's pages work with, made once and handed in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.mailing.outbox import Outbox
from chatbot.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The bot that answers patients, the store that all pages share, visitors' messages, and the settings."""

    bot: Bot
    store: Engine
    outbox: Outbox
    settings: Settings
