"""Tables as CSV for a spreadsheet: marked as UTF-8, and with no cell that it would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

BOM = "\ufeff"  # without it, Excel reads UTF-8 as the computer's own old encoding
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Cell = str | int | float | None


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as text, to be written as UTF-8. None is an empty cell."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(map(_harmless, header))
    writer.writerows(map(_harmless, row) for row in rows)
    return BOM + text.getvalue()


def _harmless(cell: Cell) -> Cell:
    """What a person wrote, with an apostrophe where a spreadsheet would compute it; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(STARTS_FORMULA) else cell
