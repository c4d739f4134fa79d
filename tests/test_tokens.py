"""Personal tokens for assistants: shown once, kept as a hash, one's own, as a reader, and ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from conftest import rows_of
from sqlalchemy import Engine
from staffed import add_staff, person

from chatbot.desk.audit import entries
from chatbot.desk.people import OWNER, PersonError, deactivate
from chatbot.desk.permissions import Person
from chatbot.desk.tokens import LIFE, PREFIX, TokenError, make_token, own_tokens, person_with, revoke_token, tokens

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ADA, ED = person("admin"), person("editor")


@pytest.fixture
def staff(store: Engine, quick_hashes: PasswordHasher) -> Engine:
    add_staff(store)
    return store


def test_a_token_says_whose_it_is_and_its_holder_is_a_reader_whatever_their_role(staff: Engine) -> None:
    token = make_token(staff, ADA, "front desk", NOW)
    assert person_with(staff, token, NOW) == Person(ADA.name, "reader")


def test_a_token_is_long_and_random_and_is_stored_nowhere(staff: Engine) -> None:
    made = {make_token(staff, ADA, "front desk", NOW) for _ in range(20)}
    assert len(made) == 20
    assert all(token.startswith(PREFIX) and len(token.removeprefix(PREFIX)) >= 43 for token in made)
    stored = str(rows_of(staff, tokens)) + str(rows_of(staff, entries))
    assert not [token for token in made if token in stored or token.removeprefix(PREFIX) in stored]


@pytest.mark.parametrize("wrong", ["", "desk_", "desk_x", "Bearer", "' or 1=1 --", "\ud83d"])
def test_what_is_no_token_is_nobodys(wrong: str, staff: Engine) -> None:
    make_token(staff, ADA, "front desk", NOW)
    assert person_with(staff, wrong, NOW) is None


def test_a_token_ends_by_itself(staff: Engine) -> None:
    token = make_token(staff, ADA, "front desk", NOW)
    assert person_with(staff, token, NOW + LIFE - timedelta(seconds=1)) is not None
    assert person_with(staff, token, NOW + LIFE) is None
    assert own_tokens(staff, ADA, NOW + LIFE) == []


def test_a_token_is_ended_at_once_and_only_by_its_owner(staff: Engine) -> None:
    token = make_token(staff, ED, "front desk", NOW)
    (one,) = own_tokens(staff, ED, NOW)
    with pytest.raises(TokenError, match="no such token"):
        revoke_token(staff, ADA, one.key)
    assert person_with(staff, token, NOW) is not None
    revoke_token(staff, ED, one.key)
    assert person_with(staff, token, NOW) is None
    assert own_tokens(staff, ED, NOW) == []
    with pytest.raises(TokenError, match="no such token"):
        revoke_token(staff, ED, one.key)


def test_who_may_no_longer_log_in_has_no_token_that_works(staff: Engine) -> None:
    token = make_token(staff, ED, "front desk", NOW)
    deactivate(staff, OWNER, ED.name)
    assert person_with(staff, token, NOW) is None
    with pytest.raises(PersonError, match="nobody called"):
        make_token(staff, ED, "another", NOW)


def test_one_sees_ones_own_tokens_and_when_they_were_used(staff: Engine) -> None:
    token = make_token(staff, ED, "  front   desk ", NOW)
    make_token(staff, ADA, "at home", NOW)
    person_with(staff, token, NOW + timedelta(hours=1))
    (one,) = own_tokens(staff, ED, NOW)
    assert (one.name, one.used_at) == ("front desk", datetime(2026, 3, 1, 10, 0))


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b"])
def test_a_token_needs_a_name_to_know_it_by(name: str, staff: Engine) -> None:
    with pytest.raises(TokenError, match="name"):
        make_token(staff, ED, name, NOW)


def test_making_and_ending_one_stands_in_the_audit_log(staff: Engine) -> None:
    make_token(staff, ED, "front desk", NOW)
    key = own_tokens(staff, ED, NOW)[0].key
    revoke_token(staff, ED, key)
    told = [(row["person"], row["action"]) for row in rows_of(staff, entries) if row["subject"] == f"token:{key}"]
    assert told == [(ED.name, "token.made"), (ED.name, "token.revoked")]
