"""Disputed claims: which of them the sentences of a document make, and the passages that dispute them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

from kb.document import Document, Paragraph, Passage, Section
from kb.load import load
from kb.split import FULL_STOP, sentences_of, split
from kb.treatment import known_treatments

CLAIMS = Path(__file__).with_name("claims.yaml")
DOCUMENTS = Path(__file__).with_name("documents")
MAX_BEFORE = 60  # characters before a wording in which a denial is looked for
LIST_NAME = re.compile(r"[A-Z]{2}[A-Z_]*")  # wordings are lower-case, the names of word lists upper-case
CLAUSE_START = re.compile(r"[,;:.()?!]|\b(?:and|but|while|whereas|that|which|who|so|yet)\b")
SAYS_YES = re.compile(r"(?:yes|absolutely|certainly|definitely|of course|indeed)\b")


class MissingDisputeError(LookupError):
    """A section that disputes a claim is not among the packaged documents: the claim must not be shown."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence as wordings read it: `text` is lower-case, and begins with what the sentence leans on.

    Its own words begin at `own`; a wording must reach beyond it.
    """

    text: str
    own: int


class Claim(BaseModel):
    """A claim, how vendors word it, and the id of the packaged section that disputes it.

    One that is `never` repeated is not quoted even with its dispute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    treatment: str
    section: str
    wordings: tuple[re.Pattern[str], ...]
    never: bool = False

    def is_made_by(self, statement: Statement, denials: re.Pattern[str]) -> bool:
        """Whether a wording stands in the statement's own words and is not denied in its clause."""
        return any(
            found.end() > statement.own and not denials.search(_clause_before(statement.text, found.start()))
            for wording in self.wordings
            for found in _all_matches(wording, statement.text)
        )


class Claims(BaseModel):
    """All of claims.yaml; a wrong field is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    denials: re.Pattern[str]
    claims: tuple[Claim, ...]

    @field_validator("claims")
    @classmethod
    def _treatments_are_known(cls, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        """A name that no document can have would silence a claim."""
        for claim in claims:
            if claim.treatment != known_treatments().canonical(claim.treatment):
                raise ValueError(f"claim {claim.id}: '{claim.treatment}' is no canonical name in treatments.yaml")
        return claims


@cache
def load_claims() -> Claims:
    """The claims of claims.yaml, the lists of words in their wordings filled in.

    Raises FileNotFoundError, with the remedy, when the file is missing: claims must not go undisputed.
    """
    if not CLAIMS.exists():
        raise FileNotFoundError(f"{CLAIMS}: the list of disputed claims is missing. Install the program again.")
    content: dict[str, Any] = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    words = {name: _any_of(entries) for name, entries in content.pop("words").items()}
    turns = _any_of(content.pop("turns"))
    content["denials"] = rf"\b(?:{_any_of(content['denials'])})"
    for claim in content["claims"]:
        claim["wordings"] = [_filled_in(wording, words, turns) for wording in claim["wordings"]]
    return Claims.model_validate(content)


def _any_of(entries: str) -> str:
    return re.sub(r"\s+\|\s+", "|", entries)


def _filled_in(wording: str, words: dict[str, str], turns: str) -> str:
    """The regular expression of a wording, its dots and the names of its lists replaced by what they stand for.

    A word of a list is a whole word: "pigmentation" is not in "hyperpigmentation", nor "acne" in "post-acne".
    """
    unknown = set(LIST_NAME.findall(wording)) - words.keys()
    if unknown:
        raise ValueError(f"{CLAIMS}: no list of words is named {', '.join(sorted(unknown))}. Add it under `words`.")
    wording = wording.replace(" ... ", rf"(?:(?!\b(?:{turns})\b)[^.;!?]){{1,120}}(?<!\w)")
    wording = wording.replace(" .. ", rf"[ :,]+(?:(?!(?:{turns})\b)[^\s.;!?]+ ){{0,4}}")
    return LIST_NAME.sub(lambda name: rf"(?<![\w-])(?:{words[name[0]]})(?!\w)", wording)


def disputes(document: Document, start: int, end: int) -> list[Passage]:
    """The passages that dispute the claims made in `document.text[start:end]`, those of a section together.

    They are of the packaged documents, whatever the folder is that the document comes from. Raises
    MissingDisputeError when they are not there.
    """
    sections = dict.fromkeys(claim.section for claim in claims_made(document, start, end))
    return [passage for section_id in sections for passage in packaged_disputes()[section_id]]


def is_unrepeatable(document: Document, start: int, end: int) -> bool:
    """Whether `document.text[start:end]` makes a claim that must not be quoted even with its dispute."""
    return any(True for _ in _made(document, start, end, [c for c in load_claims().claims if c.never]))


def claims_made(document: Document, start: int, end: int) -> list[Claim]:
    """The claims that the sentences of `document.text[start:end]` make, in the order of claims.yaml.

    A sentence from a clinic or a clinical source makes none, nor does the document that disputes them.
    """
    made = {claim.id for claim in _made(document, start, end, load_claims().claims)}
    return [claim for claim in load_claims().claims if claim.id in made]


def disputing_sections() -> frozenset[str]:
    """The ids of the packaged sections that dispute claims. They restate them: one is quoted whole or not at all."""
    return frozenset(claim.section for claim in load_claims().claims)


def _made(document: Document, start: int, end: int, candidates: Sequence[Claim]) -> Iterator[Claim]:
    treatment = document.treatment and known_treatments().canonical(document.treatment)
    about = [claim for claim in candidates if claim.treatment == treatment]
    if document.id in {section_id.partition("#")[0] for section_id in disputing_sections()}:
        return
    for statement in _statements(document, start, end) if about else ():
        yield from (claim for claim in about if claim.is_made_by(statement, load_claims().denials))


def _statements(document: Document, start: int, end: int) -> Iterator[Statement]:
    """The sentences of `document.text[start:end]` that no clinic or clinical source vouches for."""
    for section in document.sections:
        for paragraph in section.paragraphs if section.start < end and start < section.end else ():
            if paragraph.start < end and start < paragraph.end:
                part = replace(paragraph, start=max(start, paragraph.start), end=min(end, paragraph.end))
                for first, last in sentences_of(document.text, part):
                    if not _is_vouched_for(document, first, last):
                        yield _statement(document, section, paragraph, first, last)


def _is_vouched_for(document: Document, start: int, end: int) -> bool:
    """Whether a clinic or a clinical source stands behind a sentence. Where a document does not say which of its
    sources each sentence is from, a vendor among them may be behind any.
    """
    kinds = {source.kind for source in document.sources_of(start, end)}
    return bool(kinds & {"clinic", "clinical"}) and (bool(document.marks) or "vendor" not in kinds)


def _statement(document: Document, section: Section, paragraph: Paragraph, start: int, end: int) -> Statement:
    """The sentence with what it leans on: "Yes" answers its heading, and "Eye bags" is a claim in a list under "What
    it treats".
    """
    own = _plain(document.text[start:end])
    heading = f"{_plain(section.headings[-1])}: " if section.headings else ""
    if SAYS_YES.match(own):
        return Statement(heading + own, own=0)
    if not _leans(document.text, paragraph):
        return Statement(own, own=0)
    before = [p for p in section.paragraphs if p.end <= paragraph.start and not _leans(document.text, p)]
    lead = heading + "".join(_plain(document.text[p.start : p.end]) + " " for p in before[-1:])
    return Statement(lead + own, len(lead))


def _leans(text: str, paragraph: Paragraph) -> bool:
    """A list item, or a line that ends neither as a statement nor as a lead-in."""
    stops = FULL_STOP.search(text, paragraph.start, paragraph.end) or text[paragraph.end - 1] in ":?"
    return paragraph.is_item or not stops


def _plain(text: str) -> str:
    """Lower case, one form for each character, no apostrophes, plain hyphens, "e.g." without its stops."""
    text = re.sub(r"(?<=\w)['’](?=\w)", "", unicodedata.normalize("NFKC", text).lower())
    text = re.sub(r"\b(e|i)\.\s?(g|e)\.", r"\1\2", re.sub(r"[‐-―−]", "-", text))
    return " ".join(text.split())


def _all_matches(wording: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match, those that begin inside another among them: the first may be denied, the second not."""
    found = wording.search(text)
    while found:
        yield found
        found = wording.search(text, found.start() + 1)


def _clause_before(text: str, end: int) -> str:
    return CLAUSE_START.split(text[max(0, end - MAX_BEFORE) : end])[-1]


@cache
def packaged_disputes() -> dict[str, list[Passage]]:
    """Section id → its passages, for each section that disputes a claim."""
    wanted = {claim.section: claim for claim in load_claims().claims}
    found: dict[str, list[Passage]] = {}
    for document in load(DOCUMENTS).documents if DOCUMENTS.is_dir() else ():
        sections = tuple(section for section in document.sections if section.id in wanted)
        for passage in split(replace(document, sections=sections)):
            found.setdefault(passage.section.id, []).append(replace(passage, document=document))
    for missing in wanted.keys() - found.keys():
        raise MissingDisputeError(
            f"{DOCUMENTS}: no section {missing} disputes the claim '{wanted[missing].id}'. "
            f"Correct its `section` in {CLAIMS}, or install the program again."
        )
    return found
