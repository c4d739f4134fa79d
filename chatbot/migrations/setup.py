"""How Alembic is told where it is."""

from __future__ import annotations

from alembic.config import Config
from sqlalchemy import Connection

from chatbot.migrations import FOLDER


def config_of(connection: Connection) -> Config:
    """Alembic's settings, over a connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
