"""Document → Passages: whole sentences and whole lists of one section, with offsets into the document's text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from sentencex import segment

from kb.document import Document, Paragraph, Passage, Section

# A passage is about what the encoder reads at once (256 word pieces, some 1 000 characters) less its headings.
MAX_PASSAGE_CHARS = 700
MARKER = re.compile(r"\s*(?:[-*•]|\(?(?:\d{1,2}|[a-z])[.)])\s+")
FULL_STOP = re.compile(r"[.!…][)\]\"'”’]*\Z")
Span = tuple[int, int]


def split(document: Document) -> list[Passage]:
    """The passages of a document, in its order. Together they hold every paragraph, each once.

    A list, with the sentence that leads into it, is one passage however long it is: a list of
    contraindications that is cut in half is dangerous. Other text is cut between sentences only.
    """
    return [
        Passage(
            id=f"{section.id}.{number}" if number > 1 else section.id,  # no anchor holds a full stop
            document=document,
            section=section,
            start=sentences[0][0],
            end=sentences[-1][1],
            sentences=tuple(sentences),
            is_list=is_list,
            page=page,
        )
        for section in document.sections
        for number, (sentences, is_list, page) in enumerate(_pieces(document.text, section), start=1)
    ]


def _pieces(text: str, section: Section) -> Iterator[tuple[list[Span], bool, int | None]]:
    for group in _groups(text, section.paragraphs):
        if group[-1].is_item:
            spans = [span for paragraph in group for span in sentences_of(text, paragraph)]
            spans[0] = (group[0].start, spans[0][1])  # a list without a lead-in keeps its first marker
            yield spans, True, group[0].page
        else:
            for sentences in _within_size([span for p in group for span in sentences_of(text, p)]):
                yield sentences, False, next(p.page for p in group if sentences[0][0] < p.end)


def _groups(text: str, paragraphs: tuple[Paragraph, ...]) -> Iterator[list[Paragraph]]:
    """Runs of paragraphs that stay together: a list with its lead-in, or plain paragraphs one after another."""
    group: list[Paragraph] = []
    for paragraph in paragraphs:
        if group and paragraph.is_item and not group[-1].is_item:
            # The last paragraph leads into the list unless it ends as a statement; what stands before it does not.
            lead_in = [] if FULL_STOP.search(text, group[-1].start, group[-1].end) else [group.pop()]
            if group:
                yield group
            group = lead_in
        elif group and group[-1].is_item and not paragraph.is_item:
            yield group
            group = []
        group.append(paragraph)
    if group:
        yield group


def sentences_of(text: str, paragraph: Paragraph) -> list[Span]:
    """A list item is one unit; a paragraph is cut into sentences by the sentencex library."""
    if paragraph.is_item:
        marker = MARKER.match(text, paragraph.start, paragraph.end)
        return [(marker.end() if marker else paragraph.start, paragraph.end)]
    spans, start = [], paragraph.start
    for sentence in segment("en", text[paragraph.start : paragraph.end]):
        end = start + len(sentence)
        stripped = start + len(sentence) - len(sentence.lstrip()), start + len(sentence.rstrip())
        if stripped[0] < stripped[1]:
            spans.append(stripped)
        start = end
    return spans


def _within_size(sentences: list[Span]) -> Iterator[list[Span]]:
    """Whole sentences in pieces of about equal length; a single longer sentence stands alone."""
    length = sentences[-1][1] - sentences[0][0]
    target = length / math.ceil(length / MAX_PASSAGE_CHARS)
    piece: list[Span] = []
    for sentence in sentences:
        if piece and sentence[1] - piece[0][0] > target:
            yield piece
            piece = []
        piece.append(sentence)
    yield piece
