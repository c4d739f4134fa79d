"""Gaps: clustered by meaning, ranked by how many people asked, closed until somebody asks again."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from asked import NOW, ask_once, send
from conftest import LetterEncoder, rows_of
from sqlalchemy import Engine, delete, insert

from chatbot.bot import Bot
from chatbot.desk.audit import entries, note, told
from chatbot.desk.desk import Desk
from chatbot.desk.gap_topics import How, topics
from chatbot.desk.gaps import Gap, GapError, Gaps
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records, turns
from chatbot.settings import Settings
from chatbot.store import transaction

# To LetterEncoder words with the same letters out of x, y and z mean the same.
VOUCHER, VOUCHERS, PRESENT = "xx voucher?", "do you sell xx vouchers", "xxx as a present"
PARKING = "parking lot zz?"
EDITOR, READER = Person("Ann", "editor"), Person("Ben", "reader")


@pytest.fixture
def outbox(store: Engine) -> Outbox:
    return Outbox(store, None, keep_days=30)


@pytest.fixture
def gaps(rose_bot: Bot, store: Engine, outbox: Outbox) -> Gaps:
    return Gaps(Desk(rose_bot, store, outbox, Settings()))


def ranked(gaps: Gaps) -> list[Gap]:
    return gaps.ranked(EDITOR, NOW)


def texts_of(gap: Gap) -> set[str]:
    return {one.text for one in gap.questions}


def test_questions_that_mean_the_same_are_one_gap_and_the_one_that_most_people_asked_comes_first(
    gaps: Gaps, store: Engine
) -> None:
    ask_once(store, PARKING)
    for text in (VOUCHER, VOUCHERS, PRESENT):
        ask_once(store, text)
    first, second = ranked(gaps)
    assert (texts_of(first), first.asked) == ({VOUCHER, VOUCHERS, PRESENT}, 3)
    assert (texts_of(second), second.asked) == ({PARKING}, 1)


def test_somebody_who_asks_three_times_is_one_person(gaps: Gaps, store: Engine) -> None:
    for text in (VOUCHER, VOUCHERS, PRESENT):
        ask_once(store, text, who="the same")
    for _ in range(2):
        ask_once(store, PARKING)
    first, second = ranked(gaps)
    assert (texts_of(first), first.asked, second.asked) == ({PARKING}, 2, 1)


def test_this_week_is_compared_with_the_week_before(gaps: Gaps, store: Engine) -> None:
    for days_ago in (0.1, 6.9, 7.1, 13.9, 14.1):
        ask_once(store, PARKING, days_ago=days_ago)
    (gap,) = ranked(gaps)
    assert (gap.asked, gap.this_week, gap.week_before) == (5, 2, 2)


def test_the_exemplar_is_the_question_most_like_the_others(gaps: Gaps, store: Engine) -> None:
    for text in ("xxxy voucher", "xx voucher", "xxxz voucher"):
        ask_once(store, text)
    (gap,) = ranked(gaps)
    assert gap.exemplar.text == "xx voucher"
    assert gap.variants[0] == "xx voucher"
    assert set(gap.variants) == {"xxxy voucher", "xx voucher", "xxxz voucher"}


def test_the_wordings_to_begin_with_have_no_holes_and_no_story(gaps: Gaps, store: Engine) -> None:
    for text in ("xx voucher?", "XX  voucher?", "I am [name], xx voucher", f"xx voucher {'and so on ' * 40}"):
        ask_once(store, text)
    (gap,) = ranked(gaps)
    assert [variant.casefold() for variant in gap.variants] == ["xx voucher?"]


def test_the_treatments_that_the_questions_name_are_counted_by_people(gaps: Gaps, store: Engine) -> None:
    ask_once(store, "chemical peel xx voucher", who="a")
    ask_once(store, "xx voucher for a chemical peel", who="a")
    (gap,) = ranked(gaps)
    assert (gap.treatments, gap.treatment) == ((("Chemical peel", 1),), "Chemical peel")
    ask_once(store, "fractional co2 laser xx voucher", who="b")
    (gap,) = ranked(gaps)
    assert dict(gap.treatments) == {"Chemical peel": 1, "Fractional CO2 laser": 1}
    assert gap.treatment is None


def test_the_names_of_treatments_set_no_questions_apart(gaps: Gaps, store: Engine) -> None:
    ask_once(store, "xx voucher for a chemical peel")
    ask_once(store, "xx voucher for microneedling")
    assert len(ranked(gaps)) == 1


def test_thumbs_down_and_messages_count_with_what_was_abstained(gaps: Gaps, store: Engine, outbox: Outbox) -> None:
    ask_once(store, VOUCHER)
    ask_once(store, VOUCHERS, status="answered", helpful=False, reason="wrong", remark="not what I asked")
    send(outbox, PRESENT)
    (gap,) = gaps.ranked(EDITOR, NOW + timedelta(days=400))
    assert {(one.why, one.reason, one.remark) for one in gap.questions} == {
        ("abstained", None, None), ("thumbed_down", "wrong", "not what I asked"), ("message", None, None),
    }  # fmt: skip
    assert gap.asked == 3


def test_a_message_of_the_same_conversation_is_the_same_person(gaps: Gaps, store: Engine, outbox: Outbox) -> None:
    receipt = send(outbox, VOUCHER, conversation="a key")
    (gap,) = ranked(gaps)
    ask_once(store, VOUCHERS, who=gap.questions[0].who)
    (gap,) = ranked(gaps)
    assert (gap.asked, len(gap.questions)) == (1, 2)
    assert f"message:{receipt}" in {one.id for one in gap.questions}


@pytest.mark.parametrize("status", ["answered", "referred", "urgent", "smalltalk"])
def test_what_was_answered_otherwise_is_no_gap(gaps: Gaps, store: Engine, status: str) -> None:
    ask_once(store, VOUCHER, status=status)
    ask_once(store, VOUCHER, status=status, helpful=True)
    assert ranked(gaps) == []


def test_what_is_urgent_is_no_gap_even_with_a_thumb_down_or_by_the_form(
    gaps: Gaps, store: Engine, outbox: Outbox
) -> None:
    ask_once(store, VOUCHER, status="urgent", helpful=False)
    send(outbox, "my eye hurts", urgency="emergency")
    assert ranked(gaps) == []


def test_what_a_rule_refuses_is_no_gap(gaps: Gaps, store: Engine) -> None:
    ask_once(store, "which dose xx", rule="dose")
    assert ranked(gaps) == []


def test_a_question_outside_a_conversation_has_no_words_and_is_no_gap(gaps: Gaps, store: Engine) -> None:
    ask_once(store, None)
    assert ranked(gaps) == []


def test_a_message_is_shown_redacted_without_name_and_contact(gaps: Gaps, outbox: Outbox) -> None:
    send(outbox, "I am Florence Nightingale, ring 07700 900123. xx voucher?")
    (gap,) = ranked(gaps)
    assert "voucher" in gap.exemplar.text
    assert "Nightingale" not in repr(gap)
    assert "900123" not in repr(gap)


def test_a_message_that_was_done_still_counts_redacted_where_it_can_be_deleted(
    gaps: Gaps, outbox: Outbox, store: Engine
) -> None:
    kept, gone = send(outbox, "07700 900123 xx voucher", conversation="a key"), send(outbox, PARKING)
    for receipt in (kept, gone):
        outbox.done(receipt, EDITOR)
    (gap,) = ranked(gaps)
    assert [one.id for one in gap.questions] == [f"message:{kept}"]
    outbox.forget("a key")
    assert ranked(gaps) == []


def test_a_deleted_conversation_is_gone_from_the_gaps_and_from_memory(gaps: Gaps, store: Engine) -> None:
    ask_once(store, PARKING)
    ranked(gaps)
    with transaction(store) as connection:
        connection.execute(delete(turns))
    assert ranked(gaps) == []
    assert PARKING not in repr(vars(gaps._reading))


def test_only_new_questions_are_encoded(gaps: Gaps, store: Engine, encoder: LetterEncoder) -> None:
    ask_once(store, VOUCHER)
    ranked(gaps)
    before = encoder.encoded
    ranked(gaps)
    ask_once(store, VOUCHER)
    assert [gap.asked for gap in ranked(gaps)] == [2]
    assert encoder.encoded == before
    ask_once(store, PARKING)
    ranked(gaps)
    assert encoder.encoded == before + 1


def test_a_closed_gap_stays_closed_until_somebody_asks_again(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    gaps.answered(EDITOR, ranked(gaps)[0])
    (gap,) = ranked(gaps)
    assert (gap.is_closed, gap.decided and gap.decided.how, gap.decided and gap.decided.by) == (True, "answered", "Ann")
    later = rows_of(store, topics)[0]["at"] + timedelta(days=1)
    ask_once(store, VOUCHERS, at=later.replace(tzinfo=NOW.tzinfo))
    opened, closed = ranked(gaps)
    assert (texts_of(opened), opened.is_closed) == ({VOUCHERS}, False)
    assert (texts_of(closed), closed.is_closed) == ({VOUCHER}, True)


def test_a_question_that_nobody_decided_on_is_not_closed_with_its_neighbours(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    (gap,) = ranked(gaps)
    ask_once(store, VOUCHERS, days_ago=3)
    gaps.answered(EDITOR, gap)
    opened, closed = ranked(gaps)
    assert (texts_of(opened), texts_of(closed)) == ({VOUCHERS}, {VOUCHER})


def test_what_is_not_for_us_comes_back_when_more_have_asked_since_than_before(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    gaps.not_for_us(EDITOR, ranked(gaps)[0], "xx vouchers", "we sell none")
    later = (rows_of(store, topics)[0]["at"] + timedelta(days=1)).replace(tzinfo=NOW.tzinfo)
    ask_once(store, VOUCHERS, at=later)
    assert [gap.is_closed for gap in ranked(gaps)] == [True]
    ask_once(store, PRESENT, at=later)
    opened, closed = ranked(gaps)
    assert texts_of(opened) == {VOUCHERS, PRESENT}
    assert texts_of(closed) == {VOUCHER}


def test_what_is_not_for_us_stays_closed_when_its_questions_have_been_deleted(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    gaps.not_for_us(EDITOR, ranked(gaps)[0], "xx vouchers", "we sell none")
    Records(store, keep_days=1).purge(NOW + timedelta(days=100))
    later = (rows_of(store, topics)[0]["at"] + timedelta(days=1)).replace(tzinfo=NOW.tzinfo)
    ask_once(store, VOUCHERS, at=later)
    (gap,) = ranked(gaps)
    assert (gap.is_closed, gap.decided and gap.decided.reason) == (True, "we sell none")


def test_nothing_that_is_kept_of_a_decision_is_a_patients_word(gaps: Gaps, store: Engine) -> None:
    ask_once(store, "my secret xx voucher")
    gap = ranked(gaps)[0]
    gaps.begun(EDITOR, gap, "curated", "7")
    gaps.answered(EDITOR, gap)
    gaps.not_for_us(EDITOR, gap, "vouchers", "we sell none")
    assert "secret" not in repr(rows_of(store, topics)) + repr(rows_of(store, entries))


@pytest.mark.parametrize(("label", "reason"), [("", "we sell none"), ("vouchers", "  ")])
def test_not_for_us_needs_a_reason_and_what_it_is_about(gaps: Gaps, store: Engine, label: str, reason: str) -> None:
    ask_once(store, VOUCHER)
    with pytest.raises(GapError, match="your own words"):
        gaps.not_for_us(EDITOR, ranked(gaps)[0], label, reason)
    assert rows_of(store, topics) == []


@pytest.mark.parametrize(
    ("how", "subject", "noted", "approved", "retired"),
    [
        ("curated", "7", "curated:7", "curated.approved", "curated.retired"),
        ("curated", "curated:7", "curated:7", "curated.approved", "curated.retired"),
        ("document", "price.md", "price.md", "document.published", "document.retired"),
    ],
)
def test_what_was_begun_closes_the_gap_when_it_is_approved_and_opens_it_when_it_is_retired(
    gaps: Gaps, store: Engine, how: How, subject: str, noted: str, approved: str, retired: str
) -> None:
    ask_once(store, VOUCHER)
    gaps.begun(EDITOR, ranked(gaps)[0], how, subject)
    (gap,) = ranked(gaps)
    assert gap.decided is not None
    assert (gap.is_closed, gap.decided.subject, gap.decided.closed_at) == (False, subject, None)
    with transaction(store) as connection:
        note(connection, "Dr Rose", approved, noted)
    assert [gap.is_closed for gap in ranked(gaps)] == [True]
    with transaction(store) as connection:
        note(connection, "Dr Rose", retired, noted)
    assert [gap.is_closed for gap in ranked(gaps)] == [False]


def test_what_was_asked_while_the_answer_waited_for_approval_is_closed_with_it(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    gaps.begun(EDITOR, ranked(gaps)[0], "curated", "7")
    begun = rows_of(store, topics)[0]["at"].replace(tzinfo=NOW.tzinfo)
    ask_once(store, VOUCHERS, at=begun + timedelta(microseconds=1))
    with transaction(store) as connection:
        note(connection, "Dr Rose", "curated.approved", "curated:7")
    assert [(gap.is_closed, gap.asked) for gap in ranked(gaps)] == [(True, 2)]


def test_a_closed_gap_can_be_opened_again_and_the_log_tells_the_story(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    gaps.not_for_us(EDITOR, ranked(gaps)[0], "vouchers", "we sell none")
    gaps.reopen(Person("Cas", "editor"), ranked(gaps)[0])
    assert [(gap.is_closed, gap.decided) for gap in ranked(gaps)] == [(False, None)]
    with transaction(store) as connection:
        story = [(entry.person, entry.action) for entry in told(connection, "gap:1")]
    assert story == [("Ann", "gap.closed"), ("Cas", "gap.reopened")]


def test_a_reader_sees_no_gaps_and_decides_nothing(gaps: Gaps, store: Engine) -> None:
    ask_once(store, VOUCHER)
    (gap,) = ranked(gaps)
    for forbidden in (
        lambda: gaps.ranked(READER, NOW),
        lambda: gaps.gap_of(READER, gap.exemplar.id, NOW),
        lambda: gaps.answered(READER, gap),
        lambda: gaps.begun(READER, gap, "curated", "7"),
        lambda: gaps.not_for_us(READER, gap, "a", "b"),
        lambda: gaps.reopen(READER, gap),
    ):
        with pytest.raises(NotAllowedError):
            forbidden()
    assert rows_of(store, topics) == []


def test_a_gap_is_found_by_any_of_its_questions_until_they_are_deleted(gaps: Gaps, store: Engine) -> None:
    one = ask_once(store, VOUCHER)
    assert gaps.gap_of(EDITOR, one, NOW).exemplar.id == one
    with pytest.raises(GapError, match="no longer kept"):
        gaps.gap_of(EDITOR, "turn:99", NOW)


def test_a_long_message_of_several_lines_has_a_title_of_one(gaps: Gaps, outbox: Outbox) -> None:
    send(outbox, f"Hello,\n\nxx voucher?\n{'and more ' * 100}")
    (gap,) = ranked(gaps)
    assert gap.title.startswith("Hello, xx voucher? and more")
    assert len(gap.title) <= 200
    assert gaps.gap_titled(EDITOR, gap.title, False, NOW).exemplar.id == gap.exemplar.id
    with pytest.raises(GapError, match="changed since"):
        gaps.gap_titled(EDITOR, gap.title, True, NOW)


def test_ten_thousand_turns_are_ranked_within_a_second(gaps: Gaps, store: Engine) -> None:
    words = [f"{'xyz-'[number % 4] * 2} word{number}" for number in range(2000)]
    rows: list[dict[str, Any]] = [
        {
            "at": (NOW - timedelta(minutes=number)).replace(tzinfo=None), "conversation": str(number % 4000),
            "id": str(number), "question": words[number // 5], "passages": [], "confidence": 0.1, "index": "v",
            "ms": 1.0, "status": "abstained" if number % 5 == 0 else "answered",
        }
        for number in range(10_000)
    ]  # fmt: skip
    with transaction(store) as connection:
        connection.execute(insert(turns), rows)
    ranked(gaps)  # the first time questions are encoded
    taken = []
    for text in ("xx a new one", "xx another", "xx a third"):  # so that all are clustered again
        ask_once(store, text)
        started = time.process_time()  # whatever else this machine does
        assert len(ranked(gaps)) > 1
        taken.append(time.process_time() - started)
    assert min(taken) < 1.0
