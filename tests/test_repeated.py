"""What an answer repeats of somebody's words is words alone, and words that are used for treatments stay."""

from __future__ import annotations

import pytest

from chatbot.repeated import repeated


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("how much is it?", "how much is it?"),
        ("Er:YAG laser (2,940 nm) & Q-switched Nd:YAG", "Er:YAG laser (2,940 nm) & Q-switched Nd:YAG"),
        ("el láser, 激光, الليزر and हिंदी", "el láser, 激光, الليزر and हिंदी"),
        ("[tap](javascript:alert(1))", "tap(alert(1))"),
        ("![](https://evil.example/x)", "!(evil.example/x)"),
        ("<img src=x onerror=alert(1)>x</b> and 3 < 5", "x and 3  5"),
        ("&lt;b&gt;", "lt;bgt;"),
        ("{{x}} ${y} `z`", "x y z"),
        ("call \u202e01 234\u202c now\u200b", "call 01 234 now"),
        ("half \ud83d", "half "),
        ("JavaScript:x", "x"),
    ],
)
def test_only_words_are_repeated(typed: str, said: str) -> None:
    assert repeated(typed) == said
