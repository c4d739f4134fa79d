"""What of the clinic's own answers a patient may be given, and how one who asks for themselves is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chatbot.answer import Answer, cited, how_to_reach, with_quotes
from chatbot.desk.curated_match import CuratedMatch
from chatbot.question import Question
from chatbot.refer import CLEARS, DECIDES, NOT_LISTED
from chatbot.rules import Rules
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.withheld import is_withheld
from index.terms import terms

SAYS_YES = re.compile(r"\s*(?:yes|sure|of course|certainly|absolutely|you can|you may)\b", re.IGNORECASE)


def best_to_give(matches: Sequence[CuratedMatch], rules: Rules) -> CuratedMatch | None:
    """The first of the matches that is sure and may be given."""
    return next((one for one in matches if one.is_sure and may_be_given(one, rules)), None)


def may_be_given(match: CuratedMatch, rules: Rules) -> bool:
    """Whether its text holds nothing that is withheld by the rules of today: they may be newer than its approval."""
    passage = match.version.passage
    return not is_withheld(passage.document, passage.start, passage.end, rules.never_quoted_patterns)


def refer_with(question: Question, said: Triage, match: CuratedMatch, clinic: Clinic) -> Answer | None:
    """The clinic's own words for a question about somebody's own suitability, then who decides.

    None where they would be a yes, or say nothing of one of the conditions: then the documents' precautions are quoted.
    """
    version = match.version
    text = version.wording.text
    known = set(terms("\n".join([*version.wording.questions, text])))
    if SAYS_YES.match(text) or CLEARS.search(text.lower()):
        return None
    if any(known.isdisjoint(terms(condition)) for condition in said.conditions):
        return None
    note = " ".join(part for part in [NOT_LISTED, DECIDES, said.reply, how_to_reach(clinic)] if part)
    given = with_quotes(question, "referred", match.probability, [cited(match, 1)], note, clinic, said.rule)
    return replace(given, suggestions=(), matches=(match,))
