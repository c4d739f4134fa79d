"""Follow-up questions: what is carried from earlier turns, what is dropped, and what is left as it was typed."""

from __future__ import annotations

import pytest

from chatbot.follow_up import MAX_CARRIED, MAX_EARLIER, standalone
from chatbot.question import Question
from kb.treatment import known_treatments

MAKE_UP = "when can I wear make-up after microneedling?"
REDNESS = "how long does redness last after co2 laser?"


def alone(*turns: str, page: str | None = None) -> str:
    """The text of the last of these turns, as it would be asked alone."""
    *earlier, question = (Question.parse(turn, page) for turn in turns)
    return standalone(question, earlier, known_treatments()).text


def test_the_first_question_is_left_as_it_is() -> None:
    question = Question.parse("and why?", "IPL")
    assert standalone(question, [], known_treatments()) is question


@pytest.mark.parametrize(
    "question",
    [
        "does IPL leave scars?",
        "what is a chemical peel?",
        "thanks! what does botox cost",
        "what age is botox from",
        "is laser hair removal of the whole back a long thing?",
        "which is better for wrinkles, IPL or botox?",
        "is there parking?",
        "what can I have for acne scars instead?",
        "what is melasma?",
        "what does post-inflammatory mean",
        "which treatments help with melasma?",
        "thanks",
    ],
)
def test_a_question_that_is_whole_is_left_as_it_is(question: str) -> None:
    assert alone(MAKE_UP, question) == question


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("does it hurt?", "does it hurt (Microneedling)?"),
        ("can I swim", "can I swim (Microneedling)?"),
        ("is there scarring?", "is there scarring (Microneedling)?"),
        ("how much does it cost", "how much does it cost (Microneedling)?"),
        ("can I drive on the same day", "can I drive on the same day (Microneedling)?"),
        ("is one session enough", "is one session enough (Microneedling)?"),
        ("is it safe?", "is it safe (Microneedling)?"),
        ("can I use vaseline instead?", "can I use vaseline instead (Microneedling)?"),
        ("how long do results last", "how long do results last (Microneedling)?"),
    ],
)
def test_a_question_with_a_subject_of_its_own_gets_the_treatment(question: str, expected: str) -> None:
    assert alone(MAKE_UP, question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("why?", "why?"),
        ("for how long", "for how long?"),
        ("and how long does that last?", "how long does that last?"),
        ("is it normal", "is it normal?"),
        ("can that be treated?", "can that be treated?"),
        ("even on dark skin?", "even on dark skin?"),
        ("worse?", "worse?"),
        ("when would I notice", "when would I notice?"),
        ("will it go away", "will it go away?"),
        ("what are the chances?", "what are the chances?"),
        ("can I speed it up", "can I speed it up?"),
        ("is that true", "is that true?"),
        ("and if I have fair skin", "if I have fair skin?"),
    ],
)
def test_a_question_without_a_subject_gets_the_one_before(question: str, expected: str) -> None:
    assert alone(REDNESS, question) == f"how long does redness last after Fractional CO2 laser {expected}"


@pytest.mark.parametrize(
    "question",
    [
        "and for IPL?",
        "what about ipl",
        "same with IPL?",
        "IPL",
        "ok thanks. or IPL",
        "and with intense pulsed light?",
        "IPL ok as well?",
        "just out of interest, IPL?",
        "lol ok, IPL too?",
    ],
)
def test_another_treatment_takes_the_place_of_the_one_before(question: str) -> None:
    assert alone(REDNESS, question) == "how long does redness last after IPL?"


def test_another_treatment_gets_the_subject_that_it_points_at() -> None:
    assert alone("does co2 laser help acne scars?", "would botox do that") == (
        "does Botulinum toxin help acne scars would do that?"
    )
    assert alone("does co2 laser help acne scars?", "would microneedling work?").startswith(
        "does Microneedling help acne scars"
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and swelling?", "how long does swelling last after Fractional CO2 laser?"),
        ("what about the crusts", "how long does the crusts last after Fractional CO2 laser?"),
        ("itching", "how long does itching last after Fractional CO2 laser?"),
    ],
)
def test_another_subject_takes_the_place_of_the_one_before(question: str, expected: str) -> None:
    assert alone(REDNESS, question) == expected


def test_a_third_turn_may_refer_to_the_first() -> None:
    assert alone(MAKE_UP, "why?", "and for botox?") == "when can I wear make-up after Botulinum toxin?"
    assert alone(MAKE_UP, "what is melasma?", "does it hurt?") == "does it hurt (Microneedling)?"
    assert alone(MAKE_UP, "and after IPL", "and exercise") == "when can I exercise after IPL?"


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((REDNESS, "and after IPL", "sorry, the first one again"), REDNESS),
        ((REDNESS, "and after IPL", "and the other one?"), REDNESS),
        ((REDNESS, "and after IPL", "the first treatment?"), REDNESS),
        (("is it IPL or a peel that hurts?", "and the other one"), "is it Chemical peel or that hurts?"),
    ],
)
def test_an_earlier_treatment_may_be_chosen_by_its_place(turns: tuple[str, ...], expected: str) -> None:
    assert alone(*turns) == expected.replace("co2 laser", "Fractional CO2 laser")


def test_a_new_topic_drops_the_one_before() -> None:
    assert alone(REDNESS, "does botox hurt?", "why?") == "does Botulinum toxin hurt why?"


@pytest.mark.parametrize(
    ("turns", "end"),
    [
        ((REDNESS, "and IPL?", "which of them hurts more?"), "(Fractional CO2 laser and IPL)"),
        (("does IPL or botox help wrinkles?", "which one hurts more?"), "(IPL and Botulinum toxin)"),
        (("does IPL or botox help wrinkles?", "does the first one hurt?"), "(IPL)"),
        ((REDNESS, "how is it different from IPL?"), "after Fractional CO2 laser how is it different from IPL"),
        ((REDNESS, "is IPL better?"), "after IPL is better"),
        (
            (REDNESS, "are scars more common than with IPL?"),
            "are scars more common than with Fractional CO2 laser and IPL",
        ),
        ((REDNESS, "does botox hurt?", "does the laser hurt?"), "(Fractional CO2 laser)"),
        ((REDNESS, "is IPL a laser?"), "is IPL a laser"),
        (
            (REDNESS, "botox before the laser, is swimming ok"),
            "Fractional CO2 laser and Botulinum toxin before the laser, is swimming ok",
        ),
        (("does botox hurt?", "are there lasers for wrinkles?"), "are there lasers for wrinkles?"),
        ((REDNESS, "does microneedling get better results?"), "results?"),
    ],
)
def test_several_treatments(turns: tuple[str, ...], end: str) -> None:
    assert alone(*turns).rstrip("?").endswith(end.rstrip("?"))


def test_of_two_treatments_the_last_is_replaced() -> None:
    assert alone("Which is better for scars, CO2 or microneedling?", "and the radiofrequency type?") == (
        "Which is better for scars, Fractional CO2 laser or Radiofrequency?"
    )


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((REDNESS, "no I meant peels"), "how long does redness last after Chemical peel?"),
        ((REDNESS, "and a peel?"), "how long does redness last after Chemical peel?"),
        ((REDNESS, "peel?"), "how long does redness last after Chemical peel?"),
        ((REDNESS, "n with needles"), "how long does redness last after Microneedling?"),
        ((REDNESS, "how do I prepare for a light peel"), "how do I prepare for a light peel"),
        ((REDNESS, "does it peel"), "does it peel (Fractional CO2 laser)?"),
        (("Peels for large pores?", "and needling"), "Microneedling for large pores?"),
        (("Peels for large pores?", "is it safe?"), "is it safe (Chemical peel)?"),
        ((REDNESS, "will my skin peel?"), "will my skin peel (Fractional CO2 laser)?"),
        ((REDNESS, "and with needles?"), "how long does redness last after Microneedling?"),
        (("is botox safe?", "do the needles hurt?"), "do the needles hurt (Botulinum toxin)?"),
        ((REDNESS, "and non ablative"), "how long does redness last after Non-ablative fractional laser?"),
    ],
)
def test_a_treatment_may_be_named_for_short(turns: tuple[str, ...], expected: str) -> None:
    assert alone(*turns) == expected


def test_what_says_nothing_counts_for_nothing() -> None:
    assert alone("hello", "when can I swim?") == "when can I swim?"
    assert alone(REDNESS, "thanks!", "why?") == "how long does redness last after Fractional CO2 laser why?"


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("when can I swim?", "does it hurt?"), "does it hurt (IPL)?"),
        (("when can I swim?", "why?"), "when can I swim why (IPL)?"),
        (("when can I swim?", "is it better than botox?"), "than IPL and Botulinum toxin?"),
        ((MAKE_UP, "does it hurt?"), "does it hurt (Microneedling)?"),
        ((MAKE_UP, "why?"), "when can I wear make-up after Microneedling why?"),
        ((MAKE_UP, "and swimming?"), "when can I swimming after Microneedling?"),
    ],
)
def test_the_treatment_of_the_page_is_a_default(turns: tuple[str, ...], expected: str) -> None:
    assert alone(*turns, page="photofacial").endswith(expected)


def test_the_treatment_of_another_page_is_not_carried() -> None:
    earlier = [Question.parse("when can I swim?", "IPL"), Question.parse("does it hurt?", "IPL")]
    asked = standalone(Question.parse("will I scar?", "botox"), earlier, known_treatments())
    assert asked.text == "will I scar (Botulinum toxin)?"


def test_the_page_stays_with_the_question() -> None:
    earlier = [Question.parse(MAKE_UP, "IPL")]
    assert standalone(Question.parse("why?", "IPL"), earlier, known_treatments()).treatment == "IPL"


def test_what_is_carried_is_one_question_with_the_new_one() -> None:
    # A message of several questions is answered one by one.
    assert "? " not in alone("I had botox. Is it safe? Does it hurt?", "why?")


def test_no_more_is_carried_than_can_be_read() -> None:
    story = "my skin was red " * 100 + "after co2 laser, when can I swim?"
    assert len(alone(story, "why?").split()) <= MAX_CARRIED + 4
    assert alone(story, "why?").endswith("when can I swim why?")


def test_only_the_newest_earlier_questions_are_read() -> None:
    old = ["when can I swim after botox?"]
    new = ["is scarring possible?"] * MAX_EARLIER
    assert alone(*old, *new, "does it hurt?") == "does it hurt?"
