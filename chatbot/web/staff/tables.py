"""What several tabs of the desk share: tables, and a file for the browser to keep."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr
from gradio.context import Context

STYLE = """<style>
.told :is(table, tr) { border: 0 !important; }
.told table { border-collapse: collapse; width: 100%; margin: .3rem 0 .8rem; font-size: .92rem; }
.told th, .told td { text-align: left; vertical-align: top; padding: .3rem .6rem; overflow-wrap: anywhere;
  min-width: 4.5rem; border: 0 !important; border-bottom: 1px solid var(--border-color-primary) !important; }
.told td.number, .told th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.told caption { text-align: left; font-weight: 600; padding: .3rem .6rem .3rem 0; }
.told h3 { font-size: 1.05rem; font-weight: 700; margin: .8rem 0 .3rem; }
.told summary { cursor: pointer; padding: .3rem 0; }
.told .scrolled { max-height: 22rem; overflow-y: auto; }
.told .line { white-space: pre-wrap; }
.told th { white-space: nowrap; }
.told .words { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 4px solid var(--color-accent);
  padding: .2rem .8rem; margin: .4rem 0; }
.told a { color: var(--link-text-color); text-decoration: underline; }
.told .tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: .2rem 0 .6rem; }
.told .tile { flex: 1 1 8rem; border: 1px solid var(--border-color-primary); border-radius: 8px; padding: .5rem .8rem; }
.told .tile b { display: block; font-size: 1.45rem; font-variant-numeric: tabular-nums; }
.told .urgent { background: #b91c1c; color: #fff; border-radius: 6px; padding: .1rem .5rem; font-weight: 700; }
</style>"""
# The text is made into a file in the browser: nothing of it is written on the server.
SAVE = """(name, text) => {
  if (!text) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv;charset=utf-8'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""


def table(header: Sequence[str], rows: Iterable[Sequence[str | int]], caption: str = "") -> str:
    """A table as HTML, every cell escaped; numbers stand on the right."""
    lines = [f"<tr>{''.join(_cell(cell, 'td') for cell in row)}</tr>" for row in rows]
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in header)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cell(cell: str | int, tag: str) -> str:
    return f"<{tag} class='number'>{cell:,}</{tag}>" if isinstance(cell, int) else f"<{tag}>{escape(cell)}</{tag}>"


def told(*parts: str) -> str:
    """HTML with the style of these tabs."""
    return f"{STYLE}<div class='told'>{''.join(parts)}</div>"


def local(at: datetime) -> str:
    """A moment of the store, which is in UTC without saying so, in this computer's time zone."""
    return f"{at.replace(tzinfo=UTC).astimezone():%d %b %Y, %H:%M}"


def this_tab() -> gr.Tab:
    """The tab that is being filled."""
    tab = Context.block
    assert isinstance(tab, gr.Tab), "a tab's function is called inside its gr.Tab"
    return tab
