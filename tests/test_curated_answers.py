"""What patients get of the curated answers, from every entrance: cited, after triage, never those for staff."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conftest import LetterEncoder, UndecidedMeaning, rows_of
from curated_clinic import (
    APPROVER,
    BY_WORDS,
    DOOR_CODE,
    EDITOR,
    PARKING,
    PEEL_PRICE,
    READER,
    approved,
    desk_of,
)
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import app
from chatbot.answer import Answer
from chatbot.bot import Bot, ask
from chatbot.desk import audit
from chatbot.desk.curated import approve, every_curated, write
from chatbot.desk.curated_look_up import CuratedHit, look_up_curated, try_question
from chatbot.desk.curated_match import CERTAIN
from chatbot.desk.curated_tables import uses
from chatbot.desk.curated_uses import Thumbs, thumbs, uses_of
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import NotAllowedError
from chatbot.mailing.outbox import Outbox
from chatbot.question import Question
from chatbot.records import Records, Turn
from chatbot.rules import load_rules
from chatbot.store import open_store, transaction
from chatbot.web import render
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat
from chatbot.web.patient import replies
from chatbot.web.turn import parts, sources

PARK = "Where can I park?"
CODE = "What is the code of the staff door?"
TURN = Turn("5f0c3c1e-5d0f-4a38-9c6e-0a4f3c1b7d11", "turn-1")


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return desk_of(rose_bot, store)


@pytest.fixture
def records(store: Engine) -> Records:
    return Records(store, keep_days=30)


def answer_to(desk: Desk, text: str, *earlier: str) -> Answer:
    return ask(desk.bot, Question.parse(text), [Question.parse(one) for one in earlier])


def test_an_approved_answer_is_quoted_whole_and_cited_as_a_document_of_the_clinic(desk: Desk) -> None:
    version = approved(desk, PARKING)
    answer = answer_to(desk, "is there any parking?")
    (citation,) = answer.citations
    document = citation.passage.document
    assert (answer.status, answer.text) == ("answered", f"{PARKING.text} [1]")
    assert document.text[citation.start : citation.end] == citation.quote == PARKING.text
    assert citation.to_json() == {
        "number": 1,
        "passage_id": f"curated:{version.id}#1",
        "document_id": f"curated:{version.id}",
        "document_title": "The clinic's answer",
        "section": "Where can I park?",
        "page": None,
        "quote": PARKING.text,
        "start": 0,
        "end": len(PARKING.text),
        "source": {
            "name": "The building's manager",
            "address": "https://building.example/parking",
            "kind": "clinic",
            "others": [],
            "reviewed_by": "Ann",
            "reviewed_on": datetime.now(UTC).date().isoformat(),
        },
        "caveat": False,
    }
    assert document.review_due == PARKING.review_due


def test_its_confidence_is_the_probability_of_the_match(desk: Desk) -> None:
    approved(desk, PARKING)
    assert answer_to(desk, PARK).confidence == CERTAIN
    answer = answer_to(desk, "is there any parking?")
    assert answer.confidence == answer.matches[0].probability == pytest.approx(BY_WORDS.probability(
        {"left": 0.0, "missed": 0.0, "shared": 0.25}
    ))  # fmt: skip


def test_the_page_and_the_widget_show_it_as_any_citation(desk: Desk) -> None:
    approved(desk, replace(PARKING, text="Six spaces.\n\n- behind A & B\n- at the door"))
    answer = answer_to(desk, PARK)
    (part,), (source,) = parts(answer, desk.bot.clinic), sources(answer)
    assert (part.kind, part.citation, part.runs[0].text) == ("quote", 1, answer.citations[0].quote)
    assert (source.title, source.reviewed_by, source.before, source.after) == ("The clinic's answer", "Ann", "", "")
    shown = render.message(answer, desk.bot.clinic)
    assert "behind A &amp; B<br>- at the door" in shown
    assert "Reviewed by Ann." in shown
    assert "https://building.example/parking" in shown


def test_a_follow_up_is_understood_before_it_is_matched(desk: Desk) -> None:
    approved(desk, PEEL_PRICE)
    answer = answer_to(desk, "and what does it cost?", "How long does peeling last after a chemical peel?")
    assert answer.text == f"{PEEL_PRICE.text} [1]"


def test_urgent_stays_urgent_whatever_is_curated(desk: Desk) -> None:
    approved(desk, PARKING)
    answer = answer_to(desk, "Where can I park? I cannot breathe")
    assert answer.status == "urgent"
    assert PARKING.text not in answer.text


def test_refused_stays_refused(desk: Desk) -> None:
    approved(desk, replace(PARKING, questions=("Which cream do I take?",), text="The one from the chemist."))
    answer = answer_to(desk, "how many mg of valaciclovir do I take")
    assert (answer.status, answer.rule) == ("abstained", "dose")


def test_who_asks_for_themselves_gets_the_quote_and_then_the_clinic(desk: Desk) -> None:
    wording = replace(
        PEEL_PRICE, questions=("Can I have a peel with psoriasis?",), text="Wait until psoriasis is calm."
    )
    approved(desk, wording)
    personal = replace(desk.bot, meaning=UndecidedMeaning(sure_of="personal"))
    answer = ask(personal, Question("I have psoriasis, can I have a peel?"))
    assert answer.status == "referred"
    assert answer.text.startswith(f"{wording.text} [1]\n\n")
    assert "Only a clinician who knows your health can decide" in answer.text
    assert answer.contact == desk.bot.clinic


@pytest.mark.parametrize("text", ["Yes, we treat psoriasis.", "You may. A peel with psoriasis is suitable for you."])
def test_who_asks_for_themselves_is_never_told_yes(desk: Desk, text: str) -> None:
    wording = replace(PEEL_PRICE, questions=("Can I have a peel with psoriasis?",), text=text)
    approved(desk, wording)
    personal = replace(desk.bot, meaning=UndecidedMeaning(sure_of="personal"))
    answer = ask(personal, Question("Can I have a peel with psoriasis?"))
    assert (answer.status, answer.matches) == ("referred", ())
    assert text not in answer.text


def test_an_answer_that_does_not_name_the_condition_is_not_given_to_who_has_it(desk: Desk) -> None:
    approved(desk, replace(PEEL_PRICE, questions=("Can I have a peel with eczema?",), text="Wait until it is calm."))
    personal = replace(desk.bot, meaning=UndecidedMeaning(sure_of="personal"))
    assert ask(personal, Question("Can I have a peel with eczema and lupus?")).matches == ()


def test_the_documents_answer_the_part_that_the_clinic_has_not_answered(desk: Desk) -> None:
    approved(desk, PEEL_PRICE)
    answer = answer_to(desk, "What does a chemical peel cost? How long does peeling last after a chemical peel?")
    assert answer.text == f"{PEEL_PRICE.text} [1]\n\nPeeling lasts five days. [2]"
    assert [citation.number for citation in answer.citations] == [1, 2]


def test_a_part_that_nobody_answers_is_named_beside_the_clinics_answer(desk: Desk) -> None:
    approved(desk, PARKING)
    answer = answer_to(desk, "Where can I park? Is there a zoo nearby?")
    assert answer.text.startswith(f"{PARKING.text} [1]\n\nOur documents do not answer “Is there a zoo nearby?”.")


def test_an_answer_for_a_treatment_without_documents_does_not_say_that_there_are_none(desk: Desk) -> None:
    approved(desk, replace(PEEL_PRICE, questions=("What does microneedling cost?",), treatment="Microneedling"))
    assert answer_to(desk, "What does microneedling cost?").text == f"{PEEL_PRICE.text} [1]"


def test_what_newer_rules_withhold_is_not_quoted_and_the_documents_are_asked(desk: Desk) -> None:
    approved(desk, replace(PEEL_PRICE, questions=("How long does peeling last after a chemical peel?",)))
    rules = load_rules()
    strict = {**rules.never_quoted, "prices": r"\bninety pounds\b"}
    bot = replace(desk.bot, rules=rules.model_copy(update={"never_quoted": strict}))
    bot.rules.__dict__.pop("never_quoted_patterns", None)
    assert (
        ask(bot, Question("How long does peeling last after a chemical peel?")).text == "Peeling lasts five days. [1]"
    )


def entrances(desk: Desk, store: Engine) -> dict[str, Callable[[str], str]]:
    """Each way in which a patient can ask, and all that comes back."""
    records = Records(store, keep_days=30)
    api = make_api(desk.bot, records)
    add_chat(api, desk.bot, records, Outbox(store, None, keep_days=30))
    client = TestClient(api)

    def chat(text: str) -> str:
        return client.post("/api/chat", json={"id": str(uuid4()), "conversation": str(uuid4()), "question": text}).text

    return {
        "ask": lambda text: json.dumps(answer_to(desk, text).to_json()),
        "follow-up": lambda text: json.dumps(answer_to(desk, "and that?", text).to_json()),
        "/api/ask": lambda text: client.post("/api/ask", json={"question": text}).text,
        "/api/chat, the widget's": chat,
        "/api/search": lambda text: client.post("/api/search", json={"text": text, "k": 50}).text,
        "the page": lambda text: str(list(replies(desk.bot, records, text, None, [], []))),
        "the page of a treatment": lambda text: str(list(replies(desk.bot, records, text, "Chemical peel", [], []))),
    }


def test_an_answer_for_staff_reaches_no_patient_from_any_entrance(desk: Desk, store: Engine) -> None:
    approved(desk, DOOR_CODE)
    approved(desk, PARKING)
    for name, entrance in entrances(desk, store).items():
        for text in (CODE, "staff door code", f"{PARK} {CODE}"):
            assert "kitchen" not in entrance(text), name
        if name not in ("follow-up", "/api/search"):
            assert PARKING.text in entrance(PARK), name


def test_the_command_line_gives_patients_answers_and_not_those_for_staff(
    desk: Desk,
    clinic_folder: Path,
    encoder: LetterEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(app, "load_encoder", lambda model: encoder)
    monkeypatch.setattr(app, "load_meaning", UndecidedMeaning)
    settings = tmp_path / "settings.toml"
    settings.write_text(f'documents = "{clinic_folder}"\ndata = "of the program"\n', encoding="utf-8")
    own = replace(desk, store=open_store(tmp_path / "of the program" / "records.sqlite3"))
    for wording in (DOOR_CODE, PARKING):
        approved(own, wording)
    for text, found in ((PARK, True), (CODE, False)):
        for more in ([], ["--json"]):
            assert app.main(["ask", text, *more, "--settings", str(settings)]) == 0
            out = capsys.readouterr().out
            assert (PARKING.text in out, "kitchen" in out) == (found, False)


def test_staff_find_both_kinds_and_who_may_not_look_up_finds_none(desk: Desk) -> None:
    approved(desk, DOOR_CODE)
    approved(desk, PARKING)
    write(desk, PEEL_PRICE, EDITOR)

    def found(text: str, k: int) -> list[CuratedHit]:
        return look_up_curated(desk, text, desk.bot.encoder.encode([text])[0], k, READER)

    hits = found("door", 5)
    assert [hit.version.wording.audience for hit in hits] == ["staff", "patient"]
    assert hits[0].score > hits[1].score
    assert [hit.version.wording.text for hit in found("parking", 1)] == [PARKING.text]
    assert found("  ", 5) == []


def test_a_use_is_counted_and_told_with_the_redacted_question(desk: Desk, records: Records) -> None:
    version = approved(desk, PARKING)
    answer = answer_to(desk, PARK)
    records.answered(replace(answer, question="I am Florence Nightingale, where can I park?"), "i", 0.1, TURN)
    records.answered(answer, "i", 0.1)
    told = uses_of(desk, version.id, EDITOR)
    assert [(use.number, use.probability) for use in told] == [(1, CERTAIN), (1, CERTAIN)]
    assert told[0].question is None
    assert "Nightingale" not in str(told)
    assert re.search("where can I park", str(told[1].question))
    (one,) = every_curated(desk, EDITOR)
    assert one.used == 2
    assert one.last_used_at is not None
    with pytest.raises(NotAllowedError):
        uses_of(desk, version.id, READER)


def test_a_retry_is_no_second_use(desk: Desk, records: Records) -> None:
    approved(desk, PARKING)
    for _ in range(2):
        records.answered(answer_to(desk, PARK), "i", 0.1, TURN)
    assert every_curated(desk, EDITOR)[0].used == 1


def test_a_use_goes_with_its_conversation_and_the_count_stays(desk: Desk, records: Records, store: Engine) -> None:
    version = approved(desk, PARKING)
    records.answered(answer_to(desk, PARK), "i", 0.1, TURN)
    records.forget(TURN.conversation)
    assert (uses_of(desk, version.id, EDITOR), rows_of(store, uses)) == ([], [])
    assert every_curated(desk, EDITOR)[0].used == 1


def test_a_use_goes_after_the_days_that_records_are_kept(desk: Desk, records: Records, store: Engine) -> None:
    approved(desk, PARKING)
    records.answered(answer_to(desk, PARK), "i", 0.1)
    records.purge(datetime.now(UTC) + timedelta(days=31))
    assert rows_of(store, uses) == []
    assert every_curated(desk, EDITOR)[0].used == 1


def test_thumbs_are_counted_for_the_answer_that_they_were_about(desk: Desk, records: Records) -> None:
    version = approved(desk, PARKING)
    other = approved(desk, PEEL_PRICE)
    answer = answer_to(desk, PARK)
    records.answered(answer, "i", 0.1, TURN)
    records.voted(TURN, helpful=True)
    records.voted(answer, helpful=False)
    assert thumbs(desk, EDITOR) == {version.id: Thumbs(up=1, down=1)}
    assert other.id not in thumbs(desk, EDITOR)


def test_an_editor_sees_whether_and_why_a_question_would_match(desk: Desk) -> None:
    approved(desk, PARKING)
    tried = try_question(desk, Question("parking?"), EDITOR)
    assert (tried.triage, tried.least) == ("answerable", BY_WORDS.min_probability)
    ((text, (best,)),) = tried.parts
    assert (text, best.is_sure, best.variant) == ("parking?", True, "Where can I park?")
    assert try_question(desk, Question("I cannot breathe"), EDITOR).triage == "urgent"


def test_a_wording_can_be_tried_before_it_is_saved_and_patients_get_nothing_of_it(desk: Desk) -> None:
    ((_, (best,)),) = try_question(desk, Question("parking?"), EDITOR, PARKING).parts
    assert best.is_sure
    assert answer_to(desk, "parking?").matches == ()
    with pytest.raises(NotAllowedError):
        try_question(desk, Question("parking?"), READER, PARKING)


def test_a_changed_wording_is_tried_in_place_of_the_approved_one(desk: Desk) -> None:
    version = approved(desk, PARKING)
    other = replace(PARKING, questions=("Is there a car park?",))
    ((_, found),) = try_question(desk, Question("Where can I park?"), EDITOR, other, version.id).parts
    assert [one.is_sure for one in found] == [False]


def test_the_loop_from_a_question_nobody_answers_to_one_that_is_answered(
    desk: Desk, records: Records, store: Engine
) -> None:
    first = answer_to(desk, "Is there parking at the clinic?")
    records.answered(first, "i", 0.1, TURN)
    assert first.status == "abstained"
    draft = write(desk, PARKING, EDITOR)
    assert answer_to(desk, "any parking for me?").status == "abstained"
    approve(desk, draft.id, draft.number, APPROVER)
    again = answer_to(desk, "any parking for me?")
    records.answered(again, "i", 0.1, Turn(TURN.conversation, "turn-2"))
    assert (again.status, again.citations[0].quote) == ("answered", PARKING.text)
    with transaction(store) as connection:
        told: list[tuple[Any, ...]] = [(e.person, e.action, e.details) for e in audit.told(connection, draft.id)]
    assert told == [("Ed", "curated.written", {"version": 1}), ("Ann", "curated.approved", {"version": 1})]
    (use,) = uses_of(desk, draft.id, EDITOR)
    assert use.question == "any parking for me?"
