"""PDF → parts with page numbers: headings by size and weight of type, paragraphs by the gaps between lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pdfplumber

from kb.compose import Part, clean
from kb.read_text import ITEM, MAX_HEADING_WORDS

HEADING_SCALE = 1.15  # type this much larger than the body's is a heading
PARAGRAPH_GAP = 1.45  # lines further apart than this many usual steps begin a new paragraph
MARGIN = 0.08  # running heads and feet stand in this share of the page, above and below
MIN_REPEATS = 3


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int
    size: float
    bold: bool
    top: float  # points from the top of the page
    in_margin: bool


def read_pdf(path: Path) -> list[Part]:
    """The parts of a PDF; each knows the page, from 1, on which it begins.

    Raises whatever the PDF library raises for an encrypted or damaged file; a scan gives no parts.
    """
    with pdfplumber.open(path) as pdf:
        lines = [line for page in pdf.pages for line in _lines(page)]
    lines = list(_without_running_heads(lines))
    if not lines:
        return []
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0]
    larger = sorted({line.size for line in lines if line.size > body * HEADING_SCALE}, reverse=True)
    return list(_parts(lines, body, {size: level for level, size in enumerate(larger, start=1)}))


def _lines(page: Any) -> Iterator[_Line]:
    for raw in page.extract_text_lines(return_chars=True):
        chars = [char for char in raw["chars"] if not char["text"].isspace()]
        if not chars or not clean(raw["text"]):
            continue
        yield _Line(
            text=clean(re.sub("\u00ad$", "-", raw["text"])),  # a soft hyphen shows at the end of a line
            page=page.page_number,
            size=round(median(char["size"] for char in chars), 1),
            bold=all("bold" in char["fontname"].lower() for char in chars),
            top=raw["top"],
            in_margin=raw["top"] < page.height * MARGIN or raw["bottom"] > page.height * (1 - MARGIN),
        )


def _without_running_heads(lines: list[_Line]) -> Iterator[_Line]:
    """Leave out page numbers, and what the margins of several pages repeat."""
    shapes = {(_shape(line), line.page) for line in lines if line.in_margin}
    repeats = Counter(shape for shape, _ in shapes)
    min_repeats = min(MIN_REPEATS, max(2, lines[-1].page if lines else 0))  # both pages of two
    for line in lines:
        shape = _shape(line)
        is_number = re.fullmatch(r"(page )?#( ?(of|/) ?#)?", shape.lower()) is not None
        if not (line.in_margin and (is_number or repeats[shape] >= min_repeats)):
            yield line


def _shape(line: _Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _parts(lines: list[_Line], body: float, levels: dict[float, int]) -> Iterator[Part]:
    step = _usual_step(lines)
    current: Part | None = None
    previous: _Line | None = None
    for line in lines:
        opened = _open(line, body, levels)
        if current and previous and _continues(current, opened, previous, line, step):
            current = replace(current, text=_join(current.text, opened.text))
        else:
            if current:
                yield current
            current = opened
        previous = line
    if current:
        yield current


def _usual_step(lines: list[_Line]) -> float:
    """The median distance from one line to the next, in points."""
    steps = [below.top - line.top for line, below in pairwise(lines) if below.page == line.page]
    return median(step for step in steps if step > 0) if any(step > 0 for step in steps) else 12.0


def _open(line: _Line, body: float, levels: dict[float, int]) -> Part:
    """The part that this line would begin."""
    short = len(line.text.split()) <= MAX_HEADING_WORDS and line.text[-1] not in ".,;:"
    item = ITEM.match(line.text)
    if line.size in levels:
        return Part("heading", line.text, levels[line.size], line.page)
    if line.bold and short and not item and line.size >= body:
        return Part("heading", line.text, len(levels) + 1, line.page)
    if item:
        marker = item["marker"] if item["marker"][-1] in ".)" else "-"
        return Part("item", item["text"], 1, line.page, marker)
    return Part("text", line.text, 1, line.page)


def _continues(current: Part, opened: Part, previous: _Line, line: _Line, step: float) -> bool:
    if opened.kind == "heading" or current.kind == "heading":
        same = opened.kind == current.kind and opened.level == current.level
        return same and line.page == previous.page and line.top - previous.top <= step * PARAGRAPH_GAP * 1.5
    if opened.kind == "item":
        return False
    if line.page != previous.page:
        return current.text[-1] not in ".!?:" and line.text[0].islower()
    return line.top - previous.top <= step * PARAGRAPH_GAP


def _join(text: str, more: str) -> str:
    """Two lines as one; a word broken at the end of the line is mended."""
    if re.search(r"[a-z]-$", text) and more[:1].islower():
        return text[:-1] + more
    return f"{text} {more}"
