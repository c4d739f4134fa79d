"""Question: anything can be read; what is no question is refused by check(), in words for a patient."""

from __future__ import annotations

import pytest

from chatbot.question import MAX_CHARS, Question, QuestionError

REFUSED = {
    "nothing": ("", "There is no question yet"),
    "only spaces": (" \n\t ", "There is no question yet"),
    "only punctuation": ("?!… --", "There is no question yet"),
    "only an emoji": ("😳", "There is no question yet"),
    "only invisible characters": ("\u200b\u200d\ufeff", "There is no question yet"),
    "50 000 characters": ("scabs" * 10_000, "50,000 characters; the most is 2,000"),
    "a null character": ("when can I\x00 swim", "control characters"),
    "an escape sequence": ("\x1b[31mis it red?", "control characters"),
    "half of a character": ("is it red \ud83d", "control characters"),
    "a script": ("<script>alert('swim')</script>", "HTML tags"),
    "a tag": ("is it <b>safe</b>?", "HTML tags"),
    "a comment": ("is it safe <!-- for me -->", "HTML tags"),
    "a closing tag with spaces": ("is it safe? < / div >", "HTML tags"),
}

KEPT = {
    "a comparison": "is it <5 days?",
    "two comparisons": "is 3 < 5 and 7 > 2?",
    "a heart": "I <3 it, when can I swim?",
    "Chinese": "怀孕可以做吗？",
    "accents": "Ça brûle après l’été?",
    "an emoji beside words": "my face is red 😳 is it normal?",
    "an emoji of several people": "is it safe for 👩‍👧?",
    "one word": "sauna?",
    "a number": "5",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_question_is_refused_with_a_reason(text: str, reason: str) -> None:
    question = Question.parse(text)  # triage reads it first: this never raises
    with pytest.raises(QuestionError, match=reason):
        question.check()


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_reason_is_short_says_what_to_do_and_does_not_repeat_what_was_typed(text: str, reason: str) -> None:
    with pytest.raises(QuestionError) as refused:
        Question.parse(text).check()
    message = str(refused.value)
    assert "Please" in message
    assert len(message) < 120
    assert not any(typed in message for typed in ("scab", "swim", "safe", "\x00", "\x1b", "\ud83d"))


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_a_patient_may_type_is_kept_as_it_is(text: str) -> None:
    question = Question.parse(text)
    question.check()
    assert question.text == text


def test_repeated_spaces_become_one_and_lines_stay_apart() -> None:
    assert Question.parse("  my face is red.\r\n\n\tis it   normal?\n").text == "my face is red.\nis it normal?"


def test_the_longest_question_is_accepted_and_one_character_more_is_not() -> None:
    Question.parse("a" * MAX_CHARS).check()
    with pytest.raises(QuestionError, match="shorten"):
        Question.parse("a" * (MAX_CHARS + 1)).check()


def test_what_will_be_refused_is_kept_whole_for_triage_to_read() -> None:
    typed = "<p>my chest hurts</p> " + "and hurts " * 500 + "\x00 \ud83d"
    assert Question.parse(typed).text == typed


@pytest.mark.parametrize("treatment", [None, "", "   "], ids=["none", "empty", "spaces"])
def test_a_page_without_a_treatment_has_none(treatment: str | None) -> None:
    assert Question.parse("is it safe?", treatment).treatment is None


def test_the_treatment_of_the_page_is_kept() -> None:
    assert Question.parse("is it safe?", " Chemical  peel ").treatment == "Chemical peel"
