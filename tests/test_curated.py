"""Curated answers at the desk: who may do what, what may be written, and that nothing is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from conftest import UndecidedMeaning
from curated_clinic import ADMIN, APPROVER, DUE, EDITOR, PARKING, PEEL_PRICE, READER, approved, desk_of
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk import audit
from chatbot.desk.curated import (
    EditConflictError,
    UnknownCuratedError,
    approve,
    curated_answer,
    edit,
    every_curated,
    history,
    retire,
    write,
)
from chatbot.desk.curated_check import MAX_TEXT_CHARS, WITHHELD, WordingError
from chatbot.desk.curated_wording import Wording
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.store import transaction

OTHER = replace(PARKING, text="The car park is closed until May.")
MINE = replace(PARKING, text="Please come by bus.")


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return desk_of(rose_bot, store)


def served(desk: Desk) -> list[str]:
    return [version.wording.text for version in desk.bot.curated.current().versions]


def story(desk: Desk, subject: str) -> list[tuple[str | None, str, object]]:
    with transaction(desk.store) as connection:
        return [(e.person, e.action, e.details["version"]) for e in audit.told(connection, subject)]


def test_a_draft_answers_nobody_until_it_is_approved(desk: Desk) -> None:
    version = write(desk, PARKING, EDITOR)
    assert (served(desk), curated_answer(desk, version.id, EDITOR).state) == ([], "draft")
    approve(desk, version.id, 1, APPROVER)
    assert (served(desk), curated_answer(desk, version.id, EDITOR).state) == ([PARKING.text], "approved")


def test_an_approved_answer_goes_on_answering_until_its_next_version_is_approved(desk: Desk) -> None:
    version = approved(desk, PARKING)
    edited = edit(desk, version.id, 1, OTHER, EDITOR)
    assert served(desk) == [PARKING.text]
    assert curated_answer(desk, version.id, EDITOR).has_draft
    approve(desk, version.id, edited.number, APPROVER)
    assert served(desk) == [OTHER.text]


def test_a_retired_answer_answers_no_more_and_can_be_edited_and_approved_again(desk: Desk) -> None:
    version = approved(desk, PARKING)
    retire(desk, version.id, APPROVER)
    assert (served(desk), curated_answer(desk, version.id, EDITOR).state) == ([], "retired")
    edit(desk, version.id, 1, OTHER, EDITOR)
    approve(desk, version.id, 2, APPROVER)
    assert served(desk) == [OTHER.text]


def test_every_version_is_kept_with_who_wrote_and_who_approved_it(desk: Desk) -> None:
    version = approved(desk, PARKING)
    edit(desk, version.id, 1, OTHER, ADMIN)
    told = [(v.number, v.wording, v.written_by, v.approved_by) for v in history(desk, version.id, EDITOR)]
    assert told == [(2, OTHER, "Ada", None), (1, PARKING, "Ed", "Ann")]


def test_the_second_of_two_editors_is_told_and_neither_text_is_lost(desk: Desk) -> None:
    version = write(desk, PARKING, EDITOR)
    edit(desk, version.id, 1, OTHER, ADMIN)
    with pytest.raises(EditConflictError, match="Ada saved version 2") as conflict:
        edit(desk, version.id, 1, MINE, EDITOR)
    assert (conflict.value.theirs.wording, conflict.value.yours) == (OTHER, MINE)
    assert [v.wording.text for v in history(desk, version.id, EDITOR)] == [OTHER.text, PARKING.text]
    edit(desk, version.id, 2, MINE, EDITOR)
    assert [v.wording.text for v in history(desk, version.id, EDITOR)] == [MINE.text, OTHER.text, PARKING.text]


def test_of_many_editors_who_save_at_once_one_does_and_the_others_are_told(desk: Desk) -> None:
    version = write(desk, PARKING, EDITOR)
    told: list[EditConflictError] = []

    def save(number: int) -> None:
        try:
            edit(
                desk, version.id, 1, replace(PARKING, text=f"Park on level {number}."), Person(f"Ed {number}", "editor")
            )
        except EditConflictError as error:
            told.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    saved, _ = history(desk, version.id, EDITOR)
    assert len(told) == 5
    assert {(error.theirs.written_by, error.theirs.wording) for error in told} == {(saved.written_by, saved.wording)}
    assert [action for _, action, _ in story(desk, version.id)] == ["curated.written", "curated.edited"]


def test_what_was_edited_after_the_approver_read_it_is_not_approved(desk: Desk) -> None:
    version = write(desk, PARKING, EDITOR)
    edit(desk, version.id, 1, OTHER, EDITOR)
    with pytest.raises(EditConflictError, match="Read it first"):
        approve(desk, version.id, 1, APPROVER)
    assert served(desk) == []


def test_the_audit_log_tells_who_wrote_edited_approved_and_retired_it(desk: Desk) -> None:
    version = approved(desk, PARKING)
    edit(desk, version.id, 1, OTHER, ADMIN)
    approve(desk, version.id, 2, APPROVER)
    retire(desk, version.id, ADMIN)
    assert story(desk, version.id) == [
        ("Ed", "curated.written", 1),
        ("Ann", "curated.approved", 1),
        ("Ada", "curated.edited", 2),
        ("Ann", "curated.approved", 2),
        ("Ada", "curated.retired", 2),
    ]


def test_what_was_refused_is_neither_kept_nor_in_the_log(desk: Desk) -> None:
    version = write(desk, PARKING, EDITOR)
    with pytest.raises(EditConflictError):
        edit(desk, version.id, 7, OTHER, EDITOR)
    assert [v.number for v in history(desk, version.id, EDITOR)] == [1]
    assert story(desk, version.id) == [("Ed", "curated.written", 1)]


ACTS: dict[str, Callable[[Desk, str, Person], object]] = {
    "edit: write": lambda desk, _, by: write(desk, PEEL_PRICE, by),
    "edit: edit": lambda desk, one, by: edit(desk, one, 1, OTHER, by),
    "edit: list": lambda desk, _, by: every_curated(desk, by),
    "edit: one": lambda desk, one, by: curated_answer(desk, one, by),
    "edit: history": lambda desk, one, by: history(desk, one, by),
    "approve: approve": lambda desk, one, by: approve(desk, one, 1, by),
    "approve: retire": lambda desk, one, by: retire(desk, one, by),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("by", [READER, EDITOR, APPROVER, ADMIN], ids=lambda by: by.role)
def test_a_role_can_do_what_it_may_and_nothing_else(desk: Desk, act: str, by: Person) -> None:
    one = write(desk, PARKING, ADMIN).id
    may = by.may("edit") if act.startswith("edit") else by.may("approve")
    if may:
        ACTS[act](desk, one, by)
    else:
        with pytest.raises(NotAllowedError):
            ACTS[act](desk, one, by)


REFUSED: dict[str, tuple[Wording, str]] = {
    "no question": (replace(PARKING, questions=()), "There is no question"),
    "a treatment alone": (replace(PARKING, questions=("Chemical peel?",)), "does not say what it is about"),
    "an urgent question": (replace(PARKING, questions=("I cannot breathe",)), "is urgent"),
    "a courtesy": (replace(PARKING, questions=("thank you",)), "is a courtesy"),
    "tags in a question": (replace(PARKING, questions=("<b>parking</b>?",)), "HTML tags"),
    "a long question": (replace(PARKING, questions=("parking " * 50,)), "the most is 300"),
    "no text": (replace(PARKING, text=" "), "There is no text"),
    "a long text": (replace(PARKING, text="free " * MAX_TEXT_CHARS), "Put what is longer in a document"),
    "tags in the text": (replace(PARKING, text="<script>alert(1)</script>"), "HTML tags"),
    "a dose": (replace(PARKING, text="Take 500 mg of paracetamol."), WITHHELD),
    "a medicine to stop": (replace(PARKING, text="Stop taking your warfarin three days before."), WITHHELD),
    "a clearance": (replace(PARKING, text="Parking is free, and the peel is safe for everyone."), WITHHELD),
    "no owner": (replace(PARKING, owner=""), "The owner is missing"),
    "no source": (replace(PARKING, source=" "), "The source is missing"),
    "a script as address": (replace(PARKING, address="javascript:alert(1)"), "no address of the web"),
    "a review in the past": (replace(PARKING, review_due=date(2020, 1, 1)), "not in the future"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_may_not_be_written_is_refused_with_the_reason(desk: Desk, what: str) -> None:
    wording, reason = REFUSED[what]
    with pytest.raises(WordingError) as refused:
        write(desk, wording, EDITOR)
    assert reason in str(refused.value)
    assert every_curated(desk, EDITOR) == []


def test_all_reasons_are_told_at_once(desk: Desk) -> None:
    with pytest.raises(WordingError) as refused:
        write(desk, replace(PARKING, questions=(), text="", owner=""), EDITOR)
    assert len(str(refused.value).splitlines()) == 3


def test_a_wording_is_kept_without_empty_lines_and_repeated_questions(desk: Desk) -> None:
    untidy = replace(
        PARKING, questions=(" Where can  I park?", "", "where can i park?"), text="\n Six.  \n\n\n\nFree.\n"
    )
    tidied = write(desk, untidy, EDITOR).wording
    assert (tidied.questions, tidied.text) == (("Where can I park?",), "Six.\n\nFree.")


def test_a_treatment_is_kept_under_its_one_name(desk: Desk) -> None:
    assert write(desk, replace(PEEL_PRICE, treatment="chemical peels"), EDITOR).wording.treatment == "Chemical peel"


def test_two_approved_answers_cannot_have_the_same_question(desk: Desk) -> None:
    first = approved(desk, PARKING)
    second = write(desk, replace(OTHER, questions=("where can i park?",)), EDITOR)
    with pytest.raises(WordingError, match=first.id):
        approve(desk, second.id, 1, APPROVER)
    retire(desk, first.id, APPROVER)
    approve(desk, second.id, 1, APPROVER)
    assert served(desk) == [OTHER.text]


def test_an_answer_that_is_not_there_is_named(desk: Desk) -> None:
    for act in (curated_answer, history):
        with pytest.raises(UnknownCuratedError, match="'nothing'"):
            act(desk, "nothing", EDITOR)
    with pytest.raises(UnknownCuratedError):
        edit(desk, "nothing", 1, PARKING, EDITOR)


def test_an_answer_whose_review_was_due_is_overdue_while_it_answers(desk: Desk) -> None:
    version = approved(desk, PARKING)
    one = curated_answer(desk, version.id, EDITOR)
    assert (one.is_overdue(DUE), one.is_overdue(date(2999, 2, 1))) == (False, True)
    retire(desk, version.id, APPROVER)
    assert not curated_answer(desk, version.id, EDITOR).is_overdue(date(2999, 2, 1))


def test_a_question_that_sounds_like_one_about_oneself_may_be_written(desk: Desk) -> None:
    bot = replace(desk.bot, meaning=UndecidedMeaning(sure_of="personal"))
    assert write(replace(desk, bot=bot), replace(PARKING, questions=("May I park if I am pregnant?",)), EDITOR)
