"""The index of the shipped documents with the real encoder: made once in a run, since that takes half a minute."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from index.build import build_index
from index.encode import load_encoder
from index.store import index_home

DOCUMENTS = Path(__file__).parent.parent / "kb" / "documents"
_made = TemporaryDirectory(prefix="shipped")  # until the end of the run


@cache
def _index() -> Path:
    home = Path(_made.name) / "home"
    build_index(DOCUMENTS, home, load_encoder())
    return home


def put_index(home: Path) -> None:
    """Copy it to where a program looks for the index of these documents."""
    shutil.copytree(_index(), home, dirs_exist_ok=True)


def put_index_under(indexes: Path) -> None:
    """Copy it below the folder that a program keeps all its indexes in."""
    put_index(index_home(indexes, DOCUMENTS))
