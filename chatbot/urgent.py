"""Triage → the urgent answer: what to do now, on the clinic's own numbers. No document is needed for it."""

from __future__ import annotations

from chatbot.answer import Answer
from chatbot.question import Question
from chatbot.rules import UrgentRule
from chatbot.settings import Clinic, fill
from chatbot.triage import Triage

MORE = {
    "emergency": "Tell them at once if any of these comes up:",
    "same_day": "Call {emergency} at once with any of these:",
    "soon": "Call the same day with any of these:",
}


def urgent(question: Question, said: Triage, clinic: Clinic) -> Answer | None:
    """What to do now in the first line, then meanwhile, then the signs that are worse, then why this is said.

    None where triage found nothing urgent.
    """
    rule = said.urgent
    if rule is None:
        return None
    lines = [rule.now, "", *(f"- {line}" for line in rule.then), "", MORE[rule.urgency]]
    lines += [f"- {sign}" for sign in rule.worse]
    lines += ["", why(said, rule)]
    return Answer(
        question=question.text,
        status="urgent",
        urgency=rule.urgency,
        text=fill("\n".join(lines), clinic),
        confidence=0.0,
        contact=clinic,
        rule=rule.id,
    )


def why(said: Triage, rule: UrgentRule) -> str:
    """Which rule led to the answer: staff can look it up, and the patient sees what was understood."""
    review = "" if rule.reviewed_by else " No clinician has reviewed this rule yet."
    if rule.id == "self-harm":
        return (
            "This is an automated reply, and no person has read your message. Please reach a person on the lines above "
            f"(rule: {rule.id}).{review}"
        )
    how = "your words" if said.by == "words" else "what your message seems to mean"
    return (
        f"An automated rule chose this reply from {how}: {_lowered(rule.presentation)} (rule: {rule.id}). Nobody has "
        f"examined you, and no clinician has read your message.{review}"
    )


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
