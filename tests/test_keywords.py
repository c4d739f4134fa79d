"""KeywordIndex: BM25 worked by hand, and key terms that are spelt wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from index.keywords import KeywordIndex
from index.terms import KeyTerm, key_terms

# Three texts of 2, 4 and 3 terms, 3 on average. None of the words is a stop word or stands for a concept.
TEXTS = {"a": "copper tin", "b": "copper copper copper silver", "c": "silver tin zinc"}
K1, B = 1.5, 0.75


@pytest.fixture
def keywords() -> KeywordIndex:
    return KeywordIndex.build(list(TEXTS), list(TEXTS.values()))


def key(word: str) -> KeyTerm:
    """The key term of one word."""
    (term,) = key_terms(word)
    return term


def test_the_scores_are_bm25_as_lucene_computes_it(keywords: KeywordIndex) -> None:
    # score = idf · tf / (tf + k1 · (1 - b + b · length / average length))
    # idf of copper, in 2 of 3 texts: ln(1 + (3 - 2 + 0.5) / (2 + 0.5)) = ln 1.6 = 0.4700
    idf = math.log(1.6)
    # a: tf 1, length 2: 1 / (1 + 1.5 · (0.25 + 0.75 · 2/3)) = 1 / (1 + 1.125) = 0.4706
    # b: tf 3, length 4: 3 / (3 + 1.5 · (0.25 + 0.75 · 4/3)) = 3 / (3 + 1.875) = 0.6154
    a, b = 1 / (1 + K1 * (1 - B + B * 2 / 3)), 3 / (3 + K1 * (1 - B + B * 4 / 3))
    assert [a, b] == pytest.approx([0.4706, 0.6154], abs=1e-4)
    found = keywords.search("copper", k=3)
    assert [name for name, _ in found] == ["b", "a"]
    assert [score for _, score in found] == pytest.approx([idf * b, idf * a])


def test_the_scores_of_several_words_add_up(keywords: KeywordIndex) -> None:
    # zinc, in 1 of 3 texts: idf = ln(1 + 2.5 / 1.5) = ln(8/3) = 0.9808; c has the average length: 1 / (1 + 1.5) = 0.4
    # silver, in 2 of 3: idf = ln 1.6; in c again 0.4
    found = dict(keywords.search("silver zinc", k=3))
    assert found["c"] == pytest.approx(0.4 * (math.log(8 / 3) + math.log(1.6)))
    assert found["b"] == pytest.approx(math.log(1.6) * 1 / (1 + 1.875))
    assert "a" not in found


def test_a_word_that_is_asked_twice_counts_once(keywords: KeywordIndex) -> None:
    assert keywords.search("tin copper tin tins", k=3) == keywords.search("tin copper", k=3)


@pytest.mark.parametrize("text", ["", "   ", "?!", "the of and", "platinum", "platinum gold"])
def test_nothing_is_found_when_no_word_is_known(keywords: KeywordIndex, text: str) -> None:
    assert keywords.search(text, k=3) == []
    assert keywords.scores(text).tolist() == [0.0, 0.0, 0.0]


def test_unknown_words_change_no_score(keywords: KeywordIndex) -> None:
    assert keywords.search("copper platinum", k=3) == keywords.search("copper", k=3)


def test_texts_without_the_words_are_left_out_though_k_has_room(keywords: KeywordIndex) -> None:
    assert [name for name, _ in keywords.search("zinc", k=3)] == ["c"]


def test_only_k_are_returned_the_best_first(keywords: KeywordIndex) -> None:
    assert [name for name, _ in keywords.search("copper", k=1)] == ["b"]


def test_among_leaves_only_these_ids_with_the_same_scores(keywords: KeywordIndex) -> None:
    everything = dict(keywords.search("copper tin", k=3))
    assert keywords.search("copper tin", k=3, among=["a", "c"]) == [("a", everything["a"]), ("c", everything["c"])]
    assert keywords.search("copper tin", k=3, among=[]) == []


def test_equal_scores_come_in_the_order_of_the_ids() -> None:
    keywords = KeywordIndex.build(["first", "second", "third"], ["copper tin"] * 3)
    assert [name for name, _ in keywords.search("tin", k=2)] == ["first", "second"]


def test_a_text_is_found_by_another_word_for_the_same_thing() -> None:
    keywords = KeywordIndex.build(["milk", "sun"], ["Not during lactation.", "Wear sunscreen."])
    assert [name for name, _ in keywords.search("I am breastfeeding", k=2)] == ["milk"]


def test_a_misspelt_key_term_stands_for_the_word_spelt_nearest_to_it(keywords: KeywordIndex) -> None:
    # How alike two words are: 2 · letters they have in common, in order / letters of both; at least 84 %.
    assert keywords.known(key("coper")) == {"copper"}  # 2 · 5 / 11 = 91 %
    metals = KeywordIndex.build(["a"], ["titanium tritium"])
    assert metals.known(key("titaneum")) == {"titanium"}  # 2 · 7 / 16 = 88 %, with tritium 2 · 5 / 15 = 67 %
    assert keywords.known(key("silvar")) == frozenset()  # 2 · 5 / 12 = 83 %: it might be another word


def test_a_key_term_that_is_known_stands_for_itself_alone(keywords: KeywordIndex) -> None:
    assert keywords.known(key("silver")) == {"silver"}


@pytest.mark.parametrize("word", ["platinum", "tim", "zync", "gold"])  # far from all, or too short to be sure
def test_a_key_term_far_from_every_word_stands_for_nothing(keywords: KeywordIndex, word: str) -> None:
    assert keywords.known(key(word)) == frozenset()


def test_a_phrase_is_never_taken_for_a_misspelt_word(keywords: KeywordIndex) -> None:
    phrase = KeyTerm("sil ver", frozenset(["=something"]))
    assert keywords.known(phrase) == frozenset()


def test_the_rarer_a_key_term_the_more_it_weighs(keywords: KeywordIndex) -> None:
    assert keywords.weight(["copper"]) == pytest.approx(math.log(1.6))  # in 2 of 3: 1 + 1.5 / 2.5
    assert keywords.weight(["zinc"]) == pytest.approx(math.log(8 / 3))  # in 1 of 3: 1 + 2.5 / 1.5
    assert keywords.weight([]) == pytest.approx(math.log(8))  # in none: 1 + 3.5 / 0.5
    assert keywords.weight(["zinc", "copper"]) == keywords.weight(["copper"])  # the commoner of two decides


def test_a_saved_index_is_read_back_the_same(tmp_path: Path, keywords: KeywordIndex) -> None:
    keywords.save(tmp_path / "keywords")
    read = KeywordIndex.load(tmp_path / "keywords", list(TEXTS))
    for text in ("copper", "silver zinc", "platinum", ""):
        assert read.search(text, k=3) == keywords.search(text, k=3)
    assert read.known(key("coper")) == {"copper"}
    assert read.weight(["zinc"]) == keywords.weight(["zinc"])


def test_each_id_needs_a_text() -> None:
    with pytest.raises(ValueError, match="2 ids but 1 texts"):
        KeywordIndex.build(["a", "b"], ["copper"])


@pytest.mark.parametrize("texts", [["the", "of"], ["", "❤"], ["copper", ""]])
def test_texts_without_a_term_can_be_indexed_and_are_not_found(texts: list[str], tmp_path: Path) -> None:
    keywords = KeywordIndex.build(["a", "b"], texts)
    keywords.save(tmp_path / "keywords")
    read = KeywordIndex.load(tmp_path / "keywords", ["a", "b"])
    assert [name for name, _ in read.search("copper", k=2)] == (["a"] if "copper" in texts else [])
    assert read.search("", k=2) == []
