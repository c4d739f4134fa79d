"""HTML → parts. Markdown and DOCX are turned into HTML by their libraries and take the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from kb.compose import QUESTIONS, Part, caveats, clean, quoted_questions

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
SKIPPED = ["script", "style", "nav", "header", "footer", "template", "noscript", "svg", "iframe"]
CONTROLS = ["button", "input", "select", "textarea", "option"]
CONTENT = ["main", "article", "section", "aside", "blockquote"]  # their headers and footers are not the page's
BLOCKS = [
    "address",
    "article",
    "aside",
    "blockquote",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "legend",
    "main",
    "p",
    "pre",
    "section",
    "summary",
]
LAYOUT = "table, td h1, td h2, td h3, td h4, td h5, td h6"  # a table with one of these only arranges the page
MAX_BOLD_HEADING_WORDS = 12
TEXT = Part("text", "")


def read_html(html: str) -> list[Part]:
    """The parts of a page's main content, in reading order; navigation, scripts and controls are left out."""
    soup = BeautifulSoup(html, "lxml")
    articles = soup.select("article")
    main = soup.select_one("main") or (articles[0] if len(articles) == 1 else soup.body) or soup
    for tag in main.find_all([*SKIPPED, *CONTROLS]):
        if not _is_content(tag):
            tag.decompose()
    for line_break in main.find_all("br"):
        line_break.replace_with("\n")
    for block in main.find_all([*HEADINGS, *BLOCKS, "li", "td", "th"]):
        block.append("\n")  # so that the words of one block never run into those of the next
    return list(_walk(main))


def _is_content(tag: Tag) -> bool:
    """Whether this is the header or footer of a part of the text, or a header with a title; a page's holds its menu."""
    if tag.name not in {"header", "footer"}:
        return False
    return tag.find_parent(CONTENT) is not None or (tag.name == "header" and tag.find(list(HEADINGS)) is not None)


def page_title(html: str) -> str:
    """The page's <title>, or an empty string."""
    title = BeautifulSoup(html, "lxml").title
    return clean(title.get_text()) if title else ""


def _walk(tag: Tag) -> Iterator[Part]:
    """The parts of a block; text that stands directly in it is a paragraph."""
    loose: list[PageElement] = []
    for child in tag.children:
        if isinstance(child, Tag) and (child.name in HEADINGS or _is_block(child)):
            yield from _paragraph(loose)
            loose = []
            yield from _block(child)
        elif not _is_comment(child):
            loose.append(child)
    yield from _paragraph(loose)


def _is_block(tag: Tag) -> bool:
    return tag.name in {"ul", "ol", "table", *BLOCKS} or tag.find([*HEADINGS, "p", "ul", "ol", "table"]) is not None


def _block(tag: Tag) -> Iterator[Part]:
    if tag.name in HEADINGS:
        yield Part("heading", tag.get_text(), HEADINGS[tag.name])
    elif tag.name in {"ul", "ol"}:
        yield from _list(tag, level=1)
    elif tag.name == "table" and not tag.select_one(LAYOUT):
        yield from _table(tag)
    elif tag.name == "p" and _is_questions(tag):
        yield from quoted_questions(tag.get_text(), [str(link["href"]) for link in _links(tag)])
    elif tag.name == "p" and _is_bold_heading(tag):
        yield Part("heading", tag.get_text(), level=6)
    else:
        yield from _walk(tag)


def _paragraph(elements: Iterable[PageElement], part: Part = TEXT) -> Iterator[Part]:
    """The elements as one part, or as what its caveats leave of it."""
    found = list(elements)
    text = "".join(element.get_text() for element in found)
    links = [str(link["href"]) for element in found for link in _links(element)]
    own, targets = caveats(text, links)
    if clean(own):
        yield replace(part, text=own)
    yield from (Part("caveat", target) for target in targets)


def _links(element: PageElement) -> list[Tag]:
    if not isinstance(element, Tag):
        return []
    return [link for link in (element, *element.find_all("a", href=True)) if link.name == "a" and link.get("href")]


def _is_questions(tag: Tag) -> bool:
    """Whether a paragraph lists the questions that a section answers: anywhere but in a block quote it is text."""
    return tag.parent is not None and tag.parent.name == "blockquote" and bool(QUESTIONS.match(tag.get_text()))


def _is_bold_heading(tag: Tag) -> bool:
    """A short paragraph that is bold as a whole: how people make headings in Word without styles.

    One that ends in ":" leads into what follows.
    """
    text = clean(tag.get_text())
    bold = clean("".join(part.get_text() for part in tag.find_all(["strong", "b"])))
    return bool(text) and text == bold and len(text.split()) <= MAX_BOLD_HEADING_WORDS and text[-1] not in ".,;:"


def _list(tag: Tag, level: int) -> Iterator[Part]:
    start = str(tag.get("start", ""))
    number = int(start) if start.isdecimal() else 1
    for child in tag.children:
        if isinstance(child, Tag) and child.name == "li":
            nested = child.find_all(["ul", "ol"], recursive=False)
            own = [part for part in child.children if part not in nested and not _is_comment(part)]
            yield from _paragraph(own, Part("item", "", level, marker=f"{number}." if tag.name == "ol" else "-"))
            number += 1
            for inner in nested:
                yield from _list(inner, level + 1)
        elif isinstance(child, Tag) and child.name in {"ul", "ol"}:
            yield from _list(child, level + 1)  # beside its item instead of in it
        elif isinstance(child, Tag):
            yield from _block(child)
        elif not _is_comment(child):
            yield from _paragraph([child])


def _is_comment(child: object) -> bool:
    return isinstance(child, NavigableString) and type(child) is not NavigableString


def _table(tag: Tag) -> Iterator[Part]:
    """A row is an item, "first cell: second cell"; in wider tables each cell carries its column's name.

    The names of the columns lead into the rows: "Do not treat" may be one of them.
    """
    if caption := tag.find("caption"):
        yield from _paragraph([caption])
    rows = [[clean(cell.get_text()) for cell in row.find_all(["td", "th"])] for row in tag.find_all("tr")]
    first = tag.find("tr")
    has_header = first is not None and first.find("td") is None and len(rows) > 1
    header = rows.pop(0) if has_header else []
    if any(header):
        yield Part("text", _row(header[0], header[1:]))
    for row in filter(any, rows):
        cells = row[1:]
        if len(row) > 2 and len(header) == len(row):
            cells = [f"{name} {cell}" for name, cell in zip(header[1:], row[1:], strict=True) if cell]
        yield Part("item", _row(row[0], cells))


def _row(first: str, others: list[str]) -> str:
    rest = "; ".join(cell for cell in others if cell)
    return ": ".join(part for part in (first, rest) if part)
