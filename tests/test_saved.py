"""Saved questions, what must be true of their answers, and what a version would change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from conftest import rows_of

from chatbot.desk import drafts, publish, saved
from chatbot.desk.audit import told
from chatbot.desk.changes import Comparing, Comparison, compare
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import DraftError
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.desk.saved import SavedError, Truth
from chatbot.store import transaction

ED, APP, READ = Person("Ed", "editor"), Person("Ann", "approver"), Person("Rea", "reader")
DUE = date.today() + timedelta(days=365)
FADES = "When does redness fade?"
PEELING = "How long does peeling last?"
NEW_LASER = """# Fractional CO2 laser

## Recovery

Redness fades within nine days.

## Swimming

Do not swim for two weeks.
"""


def comparison(desk: Desk, text: str = NEW_LASER) -> Comparison:
    draft = drafts.upload(desk, ED, "laser.md", text.encode(), {}, replaces="laser.md")
    drafts.approve(desk, APP, draft, "Dr B. Example", DUE)
    return compare(desk, ED, publish.prepared(desk, ED))


@pytest.mark.parametrize(
    ("truth", "failures"),
    [
        (Truth(status="answered"), []),
        (Truth(status="abstained"), ["It is answered, not abstained."]),
        (Truth(cites="laser"), []),
        (Truth(cites="laser#recovery"), []),
        (Truth(cites="peel"), ["It does not cite peel."]),
        (Truth(has="  within SEVEN\ndays"), []),
        (Truth(has="nine days"), ["No quote has “nine days”."]),
        (Truth(lacks="nine"), []),
        (Truth(lacks="Seven"), ["It has “Seven”."]),
        (Truth(status="urgent", cites="peel"), ["It is answered, not urgent.", "It does not cite peel."]),
    ],
)
def test_what_is_not_true_of_an_answer_is_named(library_desk: Desk, truth: Truth, failures: list[str]) -> None:
    one = saved.add(library_desk, ED, FADES, None, truth)
    (outcome,) = saved.run_now(library_desk, ED)
    assert (outcome.saved, outcome.failures) == (one, failures)
    (run,) = saved.runs(library_desk, ED)[one.key]
    assert (run.passed, run.why, run.release) == (not failures, " ".join(failures), None)


def test_a_question_is_asked_as_on_the_page_of_its_treatment(library_desk: Desk) -> None:
    one = saved.add(library_desk, ED, "How long is the recovery?", "Chemical peel", Truth(cites="peel"))
    assert one.truth.failures(saved.answer_of(library_desk.bot, one)) == []


@pytest.mark.parametrize(
    ("question", "truth", "wrong"),
    [
        (FADES, Truth(), "Say what must be true"),
        (FADES, Truth(cites=" ", has=""), "Say what must be true"),
        ("?", Truth(status="answered"), "no question yet"),
        ("<b>hello</b>", Truth(status="answered"), "HTML"),
    ],
)
def test_what_cannot_be_saved_says_why(library_desk: Desk, question: str, truth: Truth, wrong: str) -> None:
    with pytest.raises(SavedError, match=wrong):
        saved.add(library_desk, ED, question, None, truth)
    assert rows_of(library_desk.store, saved.saved_questions) == []


def test_a_patients_details_in_a_saved_question_are_not_kept(library_desk: Desk) -> None:
    one = saved.add(library_desk, ED, "I am jane@mail.example, when does redness fade?", None, Truth(status="answered"))
    assert "jane" not in one.question


def test_a_removed_question_is_asked_no_more_and_its_runs_stay(library_desk: Desk) -> None:
    one = saved.add(library_desk, ED, FADES, None, Truth(status="answered"))
    saved.run_now(library_desk, ED)
    saved.remove(library_desk, ED, one.key)
    assert (saved.every(library_desk, ED), saved.run_now(library_desk, ED)) == ([], [])
    assert len(rows_of(library_desk.store, saved.saved_runs)) == 1
    with pytest.raises(SavedError, match="no such saved question"):
        saved.remove(library_desk, ED, one.key)
    with transaction(library_desk.store) as connection:
        assert [entry.action for entry in told(connection, f"saved:{one.key}")] == ["saved.added", "saved.removed"]


def test_readers_neither_see_nor_change_saved_questions(library_desk: Desk) -> None:
    acts: list[Any] = [
        lambda: saved.add(library_desk, READ, FADES, None, Truth(status="answered")),
        lambda: saved.remove(library_desk, READ, 1),
        lambda: saved.every(library_desk, READ),
        lambda: saved.runs(library_desk, READ),
        lambda: saved.run_now(library_desk, READ),
        lambda: saved.try_out(library_desk, READ, FADES, None),
        lambda: Comparing().start(library_desk, READ),
    ]
    for act in acts:
        with pytest.raises(NotAllowedError):
            act()


# What would change


def test_every_changed_answer_is_shown_beside_the_one_of_now_and_judged_by_its_truth(library_desk: Desk) -> None:
    for truth in (Truth(has="seven days"), Truth(has="nine days"), Truth(status="answered")):
        saved.add(library_desk, ED, FADES, None, truth)
    saved.add(library_desk, ED, PEELING, None, Truth(status="answered"))
    found = comparison(library_desk)
    assert [asked.verdict for asked in found.saved] == ["worse", "better", "as good", "as good"]
    assert [asked.is_changed for asked in found.saved] == [True, True, True, False]
    assert found.changed[0].before.citations[0].quote == "Redness fades within seven days."
    assert found.changed[0].after.citations[0].quote == "Redness fades within nine days."
    assert [asked.question.truth.has for asked in found.failing] == ["seven days"]
    assert found.count("worse") == 1


def test_the_questions_beside_changed_sections_are_asked_as_well(library_desk: Desk) -> None:
    text = NEW_LASER.replace("Do not swim", "> Questions: When may I swim after the laser?\n\nDo not swim")
    (asked,) = comparison(library_desk, text).authors
    assert asked.question.truth == Truth(cites="laser#swimming")
    assert (asked.before.status, asked.after.status, asked.verdict) == ("abstained", "answered", "better")


def test_an_urgent_question_is_answered_alike_whatever_the_documents_say(library_desk: Desk) -> None:
    saved.add(library_desk, ED, "I cannot breathe and my face is swelling", None, Truth(status="urgent"))
    (asked,) = comparison(library_desk).saved
    assert (asked.is_changed, asked.failures) == (False, [])


def test_comparing_goes_on_in_the_background_and_says_how_far_it_is(library_desk: Desk) -> None:
    saved.add(library_desk, ED, FADES, None, Truth(has="seven days"))
    draft = drafts.upload(library_desk, ED, "laser.md", NEW_LASER.encode(), {}, replaces="laser.md")
    drafts.approve(library_desk, APP, draft, "Dr B. Example", DUE)
    comparing = Comparing()
    comparing.start(library_desk, ED)
    comparing.start(library_desk, APP)  # does not begin another
    assert comparing.wait(60)
    assert comparing.error is None
    assert comparing.result is not None
    assert comparing.said == "Asking questions: 1 of 1"
    assert len(comparing.result[1].failing) == 1


def test_what_goes_wrong_in_the_background_is_told(library_desk: Desk) -> None:
    comparing = Comparing()
    comparing.start(library_desk, ED)
    assert comparing.wait(60)
    assert isinstance(comparing.error, DraftError)
