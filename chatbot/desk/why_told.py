"""Why → steps in plain language, for staff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chatbot.answer import listed
from chatbot.citation import section_name
from chatbot.desk.curated_look_up import in_words
from chatbot.desk.why import CuratedSeen, PartSeen, SentenceRead, Why
from chatbot.scope import Scope

FEATURES = {
    "answers": "how much the best sentence reads like an answer",
    "stands_out": "how far the best sentence stands out from the others",
    "known": "how many of the question's words the passages know",
    "not_given": "asks for a time, a number or a price that no sentence gives",
    "asked": "how near it is to a question written beside a section",
}
KINDS = {
    "urgent": "It is urgent: the answer says what to do now, and no document is searched.",
    "refused": "It is never answered here, whatever the documents say, and nothing is searched.",
    "smalltalk": "It is small talk: it gets a courtesy, and nothing is searched.",
    "personal": "It is about the person's own case: it gets the documents' precautions, never yes or no.",
    "answerable": "It may be answered from the documents.",
}
N_HITS = 8  # passages that are shown
N_CURATED = 3  # curated answers that are shown of each part


@dataclass(frozen=True, slots=True)
class Step:
    """A step with what happened at it; `header` and `rows` are a table, if there is one."""

    title: str
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def steps_of(why: Why) -> list[Step]:
    """From the question to the answer, in order; the last step says what decided."""
    steps = [_triage(why)]
    if why.parts or why.warnings or why.curated:
        steps.append(_alone(why))
    if why.curated:
        steps.append(_curated(why))
    parts = [seen.text for seen in why.curated] or [seen.part.text for seen in why.parts]
    for seen in why.parts:
        number = parts.index(seen.part.text) + 1
        which = f" (part {number} of {len(parts)}: “{seen.part.text}”)" if len(parts) > 1 else ""
        steps += [_passages(seen, which), _sentences(seen.read, which), _gate(seen, why, which)]
    if why.warnings:
        steps.append(_sentences(why.warnings, " that warn"))
    return [*steps, Step("Answer", (f"Now it is {why.answer.status}.", *_decided(why), why.answer.text))]


def _triage(why: Why) -> Step:
    said = why.said
    if said.rule is None:
        by = "No rule fired, and the classifier is not sure of anything else."
    elif said.by == "words":
        by = f"The rule “{said.rule}” fired, by its words."
    else:
        by = f"No rule's words fired; the classifier is sure enough of “{said.rule}”."
    taken = ", ".join(f"{label} {share:.2f}" for label, share in why.classes) or "nothing: it cannot read this script"
    return Step("Triage", (by, f"The classifier takes it for: {taken}.", KINDS[said.kind]))


def _alone(why: Why) -> Step:
    if why.alone.text == why.question.text:
        return Step("Question by itself", ("It is understood without what was asked before.",))
    return Step("Question by itself", (f"With what was asked before it is read as: “{why.alone.text}”",))


def _curated(why: Why) -> Step:
    """The clinic's own answers, which come before the documents: of each part, what became of the nearest."""
    lines = []
    for seen in why.curated:
        part = f"“{seen.text}”: " if len(why.curated) > 1 else ""
        lines.append(f"{part}{_of_nearest(seen, why)}")
    rows = [
        (one.version.wording.questions[0], one.variant, f"{one.probability:.2f}", in_words(one))
        for seen in why.curated
        for one in seen.matches[:N_CURATED]
    ]
    header = ("Curated answer", "Its nearest question", "Score", "Why")
    return Step("Curated answers", tuple(lines), header if rows else (), tuple(rows))


def _of_nearest(seen: CuratedSeen, why: Why) -> str:
    if not seen.matches:
        return "None is for patients and for what it is about: the documents are asked."
    best = seen.sure or seen.matches[0]
    name = f"“{best.version.wording.questions[0]}”"
    scored = f"{name} has {best.probability:.2f}; it takes {seen.least:.2f}."
    if not best.is_sure:
        return f"{scored} The documents are asked. If it is what was meant, add the question to its wordings."
    if seen.sure is None:
        return f"{scored} But it holds what no patient is shown: the documents are asked."
    if why.answer.status == "referred" and not why.answer.matches:
        return f"{scored} But it says yes, or nothing of a condition that was named: the precautions are quoted."
    return f"{scored} So it answers, and the documents are not asked."


def _passages(seen: PartSeen, which: str) -> Step:
    rows = [
        (
            hit.passage.document.title,
            section_name(hit.passage),
            "–" if hit.cosine is None else f"{hit.cosine:.3f}",
            "–" if hit.bm25 is None else f"{hit.bm25:.2f}",
            f"{hit.score:.3f}",
        )
        for hit in seen.part.hits[:N_HITS]
    ]
    count = f"{len(seen.part.hits)} passages found" + (f", the best {N_HITS} shown." if len(rows) == N_HITS else ".")
    header = ("Document", "Section", "Meaning (cosine)", "Words (BM25)", "Both")
    return Step(f"Passages{which}", (_about(seen.part.about), count), header, tuple(rows))


def _about(about: Scope) -> str:
    if not about.is_named:
        return "It names no treatment: every document for patients may answer."
    named = f"It is about {listed(sorted(about.covered | about.missing))}."
    return named + (f" There is no document about {listed(sorted(about.missing))}." if about.missing else "")


def _sentences(read: Sequence[SentenceRead], which: str) -> Step:
    rows = [(one.said.sentence, one.said.context, f"{one.logit:+.2f}") for one in read]
    line = "Read together with the question; above 0 is more likely an answer than not."
    none = "No sentence may be used: each is about something else, or is withheld from patients."
    header = ("Sentence", "Stands under", "Answers")
    return Step(f"Sentences{which}", (line if rows else none,), header if rows else (), tuple(rows))


def _gate(seen: PartSeen, why: Why, which: str) -> Step:
    made_up = why.contributions(seen.verdict)
    if not made_up:
        return Step(f"Verdict{which}", ("With nothing to read, nothing is answered.",))
    rows = [(FEATURES[one.feature], f"{one.value:.2f}", f"× {one.weight:.2f}", f"{one.points:+.2f}") for one in made_up]
    total = why.gate.bias + sum(one.points for one in made_up)
    rows += [("to begin with", "", "", f"{why.gate.bias:+.2f}"), ("sum", "", "", f"{total:+.2f}")]
    short = total - why.least_sum
    judged = "enough" if seen.verdict.is_answered else f"{-short:.2f} too little"
    line = f"{total:+.2f} of the {why.least_sum:+.2f} needed: {judged}."
    sure = f"Probability {seen.verdict.probability:.2f}; the least is {why.gate.min_probability:.2f}."
    return Step(f"Verdict{which}", (line, sure), ("What", "Value", "Weight", "Points"), tuple(rows))


def _decided(why: Why) -> Iterable[str]:
    """What staff can do, for each part that the documents do not answer."""
    if why.said.kind == "refused":
        yield "No text of the clinic's changes that: such questions are for a clinician."
    for seen in why.parts:
        if not seen.verdict.is_answered:
            yield _remedy(seen)


def _remedy(seen: PartSeen) -> str:
    part, about = f"“{seen.part.text}”", seen.part.about
    if about.missing and not about.covered:
        return f"{part}: no document is about {listed(sorted(about.missing))}. Write one."
    if not seen.read:
        return f"{part}: no sentence was found that may be used. Write an answer or a section."
    if seen.verdict.unknown:
        words = listed(seen.verdict.unknown, quoted=True)
        return f"{part}: no passage found speaks of {words}. Write an answer, or a section that does."
    if seen.verdict.features.get("not_given"):
        return f"{part}: what it asks for, a time, a number or a price, stands in no sentence that was read. Write it."
    return (
        f"{part}: the best sentence does not read like an answer. If it is one, write the question beside its section "
        "(“Questions:”); if not, write an answer."
    )
