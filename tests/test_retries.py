"""Retries: one question is answered once, however often it is sent, and nobody gets another's answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID, uuid4

import pytest

from chatbot.answer import Answer
from chatbot.web.retries import Key, Retries

ANSWER = Answer("red?", "answered", "It fades.", 0.9)
OTHER = Answer("sore?", "answered", "It passes.", 0.9)


def key_of(conversation: UUID | None = None) -> Key:
    return Key(conversation or uuid4(), uuid4())


def never() -> Answer:
    pytest.fail("asked twice")


def test_a_retry_gets_the_answer_that_was_given() -> None:
    retries, key = Retries(), key_of()
    assert retries.once(key, lambda: ANSWER) is ANSWER
    assert retries.once(key, never) is ANSWER


def test_the_same_id_in_another_conversation_is_another_question() -> None:
    retries, key = Retries(), key_of()
    retries.once(key, lambda: ANSWER)
    assert retries.once(Key(uuid4(), key.id), lambda: OTHER) is OTHER


def test_a_retry_that_comes_while_the_answer_is_made_waits_for_it() -> None:
    retries, key, has_begun, may_end = Retries(), key_of(), Event(), Event()

    def slowly() -> Answer:
        has_begun.set()
        assert may_end.wait(10)
        return ANSWER

    with ThreadPoolExecutor() as pool:
        first = pool.submit(retries.once, key, slowly)
        assert has_begun.wait(10)
        second = pool.submit(retries.once, key, never)
        may_end.set()
        assert first.result(10) is second.result(10) is ANSWER


def test_what_failed_is_asked_again() -> None:
    retries, key = Retries(), key_of()

    def broken() -> Answer:
        raise LookupError("no such section")

    with pytest.raises(LookupError, match="no such section"):
        retries.once(key, broken)
    assert retries.once(key, lambda: ANSWER) is ANSWER


def test_a_conversation_that_is_forgotten_leaves_the_others() -> None:
    retries, mine, theirs = Retries(), key_of(), key_of()
    also_mine = key_of(mine.conversation)
    for key in (mine, also_mine, theirs):
        retries.once(key, lambda: ANSWER)
    retries.forget(mine.conversation)
    assert [retries.once(key, lambda: OTHER) for key in (mine, also_mine, theirs)] == [OTHER, OTHER, ANSWER]
