"""`python -m chatbot.migrations.draft "what changed"`: write the next version, from the tables that are declared."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

import chatbot
import chatbot.desk
from chatbot.migrations import migrate, newest
from chatbot.migrations.setup import config_of


def declare_all() -> None:
    """Import every module that may declare a table."""
    for package in (chatbot, chatbot.desk):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            if not module.ispkg:
                import_module(module.name)


def draft(what: str) -> None:
    """Write versions/NNNN_what.py: what an empty store of the newest version lacks."""
    declare_all()
    with create_engine("sqlite://", poolclass=StaticPool).begin() as connection:
        migrate(connection, newest())
        command.revision(config_of(connection), what, autogenerate=True, rev_id=f"{int(newest()) + 1:04}")


if __name__ == "__main__":
    draft(sys.argv[1])
