"""What a server reads before the first question: the sentences of patients' documents, each with its context."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import IndexOf

from chatbot.reading.cross_encoder import Said, TrainedCrossEncoder
from chatbot.ready import read_ahead

STAFF = """---
id: desk
title: At the desk
audience: staff
---

## Refunds

Refunds take a week.
"""


def test_the_sentences_of_patients_documents_are_read_ahead_as_they_will_be_asked_about(
    clinic_folder: Path, index_of: IndexOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clinic_folder / "desk.md").write_text(STAFF, encoding="utf-8")
    ahead: list[Said] = []

    def read(_: TrainedCrossEncoder, said: Sequence[Said]) -> None:
        ahead.extend(said)

    monkeypatch.setattr(TrainedCrossEncoder, "read_ahead", read)
    read_ahead(TrainedCrossEncoder(), index_of(clinic_folder))
    assert Said("Redness fades within seven days.", "Recovery") in ahead
    assert Said("Most people need three sessions or more.", "What studies found") in ahead
    assert not [one for one in ahead if "Refunds" in one.sentence]
