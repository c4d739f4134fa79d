"""Answer → what a page shows of it: parts in their order, sources that open to the quote, and what to choose next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

from chatbot.answer import Answer
from chatbot.citation import Citation, section_name
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.web.numbers import Run, runs
from chatbot.withheld import Piece, pieces_of
from kb.document import Source, SourceKind

LEFT_OUT = "[…]"
ITEM = "- "

Kind = Literal["about", "quote", "dispute", "note", "now", "do", "worse", "sign", "why", "text"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer that can be shown by itself.

    `about` is the treatment of the quotes below it, `quote` and `dispute` quote the citation of that number, `note`
    stands after the quotes. Of an urgent answer, `now` is what to do now, each `do` what to do meanwhile, `worse` the
    line above the signs that are worse, each `sign` one of them, and `why` the reason. `text` is any other answer.
    """

    kind: Kind
    runs: tuple[Run, ...]
    citation: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The part as the stream has it: only numbers that can be dialled have a `tel`."""
        said = [{"text": run.text} | ({"tel": run.tel} if run.tel else {}) for run in self.runs]
        return {"kind": self.kind, "runs": said} | ({"citation": self.citation} if self.citation else {})


@dataclass(frozen=True, slots=True)
class SourceName:
    """What a source is called, and its address where that is one of the web."""

    name: str
    address: str | None


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A citation opened: the quote with what may be shown around it in its section, and where its facts come from.

    `before + quote + after` is the section, with "[…]" where something in it is withheld. `kind` is that of the first
    of the sources that `names` has.
    """

    number: int
    title: str
    section: str
    page: int | None
    before: str
    quote: str
    after: str
    kind: SourceKind | None
    names: tuple[SourceName, ...]
    reviewed_by: str | None
    caveat: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A question to ask next, and the words on its button."""

    label: str
    question: str


def parts(answer: Answer, clinic: Clinic) -> list[Part]:
    """The answer's text in pieces that can be shown one after the other."""
    if answer.status == "urgent":
        return list(_urgent(answer.text, clinic))
    if not answer.citations:
        return [Part("text", runs(answer.text, clinic))]
    quoted = [part for citation in answer.citations for part in _quoted(citation)]
    return [*quoted, Part("note", runs(answer.note, clinic))] if answer.note else quoted


def _urgent(text: str, clinic: Clinic) -> Iterator[Part]:
    """What to do now, the lists with the line above the second, and why this is said."""
    now, *middle, why = [line for line in text.splitlines() if line]
    yield Part("now", runs(now, clinic))
    item: Kind = "do"
    for line in middle:
        if not line.startswith(ITEM):
            item = "sign"
        kind = item if line.startswith(ITEM) else "worse"
        yield Part(kind, runs(line.removeprefix(ITEM), clinic))
    yield Part("why", runs(why, clinic))


def _quoted(citation: Citation) -> Iterator[Part]:
    if citation.about and not citation.caveat:
        yield Part("about", (Run(citation.about),))
    yield Part("dispute" if citation.caveat else "quote", (Run(citation.quote),), citation.number)


def sources(answer: Answer) -> list[ShownSource]:
    """Each citation, opened."""
    return [_opened(citation) for citation in answer.citations]


def _opened(citation: Citation) -> ShownSource:
    document = citation.passage.document
    before, after = around(citation)
    return ShownSource(
        number=citation.number,
        title=document.title,
        section=section_name(citation.passage),
        page=citation.passage.page,
        before=before,
        quote=citation.quote,
        after=after,
        kind=citation.sources[0].kind,
        names=tuple(SourceName(source.name, web_address(source)) for source in citation.sources),
        reviewed_by=document.reviewed_by,
        caveat=citation.caveat,
    )


def web_address(source: Source) -> str | None:
    """The address of a source, where it is one that a page may link to."""
    is_web = source.address is not None and source.address.startswith(("https://", "http://"))
    return source.address if is_web else None


def around(citation: Citation) -> tuple[str, str]:
    """What stands before and after the quote in its section, of which only what a patient may be shown."""
    document, section = citation.passage.document, citation.passage.section
    pieces = pieces_of(document, section, load_rules().never_quoted_patterns)
    before = _shown(document.text, section.start, citation.start, pieces)
    return before, _shown(document.text, citation.end, section.end, pieces)


def _shown(text: str, start: int, end: int, pieces: Sequence[Piece]) -> str:
    """`text[start:end]`, each run of pieces that are withheld left out, and where they stood marked."""
    inside = [(max(first, start), min(last, end), out) for first, last, out in pieces if first < end and start < last]
    withheld = [(is_out, list(run)) for is_out, run in groupby(inside, key=lambda piece: piece[2])]
    shown = [LEFT_OUT if is_out else text[run[0][0] : run[-1][1]] for is_out, run in withheld]
    edges = [start, *(edge for _, run in withheld for edge in (run[0][0], run[-1][1])), end]
    gaps = [text[first:last] for first, last in list(pairwise(edges))[::2]]
    return "".join(gap + part for gap, part in zip(gaps, [*shown, ""], strict=True))


def choices(answer: Answer) -> list[Choice]:
    """What to ask next; where that is the question again with a day, the day alone is its label."""
    return [Choice(_label(suggestion, answer), suggestion) for suggestion in answer.suggestions]


def _label(suggestion: str, answer: Answer) -> str:
    return suggestion.removeprefix(f"{answer.question} (").removesuffix(")") if answer.asks_day else suggestion
