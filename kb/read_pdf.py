"""PDF → parts with page numbers: headings by size and weight of type, paragraphs by the gaps between lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pdfplumber
from pdfplumber.utils.text import extract_words

from kb.compose import Part, clean
from kb.read_text import ITEM, MAX_HEADING_WORDS

HEADING_SCALE = 1.15  # type this much larger than the body's is a heading
PARAGRAPH_GAP = 1.45  # lines further apart than this many usual steps begin a new paragraph
MARGIN = 0.08  # running heads and feet stand in this share of the page, above and below
MIN_REPEATS = 3
GUTTER = 12  # points; the white band between two columns is at least this wide,
GUTTER_ZONE = (0.3, 0.7)  # and stands in this share of the page's width;
MAX_CROSSING = 0.2  # no more than this share of the lines cross it,
MIN_BOTH_SIDES = 0.5  # at least this share has words on both its sides,
MIN_COLUMN_WORDS = 3  # and as many on each in the middle of them; fewer are the cells of a table


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
    for raw in _in_reading_order(page.extract_text_lines(return_chars=True), page.width):
        chars = [char for char in raw["chars"] if not char["text"].isspace()]
        if not chars or not clean(raw["text"]):
            continue
        yield _Line(
            text=clean(raw["text"]) + ("\u00ad" if raw["text"].endswith("\u00ad") else ""),
            page=page.page_number,
            size=round(median(char["size"] for char in chars), 1),
            bold=all("bold" in char["fontname"].lower() for char in chars),
            top=raw["top"],
            in_margin=raw["top"] < page.height * MARGIN or raw["bottom"] > page.height * (1 - MARGIN),
        )


def _in_reading_order(lines: list[dict[str, Any]], width: float) -> Iterator[dict[str, Any]]:
    """The lines of a page; of two columns first the left one's, then the right one's, between lines that cross both."""
    gutter = _gutter([_words(line["chars"]) for line in lines], width)
    if gutter is None:
        yield from lines
        return
    columns: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for line in lines:
        if _crosses(_words(line["chars"]), gutter):
            yield from (*columns[0], *columns[1], line)
            columns = ([], [])
        else:
            for column, half in zip(columns, _halves(line, gutter), strict=True):
                column += half
    yield from (*columns[0], *columns[1])


def _words(chars: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = extract_words(chars)
    return words


def _gutter(lines: list[list[dict[str, Any]]], width: float) -> float | None:
    """Where the white band between two columns of text begins, in points from the left; None for one column."""
    first, last = (int(width * share) for share in GUTTER_ZONE)
    found = [(_crossings(lines, x), x) for x in range(first, last - GUTTER) if _parts_columns(lines, x)]
    return min(found)[1] if found else None


def _crossings(lines: list[list[dict[str, Any]]], x: float) -> int:
    return sum(_crosses(words, x) for words in lines)


def _crosses(words: list[dict[str, Any]], x: float) -> bool:
    return any(word["x0"] < x + GUTTER and word["x1"] > x for word in words)


def _parts_columns(lines: list[list[dict[str, Any]]], x: float) -> bool:
    clear = [words for words in lines if not _crosses(words, x)]
    left = [sum(word["x1"] <= x for word in words) for words in clear]
    both = [(count, len(words) - count) for count, words in zip(left, clear, strict=True) if 0 < count < len(words)]
    return (
        bool(both)
        and len(clear) >= len(lines) * (1 - MAX_CROSSING)
        and len(both) >= len(lines) * MIN_BOTH_SIDES
        and all(median(counts) >= MIN_COLUMN_WORDS for counts in zip(*both, strict=True))
    )


def _halves(line: dict[str, Any], gutter: float) -> Iterator[list[dict[str, Any]]]:
    """The line left and right of the gutter, each as a list of one line, or of none."""
    sides = [char["x0"] >= gutter for char in line["chars"]]
    for side in (False, True):
        chars = [char for char, is_right in zip(line["chars"], sides, strict=True) if is_right is side]
        text = " ".join(word["text"] for word in _words(chars))
        yield [{**line, "text": text, "chars": chars}] if text else []


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
    words = {word for line in lines for word in re.findall(r"\w+", line.text.lower())}
    current: Part | None = None
    previous: _Line | None = None
    for line in lines:
        opened = _open(line, body, levels)
        if current and previous and _continues(current, opened, previous, line, step):
            current = replace(current, text=_join(current.text, opened.text, words))
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
    overleaf = line.page != previous.page or line.top < previous.top  # or at the top of the next column
    if opened.kind == "heading" or current.kind == "heading":
        same = opened.kind == current.kind and opened.level == current.level
        return same and not overleaf and line.top - previous.top <= step * PARAGRAPH_GAP * 1.5
    if opened.kind == "item":
        return False
    if overleaf:
        return current.text[-1] not in ".!?:" and line.text[0].islower()
    return line.top - previous.top <= step * PARAGRAPH_GAP


def _join(text: str, more: str, words: Container[str]) -> str:
    """Two lines as one. A hyphen at the end of a line goes when the document has the word without it; a soft one goes
    always.
    """
    if text.endswith("\u00ad"):
        return text[:-1] + more
    if re.search(r"\w-$", text) and not re.match(r"(and|or|to)\b", more):
        joined = "".join(re.findall(r"(\w+)-$", text) + re.findall(r"^\w+", more)).lower()
        return (text[:-1] if joined in words else text) + more
    return f"{text} {more}"
