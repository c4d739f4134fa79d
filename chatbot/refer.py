"""A question about one's own suitability → the documents' precautions, and who decides. Never yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chatbot.answer import Answer, how_to_reach, listed, nothing_about, with_quotes
from chatbot.question import Question
from chatbot.quote import MAX_QUOTES, choose, quote
from chatbot.reading.cross_encoder import CrossEncoder
from chatbot.scope import Keep, Scope
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.verify import Evidence, Gate, verify, weigh
from index.encode import Vectors
from index.search import Hit, search_vector
from index.store import StoredIndex
from index.terms import key_terms, terms
from kb.document import Passage

# How a text says that somebody should not be treated, should wait or must be looked at first ...
WARNS = re.compile(
    r"\b(?:should|must|may|can|do|does) ?(?:not|n[o’']t)\b|contra-?indicat|unsuitable|\bavoid|postpone|\bdefer|\bwait"
    r"|\bnot (?:be )?(?:suitable|recommended|advis|treat)|caution|\btell (?:us|the clinic|your)|\bdoctor|\brisk"
    r"|clinician|\bdecide|\breasons? (?:not|against|to)\b|\bnever\b|\bcareful|\bconsult|\bdarken|\bworse\b"
)
# ... and how it says the contrary, which is never shown to somebody who asks for themselves.
CLEARS = re.compile(
    r"\b(?:can|may) (?:still |safely )?(?:be treated|undergo|receive|have(?! an? (?:\w+ )?(?:cause|effect|reaction)))\b"
    r"|\b(?:is|are) (?:also )?(?:safe|suitable)\b|\bno (?:need|reason) to\b|\bsafe(?:ly)? (?:for|in)\b"
    r"|\bnot (?:an? )?(?:contra-?indicat|reason|risk|barrier)|\b(?:no|low|(?<!not )without|little) (?:added |extra "
    r"|increased )?risk|\bdoes not (?:rule out|prevent|exclude|increase)\b"
    r"(?! (?:an? |any )?(?:problem|infection|burn|complication))|\bwho (?:it|this) is suitable"
    r"|(?<!not )(?<!not be )(?<!never )(?<!not always )(?<!not usually )\bsuitable for\b"
)
# Lists and sentences of precautions as a whole, for a condition that no text mentions.
PRECAUTIONS = re.compile(
    r"who (?:should|can|may|must) ?(?:not|n[o’']t)|should not (?:have|be)\b|contra-?indicat|not suitable|postpone"
    r"|clinician.s decision|\bdo not have\b|reasons? (?:not|against)"
)
ALL_PRECAUTIONS = "who should not be treated: reasons against it, conditions, precautions"
K_WARNINGS = 32  # passages in which the conditions are looked for: reading every one of a large folder takes too long
MAX_GENERAL = 2  # of those, a treatment
MIN_RELATIVE_SCORE = 0.9  # a warning that scores less than this share of the best one is beside the point ...
MIN_PART_SCORE = 0.6  # ... unless it alone speaks of one of the conditions; then this share is enough
NOT_LISTED = "A condition that a document does not name is not thereby safe for you."
DECIDES = (
    "Only a clinician who knows your health can decide whether it is suitable for you. This page never says yes or no."
)


def refer(
    question: Question,
    said: Triage,
    subject: str,
    vector: Vectors,
    index: StoredIndex,
    about: Scope,
    gate: Gate,
    cross_encoder: CrossEncoder,
    keep: Keep,
    clinic: Clinic,
) -> Answer:
    """Quote what the documents say of the conditions, or their precautions as a whole, then refer to the clinician.

    `subject` is the question without the names of treatments; `vector` is the encoded question, shape (dim,).
    """

    def may_warn(passage: Passage) -> bool:
        return about.admits(passage) and WARNS.search(passage.context.lower()) is not None

    hits = search_vector(index.passages, vector, question.text, K_WARNINGS, may_warn)
    in_full = index.treatments.in_full(question.text)
    verdict = verify(in_full, subject, vector, hits, index.passages, gate, cross_encoder, keep)
    asked = _asked_keys(subject, said)
    weighed = weigh(subject, vector, hits, index.passages, keep)
    bearing = [evidence for evidence in weighed if evidence.covers & asked and _warns(evidence)]
    is_open = not about.is_named and len(index.covered) > 1
    per_treatment = max(len(said.conditions), 1) if is_open else MAX_QUOTES
    chosen = choose(_to_the_point(bearing), MAX_QUOTES, per_treatment)
    if not chosen:
        lists = [p for p in index.passages.passages.values() if may_warn(p) and PRECAUTIONS.search(p.context.lower())]
        every = [Hit(passage, 0.0, None, None) for passage in lists]
        chosen = choose(
            _general(weigh(ALL_PRECAUTIONS, vector, every, index.passages, keep)), MAX_QUOTES, per_treatment
        )
    is_covered = about.covered or not about.missing
    citations = quote(chosen, index, is_open) if chosen and is_covered else []
    note = _note(said, about, bearing, clinic)
    given = with_quotes(question, "referred", verdict.probability, citations, note, clinic, said.rule)
    return replace(given, suggestions=())  # what to do next is to ask the clinic


def _to_the_point(bearing: Sequence[Evidence]) -> list[Evidence]:
    """The warnings that fit about as well as the best one, and those that alone speak of a condition."""
    kept: list[Evidence] = []
    covered: set[str] = set()
    for evidence in bearing:
        min_share = MIN_PART_SCORE if evidence.covers - covered else MIN_RELATIVE_SCORE
        if evidence.score >= min_share * bearing[0].score:
            kept.append(evidence)
            covered |= evidence.covers
    return kept


def _asked_keys(subject: str, said: Triage) -> frozenset[str]:
    """The key terms of the question, as typed, that are about the person: the conditions said, if there are any."""
    of_conditions = {term for phrase in said.conditions for term in terms(phrase)}
    denied = {term for phrase in said.denied for term in terms(phrase)}
    keys = [key for key in key_terms(subject) if key.terms.isdisjoint(denied - of_conditions)]
    about_them = [key for key in keys if not key.terms.isdisjoint(of_conditions)]
    return frozenset(key.surface for key in (about_them if said.conditions else keys))


def _warns(evidence: Evidence) -> bool:
    """Whether what would be quoted is a warning: a sentence by itself, an item of a list with what leads into it."""
    passage = evidence.passage
    own = passage.document.text[evidence.start : evidence.end].lower()
    clears = CLEARS.search(f"{_lead_in(passage)}\n{own}" if passage.is_list else own)
    return clears is None and WARNS.search(_quoted(evidence)) is not None


def _lead_in(passage: Passage) -> str:
    """In lower case, what says what a list lists: its heading, and its text before the first item."""
    items = (p.start for p in passage.section.paragraphs if p.is_item and p.start >= passage.start)
    return f"{passage.headings[-1]}\n{passage.document.text[passage.start : next(items, passage.start)]}".lower()


def _quoted(evidence: Evidence) -> str:
    """In lower case, what would be quoted; a list with its heading, which says what it lists."""
    passage = evidence.passage
    if passage.is_list:
        return f"{passage.headings[-1]}\n{passage.text}".lower()
    return passage.document.text[evidence.start : evidence.end].lower()


def _general(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The precautions as a whole, of each treatment the nearest in meaning, whole lists before sentences."""
    said = [(e, _quoted(e)) for e in evidence if _warns(e)]
    precautions = [e for e, quoted in said if PRECAUTIONS.search(quoted) and not CLEARS.search(quoted)]
    ranked = sorted(precautions, key=lambda e: (not e.passage.is_list, -e.cosine))
    chosen: list[Evidence] = []
    for candidate in ranked:
        same = [e for e in chosen if e.passage.document.treatment == candidate.passage.document.treatment]
        if len(same) < MAX_GENERAL and all(e.passage.id != candidate.passage.id for e in same):
            chosen.append(replace(candidate, score=1.0))  # none is beside the point
    return chosen


def _note(said: Triage, about: Scope, bearing: Sequence[Evidence], clinic: Clinic) -> str:
    parts = [f"{nothing_about(about)}."] if about.missing else []
    covered = {term for evidence in bearing for term in terms(evidence.passage.context)}
    named = [phrase for phrase in said.conditions if phrase.isascii()]  # the documents' terms are English
    unknown = [phrase for phrase in named if covered.isdisjoint(terms(phrase))]
    if unknown:
        parts.append(f"Our documents do not name {listed(unknown, quoted=True)} among their precautions.")
    parts += [NOT_LISTED, DECIDES, said.reply, how_to_reach(clinic)]
    return " ".join(part for part in parts if part)
