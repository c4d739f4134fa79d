"""Follow-up questions: "and how long does that last?" → the question as it would be asked alone.

There is no language model in it: word lists say what a question lacks, and that is taken from the person's own earlier
words. docs/decisions/0011-follow-ups.md tells the rules with examples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatbot.question import Question
from index.terms import ASKING, STOP_WORDS, key_terms, words
from kb.treatment import Treatments

# Words that key_terms() keeps and that yet say nothing without an earlier question: when, how much, more than what.
# "How long will it stay like that" is about whatever was asked before; so is "riskier?".
WHEN_OR_MORE = frozenset(
    """
    after afterward afterwards beforehand before between inbetween till day days week weeks month months hour hours
    minute minutes stay stays come comes matter matters bit lot first third another either neither too aswell also
    guess anyway then tho though u apart often common likely severe serious permanent work riskier safer better worse
    longer shorter quicker faster cheaper dearer stronger ones definite normally roughly notice away chance chances odds
    quickly slowly fast enough average forever problem reason true myth early late point limit strict twice percentage
    rare exception exceptions reversible guaranteed
    """.split()
) | {"how long results last"}  # a concept of "how long does that last", whatever "that" is
# The same of verbs without an object: "can I put it on?", "how do I treat it?" (which has the concept "used for").
WITHOUT_OBJECT = frozenset(
    """
    apply applied avoid bother cause caused causes clear cover cure cured cures dangerous disappear fade fades fix
    fixed forget harmful improve leave leaves noticeable prevent put reduce remove removed repeat repeated return rid
    skip speed spread treated visible wear worried worry
    """.split()
) | {"used for"}
LASERS = frozenset(["laser", "lasers", "lazer"])  # no subject: one of the lasers that were named, or any
SAYS_NOTHING = STOP_WORDS | ASKING  # by itself
SAYS_LITTLE = WHEN_OR_MORE | WITHOUT_OBJECT | LASERS
# A question of nothing but these and a treatment's name is the question before, of another treatment: "for IPL?".
BARE = SAYS_LITTLE.union(
    "a about again against an as at case compared for how i if in kind of on one same the to type versus vs what with"
    .split()
)  # fmt: skip
# What stands before a question and is no part of it: "ok thanks. and what about ...".
OPENERS = re.compile(
    r"\W*(?:(?:hello|hi|ok(?:ay)?|thanks|thank you|thx|cheers|h+m+|oh|ah|right|alright|great|good|fair enough|i see"
    r"|sorry|unrelated|(?:another|different) (?:thing|question)|out of interest|by the way|btw|lol|haha|ta|just"
    r"|forgot to say|i meant?|yes|no|so|but|and|n|or|also|then|what about|how about)\b\W*)+",
    re.IGNORECASE,
)
# What has none of these verbs and subjects is only a part of a question. It takes the place of what was asked about
# ("and smoking?") ...
VERBS = frozenset(
    """
    am are be can could did do does get gets had has have how is may might must need needs shall should was were what
    whats when where which who why will would he i im it ive she they we you
    compare describe explain give list show tell
    """.split()
)
# ... or adds to it: "for dark skin?", "not online?". So does a condition, verb and all: "and if I have a tan?"
CONDITION = re.compile(r"\W*(?:what )?if\b")
ADDS = re.compile(r"\W*(?:after|at|before|by|during|even|for|from|in|just|near|not|on|only|under|with|without)\b")
# Words that point at the subject of the question before; "it" may as well be the treatment. Not "that I", "one week",
# "the same day" and "is there".
POINTS = re.compile(
    r"\b(?:that|this|those|these|they|them|ones?|same)\b"
    r"(?! (?:i|you|it|the|my|day|week|month|year|morning|evening|hour|time|session|treatment|or|of)\b)"
    r"|(?<!\bis )(?<!\bare )(?<!\bwill )(?<!\bwould )\bthere\b(?! (?:is|are|was|will)\b)"
    r"|\bit (?:is|does|can|will)\W*(?:tho\w*)?$"
)
MAX_POINTING = 2  # key terms: a question with more has a subject of its own, whatever it points at
# Whole without any key term: "what is it?", "is it safe?".
WHOLE = re.compile(
    r"\b(?:what(?:s|'s| is) it|is it (?:safe|worth)|how does it work|tell me (?:more|about)|what happens"
    r"|results?|used for|(?:the|this|that|a) (?:treatment|procedure|session))\b"
)
# A question of another treatment needs the subject before if it ends in one of these: "would a peel work?"
UNFINISHED = re.compile(r"\b(?:it|that|this|those|these|they|them|same)\b|\b(?:help|work|better|worse)\W*$")
# Of several treatments: the first, the other, all of them, the named one beside the one before.
FIRST = re.compile(r"\b(?:first|1st) (?:one|thing|treatment|option)\b|\bformer\b")
OTHER = re.compile(r"\bother one\b")
ALL = re.compile(
    r"\b(?:which|both|either|neither|each) of (?:them|these|those|the two)\b|\bwhich one\b|\bboth\b|\bthe two\b"
)
COMPARES = re.compile(
    r"\bthan\b(?! (?:an?|one|two|three|\d+)\b)|\b(?:compared|comparison|versus|vs|dif+e?r\w*)\b|^against\b"
)
WHICH_BEFORE = re.compile(f"{FIRST.pattern}|{OTHER.pattern}|{ALL.pattern}")
THE_LASER = re.compile(r"\bthe la[sz]ers?\b")  # beside a name, another treatment; "is IPL a laser?" is of one
# Of no treatment in particular: what else there is, what a word means, the clinic itself.
GENERAL = re.compile(
    r"\b(?:which|what|any|other|another) (?:treatment|laser)s?\b|\bis there (?:any|some)thing\b"
    r"|\bwhat(?:s|'s| is)? (?:good|best|causes?|can be done|can i do|helps?|works?)\b"
    r"|\balternatives?\b|\b(?:what|which|anything|something)\b.*\binstead\b|\bwhat else\b"
    r"|\b(?:in general|generally|parking|opening|address|phone number)\b"
    r"|\bwhat (?:does|would|will|can|could)(?: help| work)?(?: then)?\W*$"
    r"|\bwhat (?:does|do) .* mean\b|\bwhat(?:s|'s| is| are) (?:an? )?(?!(?:it|that|this|they|those|these)\b)\w+\W*$"
)
# What is a treatment's name if it comes first, and later may be what skin does or a nurse uses.
SHORT = {
    "peel": "Chemical peel",
    "peels": "Chemical peel",
    "needles": "Microneedling",
    "needling": "Microneedling",
    "jabs": "Botulinum toxin",
}
BEFORE_SHORT = BARE.difference(["how", "i", "if", "what"])
INJECTED = frozenset(["Botulinum toxin", "Dermal filler", "Mesotherapy", "PRP"])
WORD = re.compile(r"\w+")
GAP = re.compile(r" {2,}")  # what Treatments.without() leaves of a name
MAX_EARLIER = 6  # the newest: whoever asks the eighth question has left the first behind
MARKS = re.compile(r"[?!.]+(?=\s|$)")  # what is carried and the new question are one question
MAX_CARRIED = 40  # words of earlier questions: with more, the encoder would not read to the end of the new one


@dataclass(frozen=True, slots=True)
class _Said:
    """What a question says by itself: its words without openers and names, the treatments named, its key terms."""

    rest: str
    named: tuple[str, ...]
    keys: tuple[str, ...]
    is_short: bool  # whether a treatment is named only for short
    has_opener: bool

    @property
    def own(self) -> list[str]:
        """The key terms that make a subject."""
        return [key for key in self.keys if key not in SAYS_LITTLE]

    @property
    def lowered(self) -> str:
        return self.rest.lower()

    @property
    def is_part(self) -> bool:
        """Whether it has no verb."""
        return VERBS.isdisjoint(words(self.rest))

    @property
    def is_bare(self) -> bool:
        """Whether it only says of which treatment: "and with IPL", "the other one"."""
        if self.named and self.is_part and not self.own:
            return True
        said = WHICH_BEFORE.sub("", self.lowered)
        return bool(self.named or said != self.lowered) and BARE.issuperset(words(said))


@dataclass(frozen=True, slots=True)
class _Turn:
    """A question as it would be asked alone; its subject, with gaps for the treatments' names; the treatments.

    The subject is empty where there are no key terms.
    """

    question: Question
    subject: str
    treatments: tuple[str, ...]


def standalone(question: Question, earlier: Sequence[Question], treatments: Treatments) -> Question:
    """The question as it would be asked alone; `earlier` is what the same person asked before, oldest first.

    Its text is for finding and verifying, not for showing. A question that needs nothing is returned as it is, and what
    names no treatment and has no key term ("thanks!") counts for nothing among the earlier ones.
    """
    turns: list[_Turn] = []
    for one in earlier[-MAX_EARLIER:]:
        turn = _turn(one, turns, treatments)
        if turn.treatments or turn.subject:
            turns.append(turn)
    return _turn(question, turns, treatments).question


def _turn(question: Question, turns: Sequence[_Turn], treatments: Treatments) -> _Turn:
    said = _read(question.text, turns, treatments)
    page = (treatments.canonical(question.treatment),) if question.treatment else ()
    own_subject = said.rest if said.keys else ""
    if not turns or not (said.named or words(said.rest)):
        return _Turn(question, own_subject, said.named)
    before = " ".join(MARKS.sub("", turns[-1].subject).split(" ")[-MAX_CARRIED:])
    subject = _subject(said, before) if before else said.rest
    is_own = subject == said.rest
    kept = own_subject if is_own else subject if said.own else before
    about = _treatments(said, turns, page)
    # The page's treatment is not kept: it was not named, and the next question may come from another page.
    turn = _Turn(question, kept, _treatments(said, turns, ()) if page else about)
    if is_own and not said.is_short and set(about) <= set(said.named):
        return turn
    return replace(turn, question=Question(_filled(subject, about), question.treatment))


def _read(text: str, turns: Sequence[_Turn], treatments: Treatments) -> _Said:
    full = _in_full(text, turns)
    named = tuple(treatments.named(full))
    rest = treatments.without(full) if named else full
    start = _start(rest)
    return _Said(rest[start:], named, tuple(key.surface for key in key_terms(rest[start:])), full != text, start > 0)


def _start(text: str) -> int:
    """Where the openers end."""
    opener = OPENERS.match(text)
    return opener.end() if opener else 0


def _in_full(text: str, turns: Sequence[_Turn]) -> str:
    """The text with the full name of a treatment that it starts with for short."""
    said = (word for word in WORD.finditer(text, _start(text)) if word[0].lower() not in BEFORE_SHORT)
    first = next(said, None)
    name = SHORT.get(first[0].lower()) if first else None
    if first is None or name is None or (name == "Microneedling" and _is_injected(turns)):
        return text
    return f"{text[: first.start()]}{name}{text[first.end() :]}"


def _is_injected(turns: Sequence[_Turn]) -> bool:
    return bool(turns) and not INJECTED.isdisjoint(turns[-1].treatments)


def _subject(said: _Said, before: str) -> str:
    """What is asked, in the question's own words if they are enough, or else with those of the subject before."""
    both = f"{before} {said.rest}"
    if said.is_bare:
        return before
    points = 0 < len(said.own) <= MAX_POINTING and POINTS.search(WHICH_BEFORE.sub("", said.lowered))
    if points or (CONDITION.match(said.lowered) and not said.named):
        return both
    if said.named and not (said.is_part and said.has_opener and said.own):
        return both if not said.own and UNFINISHED.search(said.lowered) else said.rest
    if not said.own:
        return said.rest if WHOLE.search(said.lowered) else both
    if said.is_part:
        return both if ADDS.match(said.lowered) else _replaced(before, said.rest)
    return said.rest


def _replaced(subject: str, part: str) -> str:
    """A subject with what it is about replaced: "when can I wear make-up after" and "exercise?" → "when can I exercise
    after". What is left of the question comes first in it, so the last word that says anything is the one replaced.
    """
    parts = subject.split(" ")
    said = [
        place
        for place, word in enumerate(parts)
        if word not in SAYS_NOTHING and any(key.surface not in WHEN_OR_MORE for key in key_terms(word))
    ]
    if not said:
        return f"{subject} {part}"
    parts[said[-1]] = MARKS.sub("", part)
    return " ".join(word for place, word in enumerate(parts) if place not in said[:-1])


def _treatments(said: _Said, turns: Sequence[_Turn], page: tuple[str, ...]) -> tuple[str, ...]:
    """The treatments that a question is about: those it names, and those of earlier turns that it needs.

    The page's counts only where no turn has named any.
    """
    if not said.named and GENERAL.search(said.lowered):
        return ()
    before = next((turn.treatments for turn in reversed(turns) if turn.treatments), page)
    ever = tuple(dict.fromkeys(name for turn in turns for name in turn.treatments))
    if (
        not LASERS.isdisjoint(words(said.rest))
        and not said.is_bare
        and (not said.named or THE_LASER.search(said.lowered))
    ):
        return _joined([name for name in ever if "laser" in name.lower()][-1:], said.named)
    if said.named:
        if len(said.named) > 1:
            return said.named
        if COMPARES.search(said.lowered):
            return _joined(before[-1:], said.named)
        return _joined(before[:-1], said.named) if said.is_bare else said.named
    several = before if len(before) > 1 else ever
    if FIRST.search(said.lowered):
        return several[:1]
    if OTHER.search(said.lowered) and len(ever) > 1:
        return tuple(name for name in ever if name != before[0])[-1:]
    return several[-3:] if ALL.search(said.lowered) else before


def _joined(earlier: Sequence[str], named: tuple[str, ...]) -> tuple[str, ...]:
    return (*(name for name in earlier if name not in named), *named)


def _filled(subject: str, names: Sequence[str]) -> str:
    """The subject with the names in its gaps: one each if they are as many, or else all in the first."""
    gaps = len(GAP.findall(subject))
    fill = iter(names if gaps == len(names) else [" and ".join(names)])
    text = " ".join(GAP.sub(lambda _: f" {next(fill, '')} ", subject).split()).rstrip(" ?!.")
    return f"{text}?" if gaps or not names else f"{text} ({' and '.join(names)})?"
