"""Checksums of the trained weights: those that ship fit, and what is cut short or missing is named."""

from __future__ import annotations

from pathlib import Path

from chatbot.reading.cross_encoder import WEIGHTS as CROSS_ENCODER
from chatbot.reading.meaning import WEIGHTS as MEANING
from chatbot.reading.weights import SUMS, note_sum, wrong_weights


def test_the_weights_that_ship_are_those_that_were_trained() -> None:
    named = {line.split("  ")[1] for line in SUMS.read_text(encoding="utf-8").splitlines()}
    assert named == {MEANING.name, CROSS_ENCODER.name}
    assert (
        list(wrong_weights()) == []
    )  # after training: (cd chatbot/reading && sha256sum *.safetensors > weights.sha256)


def test_weights_that_were_cut_short_or_are_missing_are_named(tmp_path: Path) -> None:
    first, second, sums = tmp_path / "a.safetensors", tmp_path / "b.safetensors", tmp_path / "weights.sha256"
    for path in (second, first):
        path.write_bytes(b"trained")
        note_sum(path, sums)
    assert list(wrong_weights(sums)) == []
    first.write_bytes(b"train")
    second.unlink()
    (changed, what), (missing, why) = wrong_weights(sums)
    assert (changed, missing) == (first, second)
    assert "checksum differs" in what
    assert "missing" in why


def test_weights_that_are_trained_again_have_their_new_checksum(tmp_path: Path) -> None:
    path, sums = tmp_path / "a.safetensors", tmp_path / "weights.sha256"
    for content in (b"once", b"twice"):
        path.write_bytes(content)
        note_sum(path, sums)
    assert list(wrong_weights(sums)) == []
    assert len(sums.read_text().splitlines()) == 1


def test_missing_checksums_are_named(tmp_path: Path) -> None:
    ((path, what),) = wrong_weights(tmp_path / "weights.sha256")
    assert path == tmp_path / "weights.sha256"
    assert "missing" in what
