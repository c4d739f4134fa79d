"""Why a question was not answered: the steps are those of ask(), and say what was missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import SharedWords, UndecidedMeaning
from curated_clinic import PARKING, PEEL_PRICE, approved, desk_of
from sqlalchemy import Engine

from chatbot.bot import Bot, ask, find
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.desk.why import why
from chatbot.desk.why_told import Step, steps_of
from chatbot.question import Question, QuestionError
from chatbot.web.staff.why_pane import why_pane

EDITOR = Person("Ann", "editor")


def steps(bot: Bot, text: str, *earlier: str) -> dict[str, Step]:
    found = steps_of(why(EDITOR, bot, Question.parse(text), [Question.parse(one) for one in earlier]))
    return {step.title: step for step in found}


def said(step: Step) -> str:
    return "\n".join([*step.lines, *map(str, step.rows)])


@pytest.mark.parametrize(
    "text",
    [
        "How long does peeling last?",
        "Do you sell vouchers?",
        "Is there parking, and how long does peeling last?",
        "How long is the recovery after microneedling?",
        "I am pregnant, can I have a peel?",
        "hello",
    ],
)
def test_the_answer_is_the_one_that_patients_get(rose_bot: Bot, text: str) -> None:
    assert why(EDITOR, rose_bot, Question.parse(text)).answer == ask(rose_bot, Question.parse(text))


def test_the_verdicts_are_those_that_decide(rose_bot: Bot) -> None:
    question = Question.parse("Is there parking, and how long does peeling last?")
    seen = why(EDITOR, rose_bot, question)
    verdicts = find(rose_bot, rose_bot.index.current(), question)
    assert [(one.verdict.probability, one.verdict.features) for one in seen.parts] == [
        (verdict.probability, verdict.features) for verdict in verdicts
    ]
    assert [one.part.text for one in seen.parts] == [verdict.question for verdict in verdicts]


def test_the_gates_points_add_up_to_its_probability(rose_bot: Bot) -> None:
    seen = why(EDITOR, rose_bot, Question.parse("How long does peeling hurt?"))
    (part,) = seen.parts
    total = rose_bot.gate.bias + sum(one.points for one in seen.contributions(part.verdict))
    assert (total >= seen.least_sum) is part.verdict.is_answered
    assert rose_bot.gate.probability(dict(part.verdict.features)) == part.verdict.probability


def test_each_sentence_is_there_as_the_cross_encoder_read_it_with_its_logit(rose_bot: Bot) -> None:
    cross_encoder = rose_bot.cross_encoder
    assert isinstance(cross_encoder, SharedWords)
    (part,) = why(EDITOR, rose_bot, Question.parse("How long does peeling last?")).parts
    question, said = cross_encoder.read[-1]
    logits = dict(zip(said, cross_encoder.logits(question, said), strict=True))
    assert {one.said: one.logit for one in part.read} == logits
    assert [one.logit for one in part.read] == sorted(logits.values(), reverse=True)


def test_the_steps_are_told_in_order(rose_bot: Bot) -> None:
    assert list(steps(rose_bot, "Do you sell vouchers?")) == [
        "Triage", "Question by itself", "Passages", "Sentences", "Verdict", "Answer",
    ]  # fmt: skip


def test_words_that_no_passage_knows_are_named_with_what_to_do(rose_bot: Bot) -> None:
    told = steps(rose_bot, "Do you sell vouchers?")
    assert "no passage found speaks of “payment” or “sell”" in said(told["Answer"])
    assert "too little" in said(told["Verdict"])
    assert "names no treatment" in said(told["Passages"])


def test_a_treatment_without_a_document_is_named(rose_bot: Bot) -> None:
    told = steps(rose_bot, "How long is the recovery after microneedling?")
    assert "There is no document about Microneedling." in said(told["Passages"])
    assert "Write one." in said(told["Answer"])


def test_a_follow_up_is_shown_as_it_was_understood(rose_bot: Bot) -> None:
    told = steps(rose_bot, "and after a chemical peel?", "How long is the recovery after fractional CO2 laser?")
    assert "recovery" in said(told["Question by itself"])


def test_each_part_of_a_question_has_its_steps(rose_bot: Bot) -> None:
    told = steps(rose_bot, "Is there parking, and how long does peeling last?")
    verdicts = [step for title, step in told.items() if title.startswith("Verdict (part")]
    assert ["enough" in said(step) for step in verdicts] == [False, True]


def test_what_is_urgent_is_not_searched_and_the_rule_is_named(rose_bot: Bot) -> None:
    told = steps(rose_bot, "I cannot breathe since the treatment")
    assert list(told) == ["Triage", "Answer"]
    assert "by its words" in said(told["Triage"])


def test_what_is_refused_says_that_no_text_changes_that(rose_bot: Bot) -> None:
    told = steps(rose_bot, "What dose of aciclovir should I take?")
    assert list(told) == ["Triage", "Answer"]
    assert "No text of the clinic's changes that" in said(told["Answer"])


def test_a_personal_question_shows_what_warns(rose_bot: Bot) -> None:
    told = steps(replace(rose_bot, meaning=UndecidedMeaning("personal")), "I am pregnant, can I have a chemical peel?")
    assert "never yes or no" in said(told["Triage"])
    assert "are pregnant" in said(told["Sentences that warn"])


def test_staff_documents_are_in_no_step(rose_bot: Bot) -> None:
    seen = steps_of(why(EDITOR, rose_bot, Question.parse("Is a laser session booked with a deposit of fifty pounds?")))
    assert "fifty pounds" not in "".join(map(str, (row for step in seen for row in step.rows)))


def test_a_curated_answer_that_is_sure_is_shown_with_its_score_and_the_documents_are_not_asked(
    rose_bot: Bot, store: Engine
) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, PARKING)
    told = steps(desk.bot, "any parking?")
    assert list(told) == ["Triage", "Question by itself", "Curated answers", "Answer"]
    score = ask(desk.bot, Question.parse("any parking?")).confidence
    assert f"“Where can I park?” has {score:.2f}; it takes 0.70. So it answers" in said(told["Curated answers"])
    assert told["Curated answers"].rows[0][:3] == ("Where can I park?", "Where can I park?", f"{score:.2f}")
    assert "Write an answer" not in said(told["Answer"])


def test_a_curated_answer_that_is_not_sure_is_shown_before_the_documents(rose_bot: Bot, store: Engine) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, PARKING)
    told = steps(desk.bot, "Where can I park a motor home?")
    assert list(told)[2:4] == ["Curated answers", "Passages"]
    assert "it takes 0.70. The documents are asked." in said(told["Curated answers"])
    assert "words of the question that it lacks" in said(told["Curated answers"])


def test_of_several_parts_only_those_without_a_curated_answer_are_searched(rose_bot: Bot, store: Engine) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, PARKING)
    told = steps(desk.bot, "Is there parking, and how long does peeling last?")
    assert [title for title in told if title.startswith("Verdict")] == [
        "Verdict (part 2 of 2: “how long does peeling last?”)"
    ]
    first, second = told["Curated answers"].lines
    assert first.startswith("“Is there parking”")
    assert "So it answers" in first
    assert "The documents are asked" in second


def test_where_no_curated_answer_is_about_the_treatment_that_is_said(rose_bot: Bot, store: Engine) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, PEEL_PRICE)
    told = steps(desk.bot, "How long does redness last after fractional CO2 laser?")
    assert told["Curated answers"] == Step(
        "Curated answers", ("None is for patients and for what it is about: the documents are asked.",)
    )


@pytest.mark.parametrize(
    ("text", "line", "has_warnings"),
    [
        ("Wait until psoriasis is calm.", "So it answers", False),
        ("Yes, with psoriasis you can.", "But it says yes", True),
    ],
)
def test_who_asks_for_themselves_is_quoted_a_curated_answer_or_the_precautions(
    rose_bot: Bot, store: Engine, text: str, line: str, has_warnings: bool
) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, replace(PEEL_PRICE, questions=("Can I have a peel with psoriasis?",), text=text))
    personal = replace(desk.bot, meaning=UndecidedMeaning("personal"))
    told = steps(personal, "I have psoriasis, can I have a peel?")
    assert line in said(told["Curated answers"])
    assert ("Sentences that warn" in told) is has_warnings
    if has_warnings:
        assert text not in said(told["Sentences that warn"])


def test_a_curated_answer_that_newer_rules_withhold_is_not_said_to_answer(rose_bot: Bot, store: Engine) -> None:
    desk = desk_of(rose_bot, store)
    approved(desk, PARKING)
    strict = replace(desk.bot, rules=desk.bot.rules.model_copy(update={"never_quoted": {"spaces": "six free spaces"}}))
    strict.rules.__dict__.pop("never_quoted_patterns", None)
    told = steps(strict, "any parking?")
    assert "But it holds what no patient is shown: the documents are asked." in said(told["Curated answers"])
    assert "Passages" in told


def test_it_takes_an_editor(rose_bot: Bot) -> None:
    with pytest.raises(NotAllowedError):
        why(Person("Ben", "reader"), rose_bot, Question.parse("Do you sell vouchers?"))


def test_what_is_no_question_is_refused_as_for_patients(rose_bot: Bot) -> None:
    with pytest.raises(QuestionError):
        why(EDITOR, rose_bot, Question.parse("???"))


def test_on_the_page_every_word_is_escaped() -> None:
    html = why_pane("<b>x", [Step("<i>", ("<u>",), ("<s>",), (("<script>",),))])
    assert not any(tag in html for tag in ("<b>", "<i>", "<u>", "<s>", "<script>"))
