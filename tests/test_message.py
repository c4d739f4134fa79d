"""A message as the rules read it: plain words, a line a sentence, and no way to hide one of them."""

from __future__ import annotations

import pytest

from chatbot.reading.message import MAX_READ, plain, read
from chatbot.reading.spelling import Spelling
from chatbot.reading.wording import compiled

SENTENCES = {
    "My eye hurts. It is red!": ["my eye hurts", "it is red"],
    "Help... are you there?!": ["help", "are you there"],
    "It was 39.5 at 10:30 last night": ["it was 39.5 at 10 30 last night"],
    "I went home on day 4.My eye hurts": ["i went home on day 4", "my eye hurts"],
    "Since then; pus": ["since then", "pus"],
    "First line\nsecond line": ["first line", "second line"],
    "发烧了。怎么办？": ["发烧了", "怎么办"],
    "عندي حمى؟ نعم": ["عندي حمى", "نعم"],
    "...": [""],
    "": [""],
}
WORDS = {
    "chest-pain/fever": "chest pain fever",
    "12mg or 1.5 ml": "12 mg or 1.5 ml",
    "No pus, fever (or chills)": "no pus , fever ( or chills",
    "Ouch 🙏 *help* ‘now’": "ouch help now",
    "  two \t spaces  ": "two spaces",
}
SAME_LETTERS = {
    "FEVER": "fever",
    "é, ü, ñ": "e , u , n",
    "e\u0301ruption": "eruption",
    "ｃｈｅｓｔ　ｐａｉｎ": "chest pain",
    "chest\u00a0pain": "chest pain",
    "a ﬁt": "a fit",
    "𝐟𝐞𝐯𝐞𝐫": "fever",
}
CONTRACTED = {
    "I can't see": "i cant see",
    "I can’t see": "i cant see",
    "I can‘t see": "i cant see",
    "I can`t see": "i cant see",
    "I cannot see": "i cant see",
    "I can not see": "i cant see",
    "I can nt see": "i cant see",
    "I can no longer see": "i cant see",
    "it will not stop": "it wont stop",
    "I could not, would not, should not": "i couldnt , wouldnt , shouldnt",
    "it does not, it did not, I do not": "it doesnt , it didnt , i dont",
    "it has not, I have not, I had not": "it hasnt , i havent , i hadnt",
    "I had nothing": "i had nothing",
    "I can note it": "i can note it",
    "it is not": "it isnt",
    "the patients' room": "the patients room",
}
# Zero-width space, joiners, word joiner, soft hyphen, byte-order mark, right-to-left override, NUL, bell.
HIDDEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u202e", "\x00", "\x07"]
TAGS = {
    "<p>chest pain</p>": "chest pain",
    "chest<br/>pain": "chest pain",
    'chest <a href="https://x.example">pain</a>': "chest pain",
    "< B >chest pain< / B >": "chest pain",
    "<script>chest</script> pain": "chest pain",
    "pain <3 of 10, 5> 3": "pain 3 of 10 , 5 3",
}


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    """Repairs nothing: there is no word that it could repair towards."""
    return Spelling([])


@pytest.mark.parametrize(("text", "sentences"), SENTENCES.items(), ids=SENTENCES)
def test_a_message_is_cut_into_sentences_but_not_within_a_figure(
    text: str, sentences: list[str], spelling: Spelling
) -> None:
    assert read(text, spelling).sentences == sentences


@pytest.mark.parametrize(("text", "words"), WORDS.items(), ids=WORDS)
def test_what_is_kept_is_words_figures_commas_and_brackets_that_open(text: str, words: str, spelling: Spelling) -> None:
    assert read(text, spelling).text == words


@pytest.mark.parametrize(("text", "words"), SAME_LETTERS.items(), ids=SAME_LETTERS)
def test_a_letter_has_one_form_whatever_its_case_accent_or_font(text: str, words: str, spelling: Spelling) -> None:
    assert read(text, spelling).text == words


@pytest.mark.parametrize(("text", "words"), CONTRACTED.items(), ids=CONTRACTED)
def test_a_negation_is_one_word_however_it_is_typed(text: str, words: str, spelling: Spelling) -> None:
    assert read(text, spelling).text == words


@pytest.mark.parametrize("char", HIDDEN, ids=lambda char: f"U+{ord(char):04X}")
def test_a_character_that_is_not_seen_hides_no_word(char: str, spelling: Spelling) -> None:
    assert read(f"ch{char}est {char}pa{char}in{char}", spelling).text == "chest pain"


@pytest.mark.parametrize(("text", "words"), TAGS.items(), ids=TAGS)
def test_html_tags_are_read_as_spaces_and_a_less_than_sign_is_no_tag(text: str, words: str, spelling: Spelling) -> None:
    assert read(text, spelling).text == words


@pytest.mark.parametrize("text", [*SENTENCES, *WORDS, *SAME_LETTERS, *CONTRACTED, *TAGS])
def test_plain_text_is_as_plain_as_it_gets(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_a_phrase_of_other_readings_is_read_as_the_word_beside_it(spelling: Spelling) -> None:
    readings = [(compiled(["eye area", "eye areas"]), "undereye"), (compiled(["breathtaking"]), "")]
    message = read("Breathtaking! My eye area is sore; both eye areas. The areas.", spelling, readings)
    assert message.sentences == ["", "my undereye is sore", "both undereye", "the areas"]


def test_the_day_is_read_before_other_readings_take_words_away(spelling: Spelling) -> None:
    message = read("Sore on day 6", spelling, [(compiled(["on day 6"]), "")])
    assert (message.text.split(), message.day) == (["sore"], 6.0)


def test_words_are_repaired_before_sentences_are_read() -> None:
    message = read("my lip is SWOLEN 6 dayz aftr. I cantbreathe", Spelling(["swollen", "breathe", "days", "after"]))
    assert (message.text, message.day) == ("my lip is swollen 6 days after\ni cant breathe", 6.0)


def test_a_message_that_says_no_day_has_none(spelling: Spelling) -> None:
    assert read("my face is red", spelling).day is None


def test_the_time_to_read_has_a_limit_and_what_is_beyond_it_is_not_read(spelling: Spelling) -> None:
    assert read("a" * (MAX_READ - 6) + " fever", spelling).text.endswith(" fever")
    assert read("a" * MAX_READ + " fever", spelling).text == "a" * MAX_READ
