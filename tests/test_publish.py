"""Publishing and rolling back: documents and index change together, or not at all, and the log tells it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import LetterEncoder, UndecidedMeaning, desk_of, rows_of
from sqlalchemy import Engine

from chatbot.bot import ask
from chatbot.desk import drafts, publish, releases, saved
from chatbot.desk.audit import told
from chatbot.desk.candidate import Candidate
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import DraftConflictError, DraftError
from chatbot.desk.library import KEPT_VERSIONS, Library, LibraryError
from chatbot.desk.permissions import NotAllowedError, Person
from chatbot.desk.publish import FailingQuestionsError, PublishError
from chatbot.desk.saved import Truth
from chatbot.question import Question
from chatbot.store import StoreError, transaction
from index.store import current_version

ED, APP, READ = Person("Ed", "editor"), Person("Ann", "approver"), Person("Rea", "reader")
DUE = date.today() + timedelta(days=365)
FADES = "When does redness fade?"
NEW_LASER = "# Fractional CO2 laser\n\n## Recovery\n\nRedness fades within {days} days.\n"


def library(desk: Desk) -> Library:
    return Library.of(desk.settings)


def approved(desk: Desk, days: int, path: str = "laser.md") -> None:
    """A draft in which redness fades within so many days, approved."""
    draft = drafts.upload(desk, ED, path, NEW_LASER.format(days=days).encode(), {}, replaces=path)
    drafts.approve(desk, APP, draft, "Dr B. Example", DUE)


def published(desk: Desk, days: int) -> str:
    approved(desk, days)
    return publish.publish(desk, APP, publish.prepared(desk, ED).version).release.version


def said(desk: Desk) -> str:
    """What a patient is told."""
    return ask(desk.bot, Question.parse(FADES)).citations[0].quote


def states(desk: Desk) -> list[str]:
    return [row["state"] for row in rows_of(desk.store, releases.releases)]


def test_what_is_prepared_is_served_once_it_is_published_and_not_before(library_desk: Desk) -> None:
    approved(library_desk, days=9)
    candidate = publish.prepared(library_desk, ED)
    assert said(library_desk) == "Redness fades within seven days."
    done = publish.publish(library_desk, APP, candidate.version)
    assert done.is_served
    assert said(library_desk) == "Redness fades within 9 days."
    assert library(library_desk).current() == candidate.version
    document = next(d for d in library_desk.bot.index.current().documents if d.id == "laser")
    assert (document.reviewed_by, document.reviewed_on, document.review_due) == ("Dr B. Example", date.today(), DUE)
    assert document.sources[0][1].name == "The maker of the laser"  # of the document that it replaced


def test_unchanged_text_is_not_embedded_again(library_desk: Desk, encoder: LetterEncoder) -> None:
    approved(library_desk, days=9)
    before = encoder.encoded
    assert publish.prepared(library_desk, ED).report.embedded == 1
    assert encoder.encoded == before + 1


def test_the_log_tells_of_the_version_and_of_each_document_in_it(library_desk: Desk) -> None:
    version = published(library_desk, days=9)
    with transaction(library_desk.store) as connection:
        of_document = [(entry.person, entry.action) for entry in told(connection, "laser.md")]
        (of_version,) = told(connection, version)
    assert of_document == [
        ("Ed", "document.uploaded"), ("Ann", "document.approved"), ("Ann", "document.published"),
    ]  # fmt: skip
    assert of_version.action == "document.published"
    assert of_version.details["index"] == library_desk.bot.index.current().version
    assert drafts.open_drafts(library_desk, ED) == []


def test_one_call_serves_an_earlier_version_again(library_desk: Desk) -> None:
    first, second = published(library_desk, days=9), published(library_desk, days=10)
    assert said(library_desk) == "Redness fades within 10 days."
    assert publish.roll_back(library_desk, APP, first).is_served
    assert said(library_desk) == "Redness fades within 9 days."
    with transaction(library_desk.store) as connection:
        assert told(connection, first)[-1].action == "document.rolled_back"
    publish.roll_back(library_desk, APP, second)
    assert said(library_desk) == "Redness fades within 10 days."


def test_the_folder_before_the_first_version_can_be_rolled_back_to(library_desk: Desk, clinic_folder: Path) -> None:
    published(library_desk, days=9)
    shutil.rmtree(clinic_folder)
    (before,) = [one for one, is_there in publish.releases_so_far(library_desk, ED) if is_there]
    assert (before.act, before.documents, before.passages) == ("taken_over", 3, 6)
    publish.roll_back(library_desk, APP, before.version)
    assert said(library_desk) == "Redness fades within seven days."


def test_a_retired_document_is_left_out_of_the_next_version(library_desk: Desk) -> None:
    drafts.retire(library_desk, APP, "peel.md")
    publish.publish(library_desk, APP, publish.prepared(library_desk, ED).version)
    assert library(library_desk).paths() == ["laser.md", "telephone.md"]
    assert {d.id for d in library_desk.bot.index.current().documents} == {"laser", "telephone"}


def test_the_last_document_cannot_be_retired(library_desk: Desk) -> None:
    for path in ("laser.md", "peel.md", "telephone.md"):
        drafts.retire(library_desk, APP, path)
    with pytest.raises(DraftError, match="No document would be left"):
        publish.prepared(library_desk, ED)
    assert library(library_desk).versions() == []


def test_without_anything_approved_there_is_nothing_to_publish(library_desk: Desk) -> None:
    drafts.upload(library_desk, ED, "new.md", b"# New\n\nText.\n", {})
    with pytest.raises(DraftError, match="Approve a draft first"):
        publish.prepared(library_desk, ED)


@pytest.mark.parametrize("person", [ED, READ])
def test_only_an_approver_publishes_and_rolls_back(library_desk: Desk, person: Person) -> None:
    first = published(library_desk, days=9)
    second = published(library_desk, days=10)
    with pytest.raises(NotAllowedError):
        publish.roll_back(library_desk, person, first)
    approved(library_desk, days=11)
    candidate = publish.prepared(library_desk, ED)
    with pytest.raises(NotAllowedError):
        publish.publish(library_desk, person, candidate.version)
    assert library(library_desk).current() == second


def test_a_version_prepared_before_another_was_published_is_refused(library_desk: Desk) -> None:
    first = published(library_desk, days=9)
    published(library_desk, days=10)
    approved(library_desk, days=11)
    candidate = publish.prepared(library_desk, ED)
    publish.roll_back(library_desk, APP, first)
    with pytest.raises(PublishError, match="Another version was published meanwhile"):
        publish.publish(library_desk, APP, candidate.version)
    with pytest.raises(DraftConflictError, match="served in another text"):  # it was made from what was rolled back
        publish.prepared(library_desk, ED)
    (draft,) = drafts.open_drafts(library_desk, ED)
    again = drafts.edit(library_desk, ED, draft, None, {})
    drafts.approve(library_desk, APP, again, "Dr B. Example", DUE)
    publish.publish(library_desk, APP, publish.prepared(library_desk, ED).version)
    assert said(library_desk) == "Redness fades within 11 days."


def test_a_version_whose_draft_was_changed_meanwhile_is_refused(library_desk: Desk) -> None:
    approved(library_desk, days=9)
    candidate = publish.prepared(library_desk, ED)
    (draft,) = drafts.open_drafts(library_desk, ED)
    drafts.edit(library_desk, ED, draft, NEW_LASER.format(days=99).encode(), {})
    with pytest.raises(PublishError, match="A draft in it was changed meanwhile"):
        publish.publish(library_desk, APP, candidate.version)
    assert library(library_desk).current() is None


def test_files_changed_by_hand_before_the_first_version_are_not_lost(library_desk: Desk, clinic_folder: Path) -> None:
    approved(library_desk, days=9)
    candidate = publish.prepared(library_desk, ED)
    (clinic_folder / "peel.md").write_text("---\nid: peel\n---\n\n# Peel\n\nBy hand.\n")
    with pytest.raises(PublishError, match="Files in the folder of documents were changed"):
        publish.publish(library_desk, APP, candidate.version)
    assert library(library_desk).versions() == [candidate.version]


def test_a_damaged_version_is_not_published(library_desk: Desk) -> None:
    approved(library_desk, days=9)
    candidate = publish.prepared(library_desk, ED)
    with (library(library_desk).folder(candidate.version) / "peel.md").open("a") as file:
        file.write("More.\n")
    with pytest.raises(PublishError, match="stale"):
        publish.publish(library_desk, APP, candidate.version)
    assert said(library_desk) == "Redness fades within seven days."


def test_a_saved_question_that_would_fail_needs_a_second_word_from_the_approver(library_desk: Desk) -> None:
    one = saved.add(library_desk, ED, FADES, None, Truth(has="seven days"))
    approved(library_desk, days=9)
    candidate = publish.prepared(library_desk, ED)
    with pytest.raises(FailingQuestionsError, match="No quote has “seven days”") as caught:
        publish.publish(library_desk, APP, candidate.version)
    assert [outcome.saved for outcome in caught.value.outcomes] == [one]
    assert said(library_desk) == "Redness fades within seven days."
    with pytest.raises(FailingQuestionsError):
        publish.publish(library_desk, APP, candidate.version, accepting=[one.key + 1])
    publish.publish(library_desk, APP, candidate.version, accepting=[one.key])
    with transaction(library_desk.store) as connection:
        assert told(connection, candidate.version)[0].details["accepted"] == [one.key]
    (run,) = saved.runs(library_desk, ED)[one.key]
    assert (run.passed, run.version, run.why) == (False, candidate.version, "No quote has “seven days”.")


def test_saved_questions_are_asked_at_each_release(library_desk: Desk) -> None:
    one = saved.add(library_desk, ED, FADES, None, Truth(status="answered"))
    first, second = published(library_desk, days=9), published(library_desk, days=10)
    publish.roll_back(library_desk, APP, first)
    runs = saved.runs(library_desk, ED)[one.key]
    assert [(run.version, run.passed) for run in runs] == [(first, True), (second, True), (first, True)]
    assert len({run.release for run in runs}) == 3


def test_the_last_versions_are_kept_and_older_ones_go_with_their_indexes(library_desk: Desk) -> None:
    versions = [published(library_desk, days) for days in range(3, 3 + KEPT_VERSIONS + 1)]
    assert library(library_desk).versions() == sorted(versions[-KEPT_VERSIONS:], reverse=True)
    homes = {path.name for path in library_desk.settings.indexes.iterdir()}
    assert {library(library_desk).index_home(version).name for version in versions[-KEPT_VERSIONS:]} < homes
    assert not library(library_desk).index_home(versions[0]).exists()
    with pytest.raises(PublishError, match="no such version any more"):
        publish.roll_back(library_desk, APP, versions[0])


def test_what_nobody_published_goes_with_the_next_that_is_prepared(library_desk: Desk) -> None:
    published(library_desk, days=9)
    approved(library_desk, days=10)
    older, newer = publish.prepared(library_desk, ED), publish.prepared(library_desk, ED)
    assert older.version not in library(library_desk).versions()
    assert newer.version in library(library_desk).versions()
    with pytest.raises(PublishError, match="no longer the one to be published"):
        publish.publish(library_desk, APP, older.version)


# What if the disk or the store gives out in between


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, function: str) -> Iterator[None]:
    """Python's own function fails as it does on a full disk."""

    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        yield


@pytest.fixture
def candidate(library_desk: Desk) -> Candidate:
    approved(library_desk, days=9)
    return publish.prepared(library_desk, ED)


def test_where_the_rename_fails_the_old_version_is_served_and_the_next_try_works(
    library_desk: Desk, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def fail(source: Any, target: Any) -> None:
        if Path(target).parent == library_desk.settings.library:
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(PublishError, match="No space left on device"):
            publish.publish(library_desk, APP, candidate.version)
    assert (library(library_desk).current(), said(library_desk)) == (None, "Redness fades within seven days.")
    with transaction(library_desk.store) as connection:
        assert told(connection, candidate.version) == []
    publish.publish(library_desk, APP, candidate.version)
    assert said(library_desk) == "Redness fades within 9 days."


def test_a_full_disk_while_a_version_is_written_leaves_nothing_of_it(
    library_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(library_desk, days=9)
    with full_disk(monkeypatch, "fsync"), pytest.raises(PublishError, match="No space left"):
        publish.prepared(library_desk, ED)
    assert library(library_desk).versions() == []
    assert len(list(library_desk.settings.indexes.iterdir())) == 1
    assert said(library_desk) == "Redness fades within seven days."
    assert len(drafts.open_drafts(library_desk, ED)) == 1


def test_where_the_store_fails_after_the_rename_the_next_start_writes_down_what_is_served(
    library_desk: Desk, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(releases, "finish", fail)
        assert publish.publish(library_desk, APP, candidate.version).is_served
    assert library(library_desk).current() == candidate.version
    assert "publishing" in states(library_desk)
    publish.repair(library_desk)
    with transaction(library_desk.store) as connection:
        (entry,) = told(connection, candidate.version)
    assert (entry.person, entry.action) == ("Ann", "document.published")
    assert drafts.open_drafts(library_desk, ED) == []
    publish.repair(library_desk)  # again changes nothing
    assert states(library_desk).count("published") == 2


def test_a_version_that_the_store_does_not_know_is_written_down_as_found(
    library_desk: Desk, candidate: Candidate, store: Engine
) -> None:
    library(library_desk).make_current(candidate.version)  # as after the store of an older backup
    publish.repair(library_desk)
    found = rows_of(store, releases.releases)[-1]
    assert (found["version"], found["act"], found["person"]) == (candidate.version, "found", None)


def test_a_desk_that_is_started_again_serves_what_was_published(
    library_desk: Desk, encoder: LetterEncoder, meaning: UndecidedMeaning, store: Engine
) -> None:
    published(library_desk, days=9)
    again = desk_of(library_desk.settings, encoder, meaning, store)
    assert said(again) == "Redness fades within 9 days."
    assert current_version(library(again).index_home(library(again).current())) == again.bot.index.current().version


def test_a_version_that_was_deleted_by_hand_is_named_with_what_to_do(library_desk: Desk) -> None:
    version = published(library_desk, days=9)
    shutil.rmtree(library(library_desk).folder(version))
    with pytest.raises(LibraryError, match="delete CURRENT to serve the folder of the settings"):
        library(library_desk).served_folder()
