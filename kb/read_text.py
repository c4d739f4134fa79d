"""Plain text → parts: headings and lists are recognised by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from kb.compose import BARE_CAVEAT, Part, caveats, clean, quoted_questions

ITEM = re.compile(r"^(?P<indent>\s*)(?P<marker>[-*•‣◦–·]|\(?(?:\d{1,2}|[a-z])[.)])\s+(?P<text>\S.*)$")
UNDERLINE = re.compile(r"^\s*(={3,}|-{3,})\s*$")
QUOTED_QUESTIONS = re.compile(r"[ \t]*>[ \t]*questions?[ \t]*:", re.IGNORECASE)
QUOTE_MARK = re.compile(r"^[ \t]*>", re.MULTILINE)
# A block quote of questions, or a line longer than any margin, which is a whole paragraph.
UNBROKEN = re.compile(rf"^{QUOTED_QUESTIONS.pattern}.*(?:\n[ \t]*>.*)*|^.{{121,}}$", re.MULTILINE | re.IGNORECASE)
ADDRESS = re.compile(r"\]\(\s*([^)\s]+)|([^\s()\[\],;]{0,300}#[\w%-]+)")  # [see](file.md#heading), or the address alone
MAX_HEADING_WORDS = 14
MIN_LIST_ITEMS = 2


def read_text(text: str) -> list[Part]:
    """The parts of a plain text whose paragraphs are separated by empty lines, or are a long line each.

    A line that stands alone, is short and does not end as a sentence does is a heading when text follows
    it; a numbered one ("1. Repair") is a heading one level below the others. Several such lines after one that
    ends in ":" are a list. A line that begins with "Caveat:" is a caveat; lines that begin with ">", the first with
    "> Questions:", are the questions that a section answers.
    """
    text = UNBROKEN.sub(r"\n\g<0>\n", text)
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip()]
    blocks = _with_bullets(blocks)
    parts: list[Part] = []
    for position, lines in enumerate(blocks):
        following = blocks[position + 1] if position + 1 < len(blocks) else None
        before = parts[-1] if parts else None
        parts.extend(_block([line for line in lines if line.strip()], before, following))
    return parts


def _with_bullets(blocks: list[list[str]]) -> list[list[str]]:
    """The blocks, with a bullet before each of several short lines that follow a line that ends in ":"."""
    marked: list[list[str]] = []
    while len(marked) < len(blocks):
        marked.append(blocks[len(marked)])
        if marked[-1][-1].rstrip().endswith(":"):
            items = _bare_items(blocks[len(marked) :])
            if len(items) >= MIN_LIST_ITEMS:
                marked += [[f"- {item[0].strip()}"] for item in items]
    return marked


def _bare_items(blocks: list[list[str]]) -> list[list[str]]:
    return list(takewhile(lambda block: _is_bare_item(block) and _is_like(block, blocks[0]), blocks))


def _is_bare_item(block: list[str]) -> bool:
    """Whether a block is one short line that is no sentence, question, lead-in or marked item."""
    line = block[0].strip()
    return (
        len(block) == 1
        and len(line.split()) <= MAX_HEADING_WORDS
        and line[-1] not in ".!?:"
        and not ITEM.match(line)
        and not BARE_CAVEAT.match(line)
        and not QUOTED_QUESTIONS.match(line)
    )


def _is_like(block: list[str], first: list[str]) -> bool:
    """Whether a line begins with a capital, or is in capitals, as the first item does; else it may be a heading."""
    line, model = block[0].strip(), first[0].strip()
    return line[0].isupper() == model[0].isupper() and line.isupper() == model.isupper()


def _block(lines: list[str], before: Part | None, following: list[str] | None) -> Iterator[Part]:
    if QUOTED_QUESTIONS.match(lines[0]):
        text = QUOTE_MARK.sub("", "\n".join(lines))
        yield from quoted_questions(text, _addresses(text))
        return
    if len(lines) > 1 and UNDERLINE.match(lines[1]):
        yield Part("heading", lines[0], level=1 if "=" in lines[1] else 2)
        lines = lines[2:]
    elif len(lines) > 1 and _is_capitals(lines[0]):
        yield Part("heading", lines[0], level=2)
        lines = lines[1:]
    elif len(lines) == 1 and following and _is_heading(lines[0], before, following):
        yield Part("heading", lines[0].strip().rstrip(":"), level=3 if ITEM.match(lines[0]) else 2)
        return
    for part in _paragraphs(lines):
        yield from _without_caveat(part)


def _without_caveat(part: Part) -> Iterator[Part]:
    own, targets = caveats(part.text, _addresses(part.text))
    if own:
        yield replace(part, text=own)
    yield from (Part("caveat", target) for target in targets)


def _addresses(text: str) -> list[str]:
    """What a text with a caveat links to."""
    has_caveat = "caveat" in text.lower()  # most texts have none: look no further
    return [linked or bare for linked, bare in ADDRESS.findall(text) if has_caveat]


def _is_heading(line: str, before: Part | None, following: list[str]) -> bool:
    text = line.strip()
    if not text or len(text.split()) > MAX_HEADING_WORDS or text[-1] in ".!,;" or BARE_CAVEAT.match(text):
        return False
    numbered, next_numbered = ITEM.match(line), ITEM.match(following[0])
    if numbered:
        # "2. Repair" before a paragraph is a heading; before "3. ..." or right after the item "1. ..." it is an item of
        # a list with wide spacing.
        number, last = _number(numbered["marker"]), _number(before.marker if before and before.kind == "item" else "")
        return number is not None and not next_numbered and (last is None or number != last + 1)
    if text.endswith(":") and next_numbered:
        return False  # a lead-in belongs to its list
    return text[0].isupper() or text[0].isdigit() or not text[0].isascii()


def _number(marker: str) -> int | None:
    digits = marker.strip("().")
    return int(digits) if digits.isdecimal() else None


def _is_capitals(line: str) -> bool:
    return line.isupper() and len(line.split()) <= MAX_HEADING_WORDS and not ITEM.match(line)


def _paragraphs(lines: list[str]) -> Iterator[Part]:
    """Lines of one block → list items, with their continuation lines, and paragraphs."""
    current: Part | None = None
    for line in lines:
        item = ITEM.match(line)
        if item:
            if current:
                yield current
            marker = item["marker"] if item["marker"][-1] in ".)" else "-"
            current = Part("item", item["text"], level=1 + len(item["indent"].expandtabs(4)) // 2, marker=marker)
        elif current and (current.kind == "text" or line[:1].isspace() or not _ends(current.text)):
            current = Part(current.kind, f"{current.text} {line}", current.level, marker=current.marker)
        else:
            if current:
                yield current
            current = Part("text", line)
    if current and clean(current.text):
        yield current


def _ends(text: str) -> bool:
    return text.rstrip()[-1:] in ".!?:;"
