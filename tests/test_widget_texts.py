"""The widget's texts: every language says everything that the widget says, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatbot.web.texts import FIRST, FOLDER, LANGUAGES, RIGHT_TO_LEFT, nearest, texts_of

SCRIPT = FOLDER.parent / "widget.js"
ON_THE_SERVER = {"notice"}  # said by /api/widget itself


def said_by_the_widget() -> set[str]:
    """The keys that the script names: what stands in quotation marks, or after `texts.`, and is a key anywhere."""
    source = SCRIPT.read_text(encoding="utf-8")
    everything = {key for language in LANGUAGES for key in texts_of(language)}
    return everything & {*re.findall(r'"([a-z_]+)"', source), *re.findall(r"\btexts\.([a-z_]+)", source)}


def keys_asked_for() -> set[str]:
    """The keys in calls that say something, whether any language has them or not."""
    source = SCRIPT.read_text(encoding="utf-8")
    called = re.findall(r'\b(?:say|phrase|field|tick|thumb)\(\s*"([a-z_]+)"', source)
    either = re.findall(r'\bsay\([^()"]*\? "([a-z_]+)" : "([a-z_]+)"\)', source)
    return {*called, *(key for pair in either for key in pair), *re.findall(r'"((?:reason|kind)_[a-z]+)"', source)}


def test_there_is_one_file_for_each_language() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_unused(language: str) -> None:
    keys = set(texts_of(language))
    assert keys == set(texts_of("en"))
    assert keys_asked_for() - keys == set()
    assert set(FIRST) - keys == set()
    assert keys - said_by_the_widget() - ON_THE_SERVER == set()
    assert keys >= ON_THE_SERVER


def test_the_script_was_understood() -> None:
    assert len(keys_asked_for()) > 50  # otherwise the tests above would find nothing missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_the_same_places_for_values_in_every_language(language: str) -> None:
    for key, text in texts_of(language).items():
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", texts_of("en")[key]), key


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_translation_is_one(language: str) -> None:
    same = {key for key, text in texts_of(language).items() if text == texts_of("en")[key]}
    assert same <= {"urgent", "conversation", "page"}  # the same words in French


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es", "es"), ("es-MX", "es"), ("zh-Hant", "zh"), ("AR_eg", "ar"), ("de", "en"), ("", "en"), ("../en", "en")],
)
def test_the_nearest_language_is_spoken(tag: str, language: str) -> None:
    assert nearest(tag) == language


def test_what_is_written_from_right_to_left_is_a_language_of_the_widget() -> None:
    assert set(RIGHT_TO_LEFT) <= set(LANGUAGES)


def test_every_file_is_packaged() -> None:
    packaged = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    for pattern in ("web/widget/*.js", "web/widget/*.html", "web/widget/*.css", "web/widget/texts/*.json"):
        assert f'"{pattern}"' in packaged
