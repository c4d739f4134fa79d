"""What a message asks: its questions one by one, without cutting what belongs together."""

from __future__ import annotations

from time import perf_counter

import pytest

from chatbot.question import MAX_CHARS
from chatbot.reading.asked import MAX_PARTS, STORY_WORDS, asked

TOLD = "I had my laser four days ago and my face was very red at first, but now it is peeling."  # 20 words


@pytest.mark.parametrize(
    "text",
    [
        "does it hurt?",
        "How long does redness last",
        "downtime",
        "I have a peel on Friday.",
        "Tell me if it hurts and how long it takes to heal",
        "I wonder whether redness fades",
        "Hello! Does it hurt? Thanks a lot.",
        "Does it hurt?? Really?",
        "i had it done and now it itches",
        "is red and itchy, can i cool it",
        "Can't wait, does it hurt?",
    ],
)
def test_a_message_that_asks_one_thing_or_none_is_one_part_as_it_is(text: str) -> None:
    assert asked(text) == (text,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Does it hurt? How much is a peel?", ("Does it hurt?", "How much is a peel?")),
        ("Does it hurt?\nHow much is a peel", ("Does it hurt?", "How much is a peel")),
        ("does it hurt and how much does a peel cost", ("does it hurt", "how much does a peel cost")),
        (
            "does microneedling hurt and how much is it for scars",
            ("does microneedling hurt", "how much is it for scars"),
        ),
        ("can I drive; can I swim", ("can I drive", "can I swim")),
        ("can I drive / can I swim + does it hurt", ("can I drive", "can I swim", "does it hurt")),
        (
            "What's the price, how long does healing take, and also can my skin scar?",
            ("What's the price", "how long does healing take", "can my skin scar?"),
        ),
        ("What is a laser? It is light. Does it hurt?", ("What is a laser?", "Does it hurt?")),
        ("Is it safe for dark skin and what about pain?", ("Is it safe for dark skin", "what about pain?")),
    ],
)
def test_each_of_several_questions_is_a_part_in_their_order(text: str, parts: tuple[str, ...]) -> None:
    assert asked(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "can I wear make-up and sunscreen?",
        "when can I swim and run again?",
        "How long do redness and swelling last?",
        "what are the pros and cons?",
        "Is it safe for dark skin, old scars, and acne?",
        "should I wash and then cool it?",
    ],
)
def test_what_joins_no_questions_cuts_nothing(text: str) -> None:
    assert asked(text) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "I have eczema, can I have a peel?",
        "I have eczema and can I have a peel?",
        "With dark skin, which laser is safe?",
        "I am flying on Friday, my skin is dry, should I cancel?",
        "When the scabs fall off, can I wear make-up?",
        "when it peels and when it itches, can I scratch",
    ],
)
def test_what_leads_into_the_only_question_is_kept_with_it(text: str) -> None:
    assert asked(text) == (text,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "I have dark skin, is the laser safe, and how much does it cost?",
            ("I have dark skin, is the laser safe", "how much does it cost?"),
        ),
        (
            "is it painful, and when the scabs fall off, can I wear make-up?",
            ("is it painful", "when the scabs fall off, can I wear make-up?"),
        ),
        ("when i can swim and when i can wear makeup", ("when i can swim", "when i can wear makeup")),
    ],
)
def test_what_leads_into_one_of_several_questions_stays_with_it(text: str, parts: tuple[str, ...]) -> None:
    assert asked(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How long does redness last and is that normal?", None),
        ("When does redness fade? And is that normal?", None),
        ("Is it so, how long does redness last?", None),  # the first says nothing of its subject
        ("when and where is the clinic open?", None),
        ("who can and who can't have a peel", None),
        (
            "When does redness fade? Is that normal? Can I swim?",
            ("When does redness fade? Is that normal?", "Can I swim?"),
        ),
        (
            "It went red. Is this normal? Can I swim?",  # the first keeps the sentence before
            ("It went red. Is this normal?", "Can I swim?"),
        ),
    ],
)
def test_a_question_that_says_nothing_of_its_subject_is_kept_with_what_it_points_to(
    text: str, parts: tuple[str, ...] | None
) -> None:
    assert asked(text) == (parts or (text,))


def test_words_without_punctuation_are_cut_where_a_question_follows_an_and() -> None:
    assert asked("hi um so when can i wear makeup and when can i swim and also does it hurt and is that bad") == (
        "hi um so when can i wear makeup", "when can i swim", "does it hurt is that bad"
    )  # fmt: skip


def test_words_without_any_sign_of_a_cut_are_one_part() -> None:
    said = "when can i wear makeup when can i go swimming does it hurt"
    assert asked(said) == (said,)


def test_more_questions_than_the_most_are_read_with_the_last() -> None:
    questions = ["Is redness bad?", "Can I swim?", "Does it hurt?", "How much is a peel?", "Who peels?", "Any scars?"]
    *first, last = asked(" ".join(questions))
    assert len(first) + 1 == MAX_PARTS
    assert first == questions[: MAX_PARTS - 1]
    assert last == " ".join(questions[MAX_PARTS - 1 :])


# Stories


def story(*after: str) -> str:
    return " ".join([TOLD, TOLD, TOLD, *after])


@pytest.mark.parametrize(
    ("after", "part"),
    [
        (
            ["My sister says I look fine.", "Can I wear make-up to her wedding?"],
            "My sister says I look fine. Can I wear make-up to her wedding?",
        ),
        (
            ["It itches.", "Can I wear make-up?", "I hope that you can help me.", "Thank you so much."],
            "It itches. Can I wear make-up?",
        ),
        (["It itches.", "It burns."], "It itches. It burns."),
        (["It itches.", "I wonder if make-up is bad."], "It itches. I wonder if make-up is bad."),
    ],
    ids=["at its end", "before thanks", "nothing: its end", "without a question mark"],
)
def test_of_a_story_what_it_asks_is_kept_with_the_sentence_before(after: list[str], part: str) -> None:
    assert asked(story(*after)) == (part,)


def test_a_story_that_asks_several_things_is_cut_into_them() -> None:
    text = story("It itches.", "Can I wear make-up?", "My sister says no.", "And when can I swim?")
    assert asked(text) == ("Can I wear make-up?", "when can I swim?")


def test_a_story_without_any_cut_is_kept_whole() -> None:
    text = f"{story().replace('.', ' and then').replace(',', '')} can i wear make-up for my sister"
    assert len(text.split()) > STORY_WORDS
    assert asked(text) == (text,)


def test_what_is_no_longer_than_a_story_is_kept_whole() -> None:
    text = f"{TOLD} Does it hurt? {'Yes. ' * (STORY_WORDS - 23)}".strip()
    assert len(text.split()) == STORY_WORDS
    assert asked(text) == (text,)
    assert asked(f"{text} Yes.") == (f"{TOLD} Does it hurt?",)


# Odd messages


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "???", "? ? ?", ", and", "and", "how", "how, what", ",;/+"])
def test_a_message_of_empty_pieces_is_one_part_as_it_is(text: str) -> None:
    assert asked(text) == (text,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("红肿多久消退？可以化妆吗？", None),
        ("هل يؤلم؟ وكم السعر؟", None),
        ("Болит ли это? Сколько это стоит?", ("Болит ли это?", "Сколько это стоит?")),
        ("¿Duele? ¿Cuánto cuesta un peeling?", ("¿Duele?", "¿Cuánto cuesta un peeling?")),
        ("Does it hurt? 🙏 Can I swim? 🙏", ("Does it hurt?", "🙏 Can I swim?")),
    ],
    ids=["Chinese", "Arabic", "Russian", "Spanish", "signs"],
)
def test_other_scripts_are_cut_at_most_where_a_question_mark_stands(text: str, parts: tuple[str, ...] | None) -> None:
    assert asked(text) == (parts or (text,))


@pytest.mark.parametrize(
    "piece",
    ["word ", "and ", "how and ", "does it hurt and ", ", ", "so ", "when it is, ", "and\n", "how? ", "a,", "\u3000"],
)
def test_the_longest_message_of_anything_is_read_fast(piece: str) -> None:
    text = (piece * MAX_CHARS)[:MAX_CHARS]
    start = perf_counter()
    assert 1 <= len(asked(f"{text}?")) <= MAX_PARTS
    assert perf_counter() - start < 2  # a few hundredths of a second, on a machine that has nothing else to do
