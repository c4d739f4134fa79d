"""Coverage: which topics the documents answer for each treatment, over a tiny clinic and a gate worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import MEND, LetterEncoder, UndecidedMeaning

from chatbot.bot import Bot
from chatbot.coverage import Coverage, Put, Topic, TopicFound, TopicsError, coverage, coverage_text, load_topics
from chatbot.reading.asked import asked
from chatbot.reading.cross_encoder import Logits, Said
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import Gate
from index.build import build_index
from index.live import LiveIndex
from kb.document import Document, Passage, Section
from kb.treatment import known_treatments

# What the cross-encoder says is what the gate says: 1 / (1 + exp(-2)) = 0.88 for yes, 0.12 for no.
AS_READ = Gate(weights={"answers": 1.0}, bias=0.0, min_probability=0.5, reason="test")
YES, NO = 0.8808, 0.1192
WIDTHS = (80, 100, 120)

REDNESS = Topic("redness", ("How long does redness last after {treatment}?",))
SKIN = Topic("peeling", ("Is there pain after {treatment}?", "How long does peeling last after {treatment}?"))
PREGNANCY = Topic("pregnancy", ("Can I have {treatment} while pregnant?",))
PRICE = Topic("price", ("Is a deposit paid for {treatment}?",))


class LongWords:
    """Says yes to a sentence that has a word of six letters or more of the question, as "redness"."""

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        words = {word.strip("?.").lower() for word in question.split()}
        long = {word for word in words if len(word) >= 6}
        return np.array(
            [2.0 if any(word in one.sentence.lower() for word in long) else -2.0 for one in said], np.float32
        )


@pytest.fixture
def bot(clinic_folder: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Bot:
    build_index(clinic_folder, home, encoder)
    clinic = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999")
    return Bot(clinic, encoder, LiveIndex(home, MEND), load_rules(), meaning, AS_READ, LongWords())


def marks_of(found: Sequence[Coverage]) -> dict[str, dict[str, bool]]:
    return {one.treatment: {topic.topic: topic.is_covered for topic in one.topics} for one in found}


def topics_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# Which topics are covered


def test_each_treatment_of_patients_documents_is_asked_about_each_topic(bot: Bot) -> None:
    assert marks_of(coverage(bot, [REDNESS, SKIN])) == {
        "Chemical peel": {"redness": False, "peeling": True},
        "Fractional CO2 laser": {"redness": True, "peeling": False},
    }


def test_a_topic_is_covered_by_any_of_its_questions_and_each_has_its_probability(bot: Bot) -> None:
    (peel, _) = coverage(bot, [SKIN])
    no, yes = peel.topics[0].put
    assert (no.question, no.section_id) == ("Is there pain after Chemical peel?", None)
    assert (yes.question, yes.section_id) == ("How long does peeling last after Chemical peel?", "peel#recovery")
    assert [no.probability, yes.probability] == pytest.approx([NO, YES], abs=1e-4)
    assert peel.topics[0].best == yes


def test_the_section_that_answers_is_named(bot: Bot) -> None:
    (_, laser) = coverage(bot, [REDNESS, SKIN])
    assert [topic.best.section_id for topic in laser.topics] == ["laser#recovery", None]
    assert [topic.topic for topic in laser.missing] == ["peeling"]


def test_the_documents_are_asked_and_no_person_so_nothing_is_triaged(bot: Bot, meaning: UndecidedMeaning) -> None:
    (peel, laser) = coverage(bot, [PREGNANCY])
    assert (peel.topics[0].is_covered, laser.topics[0].is_covered) == (True, False)
    assert meaning.read == []


def test_what_stands_for_staff_only_covers_nothing(bot: Bot) -> None:
    assert marks_of(coverage(bot, [PRICE])) == {
        "Chemical peel": {"price": False},
        "Fractional CO2 laser": {"price": False},
    }


def test_a_question_of_two_parts_is_answered_when_both_are(bot: Bot) -> None:
    both = Topic("both", ("How long does redness last after {treatment}, and how long does swelling last?",))
    one = Topic("one", ("How long does redness last after {treatment}, and when do crusts fall off?",))
    (_, laser) = coverage(bot, [both, one])
    assert [topic.is_covered for topic in laser.topics] == [False, True]


def test_documents_that_name_no_treatment_have_no_coverage(
    tmp_path: Path, bot: Bot, home: Path, encoder: LetterEncoder
) -> None:
    folder = tmp_path / "general"
    folder.mkdir()
    (folder / "sun.md").write_text("---\ntreatment: null\n---\n# Sun\n\nRedness fades in the shade.\n")
    build_index(folder, home, encoder)
    found = coverage(replace(bot, index=LiveIndex(home, MEND)), [REDNESS])
    assert found == []
    assert coverage_text(found, 100) == (
        "No document for patients names a treatment. Write `treatment: NAME` in the front matter of each."
    )


def test_progress_counts_the_topics_of_every_treatment(bot: Bot) -> None:
    seen: list[tuple[int, int]] = []
    coverage(bot, [REDNESS, SKIN], lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


# As JSON


def test_json_has_every_question_with_its_probability_and_the_ids_of_sections(bot: Bot) -> None:
    (peel, _) = [one.to_json() for one in coverage(bot, [REDNESS, SKIN])]
    assert (peel["treatment"], peel["covered"], peel["missing"]) == ("Chemical peel", 1, ["redness"])
    redness, peeling = peel["topics"]
    question = "How long does redness last after Chemical peel?"
    assert redness == {
        "topic": "redness",
        "is_covered": False,
        "probability": NO,
        "section_id": None,
        "section": None,
        "questions": [{"question": question, "probability": NO, "section_id": None, "section": None}],
    }
    assert (peeling["is_covered"], peeling["section_id"], peeling["section"]) == (True, "peel#recovery", "Recovery")
    assert [row["section_id"] for row in peeling["questions"]] == [None, "peel#recovery"]


# As text


def passage(heading: str) -> Passage:
    section = Section(f"a#{heading}", ("A", heading), 0, 0, ())
    return Passage(f"a#{heading}-0", Document("a", "A", "a.md", "", (section,)), section, 0, 0, ())


def made(treatment: str, **sections: str) -> Coverage:
    """Coverage whose topics, underscores for spaces, are answered by the sections; by none where it is empty."""
    found = []
    for topic, heading in sections.items():
        put = Put("?", 0.9 if heading else 0.1, passage(heading) if heading else None)
        found.append(TopicFound(topic.replace("_", " "), (put,)))
    return Coverage(treatment, tuple(found))


def test_the_table_for_one_treatment_and_below_it_what_is_missing() -> None:
    given = coverage_text(
        [made("IPL", what_it_is="What IPL is", price="", pain="", redness="Side effects", swelling="Side effects")], 80
    )
    assert (
        given
        == """\
● the documents answer   · they do not

             1
what it is   ●
price        ·
pain         ·
redness      ●
swelling     ●

1  IPL: 3 of 5 topics
   Missing: price; pain
   Answered by
     What IPL is: what it is
     Side effects: redness; swelling"""
    )


def test_the_columns_of_several_treatments_are_numbered_and_named_below() -> None:
    given = coverage_text([made("IPL", price="", pain="Pain"), made("Microneedling", price="Fees", pain="Pain")], 80)
    assert (
        given
        == """\
● the documents answer   · they do not

        1  2
price   ·  ●
pain    ●  ●

1  IPL: 1 of 2 topics
   Missing: price
   Answered by
     Pain: pain

2  Microneedling: 2 of 2 topics
   Missing: nothing
   Answered by
     Fees: price
     Pain: pain"""
    )


def test_where_nothing_is_answered_no_section_is_named() -> None:
    assert coverage_text([made("IPL", price="")], 80).endswith("1  IPL: 0 of 1 topics\n   Missing: price")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [1, 8, 40])
def test_the_text_fits_the_terminal_whatever_the_names_and_numbers(width: int, count: int) -> None:
    long = "a_very_long_topic_that_somebody_at_the_clinic_wrote_down_as_a_whole_sentence_of_advice"
    names = {long: "", "price": "", "w" * 60: "Heading " * 20, "pain": "Pain"}
    given = coverage_text([made(f"{'Treatment ' * 12}{n}", **names) for n in range(1, count + 1)], width)
    lines = given.splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    for name in names:  # whole, over as many lines as it needs
        assert name.replace("_", "") in given.replace(" ", "").replace("\n", "")
    header = [number for line in lines if line.lstrip()[:1].isdigit() and ":" not in line for number in line.split()]
    assert header[:count] == [str(n) for n in range(1, count + 1)]


def test_each_mark_stands_under_its_number() -> None:
    found = [made(f"T{n}", price="Fees" if n == 11 else "", pain="" if n == 11 else "Pain") for n in range(1, 13)]
    _, _, header, price, pain, *_ = coverage_text(found, 100).splitlines()
    assert header[price.index("●") - 1 : price.index("●") + 1] == "11"
    assert price.index("●") == pain.index("·")


# The file of topics


def test_topics_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = topics_file(
        tmp_path, "pain:\n  - Does {treatment} hurt?\nsun:\n  - Sun after {treatment}?\n  - '{treatment}: sun?'\n"
    )
    assert load_topics(path) == (
        Topic("pain", ("Does {treatment} hurt?",)),
        Topic("sun", ("Sun after {treatment}?", "{treatment}: sun?")),
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("pain:\n  - Does it hurt?\n", "topic 'pain'"),
        ("pain: []\n", "topic 'pain'"),
        ("pain:\n", "topic 'pain'"),
        ("pain: Does {treatment} hurt?\n", "topic 'pain'"),
        ("pain:\n  - 7\n", "topic 'pain'"),
        ("no:\n  - Does {treatment} hurt?\n", "topic 'False'"),
        ("' ':\n  - Does {treatment} hurt?\n", "topic ' '"),
        ("", "no topic"),
        ("- pain\n", "no topic"),
        ("pain:\n  - {treatment} hurts?\n", "not valid YAML"),
    ],
    ids=[
        "no gap",
        "no question",
        "nothing",
        "no list",
        "a number",
        "a name that YAML reads as no",
        "no name",
        "empty",
        "a list",
        "a gap that begins an unquoted question",
    ],
)
def test_a_file_of_topics_that_cannot_be_used_is_named_in_one_line(text: str, what: str, tmp_path: Path) -> None:
    path = topics_file(tmp_path, text)
    with pytest.raises(TopicsError) as error:
        load_topics(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert what in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_file_of_topics_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "topics.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TopicsError, match="not valid YAML"):
        load_topics(tmp_path / "topics.yaml")


def test_the_topics_of_the_program_have_short_names_and_one_to_three_questions() -> None:
    topics = load_topics()
    assert len(topics) >= 35
    assert len({topic.name for topic in topics}) == len(topics)
    assert max(len(topic.name) for topic in topics) <= 32
    assert {len(topic.questions) for topic in topics} <= {1, 2, 3}


@pytest.mark.parametrize("topic", load_topics(), ids=lambda topic: topic.name)
def test_each_question_of_the_program_asks_one_thing_of_one_treatment(topic: Topic) -> None:
    for treatment in ("Fractional CO2 laser", "Botulinum toxin", "Er:YAG laser"):
        for question in topic.asked_of(treatment):
            assert set(known_treatments().named(question)) == {treatment}
            assert asked(question) == (question,)
            assert question.endswith("?")
