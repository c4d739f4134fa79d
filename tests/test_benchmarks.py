from __future__ import annotations

import json
from collections.abc import Sequence
from math import log2
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ann import mean_recall, read_texts, share_table, size_table
from benchmarks.beir import BeirError, Quality, QuestionSet, document_vectors, measure, ndcg, read_beir, recall
from benchmarks.look_up import typed
from benchmarks.redaction import Judged, messages
from benchmarks.redaction import Span as Marked
from benchmarks.redaction import table as redaction_table
from benchmarks.run import DOCUMENTS, main, table
from benchmarks.speed import Rates, percentile, write_documents
from chatbot.identifying.found import Found
from index.encode import Progress, Span, Vectors
from kb.document import Document, Paragraph, Section
from kb.load import load
from kb.split import split


class LetterEncoder:
    """A text's vector counts its a's, b's and c's: "aab" is (2, 1, 0) at length 1."""

    name = "letters"
    dim = 3

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        counts = np.array([[text.count(letter) + 1e-6 for letter in "abc"] for text in texts], dtype=np.float32)
        unit: Vectors = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return unit

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        raise NotImplementedError


# nDCG and recall


def test_the_best_order_has_ndcg_1() -> None:
    assert ndcg(["a", "b", "x"], {"a": 2, "b": 1}, 10) == 1.0


def test_nothing_relevant_found_has_ndcg_0() -> None:
    assert ndcg(["x", "y"], {"a": 1}, 10) == 0.0
    assert ndcg([], {"a": 1}, 10) == 0.0


def test_a_gain_is_discounted_by_its_rank() -> None:
    # The only relevant document at rank 3 has 1 / log2(4) = 1/2 of what it would have at rank 1.
    assert ndcg(["x", "y", "a"], {"a": 1}, 10) == 0.5


def test_a_gain_is_its_grade() -> None:
    # Grades 1, 0, 2 in this order: (1/1 + 0 + 2/2) / (2/1 + 1/log2(3)).
    assert ndcg(["b", "x", "a"], {"a": 2, "b": 1}, 10) == pytest.approx(2 / (2 + 1 / log2(3)))
    # Grades are not raised to a power of two, as some other definitions have it: 3 before 1, swapped.
    assert ndcg(["b", "a"], {"a": 3, "b": 1}, 10) == pytest.approx((1 + 3 / log2(3)) / (3 + 1 / log2(3)))


def test_documents_of_equal_grade_may_change_places() -> None:
    grades = {"a": 2, "b": 2, "c": 1}
    assert ndcg(["a", "c", "b"], grades, 10) == ndcg(["b", "c", "a"], grades, 10) < 1


def test_only_the_first_k_count_and_the_best_order_has_no_more_than_k_either() -> None:
    grades = {"a": 1, "b": 1, "c": 1}
    assert ndcg(["a", "b", "x"], grades, 2) == 1.0
    assert ndcg(["x", "y", "a"], grades, 2) == 0.0


def test_recall_is_the_share_of_the_relevant_documents_found() -> None:
    grades = {"a": 2, "b": 1, "c": 1, "d": 1}
    assert recall(["x", "a", "y", "d"], grades, 10) == 0.5
    assert recall(["x", "a", "y", "d"], grades, 3) == 0.25
    assert recall([], grades, 10) == 0.0


# Sets in BEIR's form


def beir_folder(folder: Path, qrels: str = "qrels/test.tsv") -> Path:
    corpus = [
        {"_id": "1", "title": "Apples", "text": "aa redness"},
        {"_id": "2", "title": "", "text": "bb swelling"},
        {"_id": "3", "title": "Cherries", "text": "cc pain"},
    ]
    queries = [{"_id": "q1", "text": "aa"}, {"_id": "q2", "text": "swelling"}, {"_id": "never judged", "text": "c"}]
    (folder / qrels).parent.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus), encoding="utf-8")
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", "q1\t1\t2", "q1\t3\t1", "q2\t2\t1", "q2\t3\t0"]
    (folder / qrels).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("qrels", ["qrels/test.tsv", "qrels_test.tsv"])
def test_reading_a_set(tmp_path: Path, qrels: str) -> None:
    questions = read_beir(beir_folder(tmp_path / "fruit", qrels))
    assert questions == QuestionSet(
        name="fruit",
        corpus={
            "1": Document("1", "Apples", "", "aa redness", (Section("1", (), 0, 10, (Paragraph(0, 10),)),)),
            "2": Document("2", "", "", "bb swelling", (Section("2", (), 0, 11, (Paragraph(0, 11),)),)),
            "3": Document("3", "Cherries", "", "cc pain", (Section("3", (), 0, 7, (Paragraph(0, 7),)),)),
        },
        questions={"q1": "aa", "q2": "swelling"},
        grades={"q1": {"1": 2, "3": 1}, "q2": {"2": 1}},
    )


def test_a_document_of_a_title_alone_is_read_and_one_of_nothing_is_not(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path)
    with (folder / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"_id": "4", "title": "Pears", "text": ""}\n{"_id": "5", "title": "", "text": " "}\n')
    corpus = read_beir(folder).corpus
    assert list(corpus) == ["1", "2", "3", "4"]
    assert (corpus["4"].title, corpus["4"].text) == ("", "Pears")


def test_a_document_has_the_mean_of_its_passages_vectors(tmp_path: Path) -> None:
    # Two passages, one of a's and one of b's: (1, 0, 0) and (0, 1, 0), whose mean at length 1 is (√½, √½, 0).
    long = f"{'a' * 400}. {'b' * 400}."
    folder = beir_folder(tmp_path)
    rows = [{"_id": "long", "title": "", "text": long}, {"_id": "short", "title": "", "text": "c."}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    encoder = LetterEncoder()
    vectors = document_vectors(read_beir(folder).corpus.values(), encoder, cache=None)
    assert len(encoder.encoded) == 3
    np.testing.assert_allclose(vectors, [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]], atol=1e-5)


def test_a_folder_in_another_form_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BeirError, match=r"corpus\.jsonl: no such file"):
        read_beir(tmp_path)
    folder = beir_folder(tmp_path)
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "aa"}\n', encoding="utf-8")
    with pytest.raises(BeirError, match="q2"):
        read_beir(folder)


def test_measuring_a_set(tmp_path: Path) -> None:
    measured = measure(read_beir(beir_folder(tmp_path)), LetterEncoder())
    # "aa" has the letters of 1 (grade 2), then, for its one a, of 3 (grade 1), then of 2: the best order.
    # "swelling" has none of the letters, so it is as near to each: 3 has two of them, 1 and 2 have one and keep their
    # places, and the only relevant one, 2, is third.
    assert measured["dense"] == Quality(ndcg=(1 + 0.5) / 2, recall=1.0)
    # By words "aa" finds 1 and not 3, and "swelling" finds 2.
    assert measured["BM25"].ndcg == pytest.approx((2 / (2 + 1 / log2(3)) + 1) / 2)
    assert measured["BM25"].recall == (0.5 + 1) / 2
    # Fused, "aa" keeps the best order. "swelling" moves towards 3, which is by far the likeliest, and with it towards
    # 1, which shares its a: that is more than the one word brings 2, which stays third.
    assert measured["fused"] == Quality(ndcg=(1 + 0.5) / 2, recall=1.0)


def test_a_corpus_in_the_cache_is_not_embedded_again(tmp_path: Path) -> None:
    questions, encoder = read_beir(beir_folder(tmp_path / "set")), LetterEncoder()
    first = measure(questions, encoder, tmp_path / "cache")
    encoder.encoded.clear()
    assert measure(questions, encoder, tmp_path / "cache") == first
    assert encoder.encoded == list(questions.questions.values())


# Approximate search


def test_the_sentences_of_the_answers_are_read_each_once(tmp_path: Path) -> None:
    long, short = "Swelling after the treatment fades in three days.", "Yes."
    other = "Redness after the treatment fades in seven days."
    rows = [
        {"question": "When does the swelling fade?", "answer": f"{short} {long} {other}"},
        {"question": "And the redness?", "answer": other},
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sentences, asked = read_texts(tmp_path)
    assert sorted(sentences) == sorted([long, other])
    assert sorted(asked) == ["And the redness?", "When does the swelling fade?"]


def test_the_recall_is_the_share_of_the_exact_first_ten() -> None:
    exact = [list("abcdefghijkl"), list("abcdefghijkl")]
    assert mean_recall([list("jihgfedcba"), list("abcdexyzwvfghij")], exact) == (1.0 + 0.5) / 2


def test_both_indexes_are_measured_at_each_size_and_among_each_share() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sizes = size_table(vectors, vectors[:5], [100, 300]).splitlines()
    assert [line.split(" | ")[0] for line in sizes] == ["| vectors", "| ---", "| 100", "| 300"]
    assert all(line.endswith(" 1.000 |") for line in sizes[2:])  # so few that the walk meets them all
    shares = share_table(vectors, vectors[:5], [0.9, 0.1]).splitlines()
    assert [line.split(" | ")[0] for line in shares[2:]] == ["| 90%", "| 10%"]
    assert all(line.endswith(" 1.000 |") for line in shares[2:])


# Speed


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [30.0, 10.0, 40.0, 20.0]
    assert percentile(values, 50) == 20.0
    assert percentile(values, 51) == 30.0
    assert percentile(values, 95) == percentile(values, 100) == 40.0
    assert percentile(values, 0) == 10.0
    assert percentile([float(n) for n in range(1, 201)], 95) == 190.0


def test_the_ratio_is_of_the_fastest_runs() -> None:
    # The build needs 2 s and the bare encoder 1.5 s; what took longer was held up by something else.
    assert Rates(passages=100, chars=300.0, build_s=(2.0, 3.0), bare_s=(9.0, 1.5)).ratio == 0.75


def test_documents_are_made_from_real_sentences_about_as_many_passages_as_asked_for(tmp_path: Path) -> None:
    write_documents(DOCUMENTS, 50, tmp_path / "made")
    loaded = load(tmp_path / "made")
    passages = [passage for document in loaded.documents for passage in split(document)]
    assert loaded.problems == ()
    assert 50 <= len(passages) <= 75
    assert len({passage.id for passage in passages}) == len({passage.context for passage in passages}) == len(passages)

    real = " ".join(document.text for document in load(DOCUMENTS).documents)
    assert all(passage.headings[-1] in real for passage in passages)
    assert all(p.document.text[start:end] in real for p in passages for start, end in p.sentences)

    write_documents(DOCUMENTS, 50, tmp_path / "again")
    assert load(tmp_path / "again").documents == loaded.documents


# The command


def test_a_table_is_markdown() -> None:
    assert table(["set", "n"], [["fruit", "3"]]) == "| set | n |\n| --- | ---: |\n| fruit | 3 |\n"


def test_a_wrong_folder_is_named_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "corpus.jsonl: no such file" in printed.err


@pytest.mark.slow
def test_each_part_prints_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kb, questions = tmp_path / "kb", tmp_path / "questions.jsonl"
    kb.mkdir()
    (kb / "veil.md").write_text("# Veil\n\n## Price\n\nA Veil session costs £90.\n", encoding="utf-8")
    asked = ["How much is a Veil session?", "May I bring a dog?", "Where can I park?", "Who owns it?", "Is tea served?"]
    rows = [
        {"id": number, "question": text, "status": "abstained" if number else "answered"}
        for number, text in enumerate([*asked, "Is there a lift?", "What music is played?"])
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setattr("benchmarks.run.DOCUMENTS", kb)
    monkeypatch.setattr("benchmarks.run.ASKED", (questions,))
    monkeypatch.setattr("benchmarks.speed.COLD_STARTS", 1)
    beir = beir_folder(tmp_path / "fruit")

    assert main([str(beir), "--passages", "30", "--questions", str(questions), "--kb", str(kb)]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("## ")] == [
        "## Indexing", "## Speed", "## Retrieval", "## Answers",
    ]  # fmt: skip
    assert "cores" in printed.splitlines()[0]
    assert "| 1 passages | 30 passages |" in printed
    assert "| fruit | 3 | 2 |" in printed
    assert "(1 answerable questions, 6 not)" in printed


def test_a_marked_span_counts_as_redacted_when_no_letter_of_it_is_left_titles_apart() -> None:
    text = "ask Dr. Karen O'Neil, Leeds"
    span, town = Marked("name", 4, 20), Marked("GPE", 22, 27)
    whole = Judged(text, (span, town), (Found("name", 8, 20),), ms=1.0)
    part = Judged(text, (span, town), (Found("name", 8, 13), Found("phone", 0, 3)), ms=2.0)
    assert [one.is_whole(span) for one in (whole, part)] == [True, False]
    assert [one.is_touched(span) for one in (whole, part)] == [True, True]
    assert [one.false_alarms for one in (whole, part)] == [[], ["ask"]]
    lines = redaction_table([whole, part]).splitlines()
    assert "| name | 2 | 1 (50.0%) | 1 |" in lines
    assert "| **all** | 2 | 1 (50.0%) | 1 |" in lines
    assert "| GPE, to stay | 2 | 0 | |" in lines
    assert lines[-1] == "2 messages; 50.00 false alarms per 100 (1); p50 1.00 ms, p95 2.00 ms"


def test_the_messages_of_questions_and_of_conversations_are_read_as_having_nothing_marked() -> None:
    assert list(messages({"question": "a"})) == [("a", ())]
    assert list(messages({"turns": [{"question": "a"}, {"question": "b"}]})) == [("a", ()), ("b", ())]
    marked = {"text": "Jo", "spans": [{"type": "name", "start": 0, "end": 2}]}
    assert list(messages(marked)) == [("Jo", (Marked("name", 0, 2),))]


def test_a_question_is_typed_letter_by_letter_and_no_text_is_asked_twice() -> None:
    texts = ["is i", "is it", "is it o", "is it ok", "is it ok?", "is it on"]
    assert typed(["is it ok?", "is it on"]) == texts
