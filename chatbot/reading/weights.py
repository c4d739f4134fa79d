"""The trained weights' checksums: a file that was cut short or mixed up on its way here is found before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.manifest import sha256

SUMS = Path(__file__).with_name("weights.sha256")  # in the form of sha256sum: `sha256sum --check weights.sha256`


def note_sum(weights: Path, sums: Path = SUMS) -> None:
    """Write down the checksum of weights that were just trained."""
    known = {**_known(sums), weights.name: sha256(weights)}
    sums.write_text("".join(f"{known[name]}  {name}\n" for name in sorted(known)), encoding="utf-8")


def wrong_weights(sums: Path = SUMS) -> Iterator[tuple[Path, str]]:
    """The weights beside the checksums that are not what was trained, and what is wrong with each."""
    if not sums.exists():
        yield sums, "the checksums of the weights are missing"
    for name, expected in _known(sums).items():
        path = sums.with_name(name)
        if not path.exists():
            yield path, "the weights are missing"
        elif sha256(path) != expected:
            yield path, "the weights are not those that were trained: their checksum differs"


def _known(sums: Path) -> dict[str, str]:
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
