"""What a message asks: its questions, each by itself, without the story around them."""

from __future__ import annotations

import re

from index.terms import key_terms

MAX_PARTS = 4  # more at once than anybody asks at a desk; what comes after them is read with the last
STORY_WORDS = 40  # a message with more words is a story: only what it asks, and the sentence before, is looked for
END = re.compile(r"(?<=[?!.])\s+|\n+")
# How a question begins, after what people say first ("ok so", "and", "hi um").
BEFORE = r"(?:(?:and|also|but|so|ok|okay|or|plus|then|um|uh|yeah|hi|hello|hey|please|well|oh)\b[\s,]*)*"
ASKS = (
    r"(?:(?:how|what|when|where|which|who|whose|why)(?:'?s|'?re|'?ll)?|whats|hows|wen|wat"
    r"|(?:can|could|may|do|does|did|is|are|was|will|would|should|shall|must|am|has|have|need)(?:n'?t)?"
    r"(?=\s+(?:i|it|you|u|we|they|he|she|there|this|that|these|those|my|the|a|an|any|your|his|her|people|men|women|kids)\b))"
)
# At the start of a sentence these ask whatever follows; "is" and "would" may have lost their "it" or "I".
BEGINS = re.compile(rf"{BEFORE}(?:{ASKS}\b|(?:can|could|does|did|are|should)\b(?!['’]))", re.IGNORECASE)
# "When it peels, can I ..." asks nothing with its "when"; "when I can" does.
WHILE = re.compile(
    rf"{BEFORE}when\s+(?:i|it|you|we|they|he|she|there|this|that|these|those|my|the|a|an|your)\b"
    r"(?!.*\b(?:can|could|may|will|would|should)\b)",
    re.IGNORECASE,
)
# Between two questions in one sentence: "does it hurt and how much is it".
BETWEEN = re.compile(
    rf"\s*(?:(?:,\s*)?\band\b(?:\s+also)?|,\s*(?:also|plus)?|\bplus\b|\+|;|/)\s*(?={ASKS}\b)", re.IGNORECASE
)
INDIRECT = re.compile(
    r"\b(?:wonder\w*|know|tell me|ask|sure|see|find out)\s+(?:if|whether|how|what|when|which|who)\b", re.IGNORECASE
)


def asked(text: str) -> tuple[str, ...]:
    """The questions of a message, in its order; the message itself where it asks one thing or none.

    A question that says nothing of its subject ("and is that normal?") keeps what stands before it.
    """
    sentences = [sentence.strip() for sentence in END.split(text) if sentence.strip()]
    parts: list[str] = []
    before = ""
    for sentence in sentences:
        if _is_asking(sentence):
            for part in _questions_in(sentence):
                if parts and (len(parts) == MAX_PARTS or not (_has_subject(part) and _has_subject(parts[-1]))):
                    parts[-1] = f"{parts[-1]} {part}"
                else:
                    parts.append(part if parts or _has_subject(part) else f"{before} {part}".strip())
        before = sentence
    if len(parts) > 1:
        return tuple(parts)
    return (_condensed(sentences, text),)


def _questions_in(sentence: str) -> list[str]:
    """The questions that one sentence asks; what leads into one ("I have eczema, can I ...") stays with it."""
    questions: list[str] = []
    leads_in = ""
    for piece in filter(None, BETWEEN.split(sentence)):
        said = f"{leads_in}, {piece}" if leads_in else piece
        leads_in = "" if (BEGINS.match(piece) and not WHILE.match(piece)) or piece is sentence else said
        if not leads_in:
            questions.append(said)
    return [*questions, leads_in] if leads_in else questions


def _condensed(sentences: list[str], text: str) -> str:
    """A story: what it asks, with the sentence before; any other message as it is."""
    if len(text.split()) <= STORY_WORDS:
        return text
    asking = [position for position, sentence in enumerate(sentences) if _is_asking(sentence)]
    last = asking[-1] if asking else len(sentences) - 1
    return " ".join(sentences[max(last - 1, 0) : last + 1])


def _is_asking(sentence: str) -> bool:
    return sentence.endswith("?") or BEGINS.match(sentence) is not None or INDIRECT.search(sentence) is not None


def _has_subject(part: str) -> bool:
    return bool(key_terms(part))
