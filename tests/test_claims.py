"""A claim that clinical sources dispute is never quoted without the dispute, whatever folder it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import MEND, IndexOf, LetterEncoder, SharedWords, UndecidedMeaning

import kb.claims
from chatbot.bot import Bot, ask
from chatbot.citation import Citation
from chatbot.look_up import look_up
from chatbot.question import Question
from chatbot.quote import disputes_of, quote
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import Evidence, Gate
from index.build import build_index
from index.live import LiveIndex
from index.store import StoredIndex
from kb.claims import (
    Claim,
    MissingDisputeError,
    claims_made,
    disputes,
    is_unrepeatable,
    load_claims,
    packaged_disputes,
)
from kb.document import Document
from kb.load import load

CO2 = "Fractional CO2 laser"
PACKAGED = Path(kb.claims.__file__).with_name("documents")
VENDOR = "sources: {maker: {name: The maker, kind: vendor}, study: {name: A study, kind: clinical}}"

WORLDS_LEADING, FAT, NO_HEAT = "worlds-leading", "fat", "avoids-thermal-damage"
CLAIMING = [
    ("Our laser erases the bags under your eyes.", "eye-bags"),
    ("Eye bag removal without a scalpel.", "eye-bags"),
    ("It also works on melasma.", "melasma"),
    ("Chloasma can be lightened in three visits.", "melasma"),
    ("The beam clears spots on the face.", "melasma"),
    ("A new answer to rosacea.", "rosacea"),
    ("Thread veins are removed by the beam.", "visible-vessels"),
    ("It has a strong effect on red blood in the cheeks.", "visible-vessels"),
    ("The pulses melt fat under the chin.", FAT),
    ("It breaks down adipose tissue.", FAT),
    ("Lifts drooping cheeks.", "sagging-skin"),
    ("For tighter skin on the neck.", "sagging-skin"),
    ("A skin-tightening treatment.", "sagging-skin"),
    ("It cures acne on the back.", "active-acne"),
    ("Used for acne, pits and large pores.", "active-acne"),
    ("Suits every type of wrinkle.", "all-wrinkles"),
    ("Crow's feet disappear.", "all-wrinkles"),
    ("Deep lines on the forehead are smoothed.", "all-wrinkles"),
    ("A noninvasive procedure.", "non-invasive"),
    ("The technique is minimally-invasive.", "non-invasive"),
    ("It doesn't break the skin.", "non-invasive"),
    ("You are back at your desk in three days.", "normal-life-soon"),
    ("After 4–5 days people can live as usual.", "normal-life-soon"),
    ("There is a three to five day recovery period.", "normal-life-soon"),
    ("There is no downtime.", "normal-life-soon"),
    ("The surrounding tissue is not affected.", "spares-surrounding-skin"),
    ("It works without harming healthy skin beside the spot.", "spares-surrounding-skin"),
    ("Safer and quicker than conventional lasers.", "better-than-other-lasers"),
    ("It outperforms older devices.", "better-than-other-lasers"),
    ("The world’s number one skin laser.", WORLDS_LEADING),
    ("A world-leading system.", WORLDS_LEADING),
    ("It gets rid of stretch marks.", "stretch-marks-and-neck-lines"),
    ("Neck lines are reduced.", "stretch-marks-and-neck-lines"),
    ("Freckles and age spots are removed.", "dark-spots"),
    ("The laser corrects hyperpigmentation.", "dark-spots"),
    ("It removes every scar.", "smooth-scars"),
    ("Old scars become smooth again.", "smooth-scars"),
    ("Remarkable results on burn scars.", "smooth-scars"),
    ("Apply a growth factor gel for faster healing.", "growth-factors"),
    ("You see instant results.", "quick-results"),
    ("Skin texture rapidly improves.", "quick-results"),
    ("There is no thermal damage.", NO_HEAT),
    ("The cooled tip keeps the skin safe, so that heat injury is avoided.", NO_HEAT),
    ("The laser reliably prevents burns.", NO_HEAT),
    ("The treatment will not cause burns.", NO_HEAT),
]
SEVERAL = [
    ("It removes eye bags, treats rosacea and lifts sagging skin.", "eye-bags rosacea sagging-skin"),
    ("It does not fix melasma, but it removes eye bags.", "eye-bags"),
    ("It doesn't just fade scars, it also removes eye bags.", "eye-bags"),
    ("CO₂ laser gets rid of eye‑bags, e.g. puffy ones, and of MELASMA.", "eye-bags melasma"),
]
SILENT = [
    "Eye bags are mainly bulging fat and need surgery.",
    "Laser resurfacing does not remove eye bags.",
    "It cannot fix sagging skin.",
    "Melasma often comes back, and lasers may make it worse.",
    "There is no evidence for treating rosacea.",
    "The beam acts in the dermis, not in the fat.",
    "Active acne is a reason to wait.",
    "It is used for acne scars.",
    "It treats acne pits and chickenpox scars.",
    "It improves scars from acne.",
    "It treats acne and surgical scars.",
    "Fine lines become softer.",
    "The laser wounds the skin.",
    "A week of scabs is to be expected.",
    "Recovery takes 4 to 10 days.",
    "Most people are back at work after 7 to 10 days.",
    "Do not return to work for five days.",
    "Swelling lasts three days.",
    "Healthy skin between the columns helps healing.",
    "It is no better than other lasers.",
    "The wound is larger than with other lasers.",
    "Wear sunscreen to lower the risk of dark spots.",
    "The laser can cause dark spots.",
    "Facial redness disappears within two months.",
    "Redness improves quickly.",
    "Burns are a known complication.",
    "Thermal damage cannot be avoided.",
    "Wear a hat to avoid sunburn.",
    "The full result shows after six months.",
    "Use a growth factor product only if your clinician prescribes it.",
]


def written(folder: Path, text: str, treatment: str = CO2, more: str = "") -> Path:
    """The folder, with a leaflet of this text in it."""
    folder.mkdir(exist_ok=True)
    matter = f"---\nid: leaflet\ntitle: Leaflet\ntreatment: {treatment}\n{more}\n---\n"
    (folder / "leaflet.md").write_text(matter + text, encoding="utf-8")
    return folder


def document(folder: Path, text: str, treatment: str = CO2, more: str = "") -> Document:
    """The leaflet, as a clinic's would be loaded."""
    (loaded,) = load(written(folder, text, treatment, more)).documents
    return loaded


def ids(claims: list[Claim]) -> set[str]:
    return {claim.id for claim in claims}


def claims_in(document: Document, part: str | None = None) -> set[str]:
    """The ids of the claims made in a part of the document's text, or in all of it."""
    start = document.text.index(part) if part else 0
    return ids(claims_made(document, start, start + len(part or document.text)))


@pytest.mark.parametrize(("sentence", "claim"), CLAIMING)
def test_a_claim_is_recognised_in_the_words_of_any_vendor(tmp_path: Path, sentence: str, claim: str) -> None:
    assert claims_in(document(tmp_path, sentence)) >= {claim}


def test_each_claim_has_a_sentence_above() -> None:
    assert {claim for _, claim in CLAIMING} == ids(list(load_claims().claims))


@pytest.mark.parametrize(("sentence", "claims"), SEVERAL)
def test_a_sentence_may_make_several_claims_and_deny_others(tmp_path: Path, sentence: str, claims: str) -> None:
    assert claims_in(document(tmp_path, sentence)) == set(claims.split())


@pytest.mark.parametrize("sentence", SILENT)
def test_a_denial_a_warning_and_a_plain_fact_are_no_claims(tmp_path: Path, sentence: str) -> None:
    assert claims_in(document(tmp_path, sentence)) == set()


def test_a_list_item_is_read_with_its_heading_and_with_the_sentence_that_leads_into_it(tmp_path: Path) -> None:
    text = "# Indications\n- rosacea\n\n# Results\nThe laser removes:\n- eye bags\n\n# Reasons to wait\n- melasma"
    loaded = document(tmp_path, text)
    found = [claims_in(loaded, item) for item in ("rosacea", "eye bags", "melasma")]
    assert found == [{"rosacea"}, {"eye-bags"}, set()]


def test_a_list_item_does_not_make_the_claim_of_its_heading(tmp_path: Path) -> None:
    assert claims_in(document(tmp_path, "# Eye bag removal\n- bring a hat"), "bring a hat") == set()


def test_an_answer_of_yes_makes_the_claim_of_its_question(tmp_path: Path) -> None:
    loaded = document(tmp_path, "# Does it remove eye bags?\nYes, in most people. Bring a hat.")
    assert claims_in(loaded, "Yes, in most people.") == {"eye-bags"}
    assert claims_in(loaded, "Bring a hat.") == set()


def test_a_claim_about_one_treatment_is_none_about_another(tmp_path: Path) -> None:
    assert claims_in(document(tmp_path, "It treats melasma.", treatment="Chemical peel")) == set()
    assert claims_in(document(tmp_path, "It treats melasma.", treatment="CO2 laser")) == {"melasma"}


@pytest.mark.parametrize(
    ("mark", "is_claim"),
    [
        pytest.param("[^maker]", True, id="from the vendor"),
        pytest.param("", True, id="from nobody"),
        pytest.param("[^study]", False, id="from a clinical source"),
        pytest.param("[^maker][^study]", False, id="from both"),
    ],
)
def test_who_says_a_sentence_decides_whether_it_is_a_claim(tmp_path: Path, mark: str, is_claim: bool) -> None:
    loaded = document(tmp_path, f"It treats melasma.{mark} Scabs last a week.[^study]", more=VENDOR)
    assert bool(claims_in(loaded)) == is_claim


def test_a_vendors_sentence_is_a_claim_in_one_quote_with_a_clinical_one(tmp_path: Path) -> None:
    loaded = document(tmp_path, "It treats melasma.[^maker] It treats rosacea.[^study]", more=VENDOR)
    assert claims_in(loaded) == {"melasma"}


def test_where_no_sentence_names_its_source_a_vendor_may_have_said_any(tmp_path: Path) -> None:
    clinical = "sources: {study: {name: A study, kind: clinical}}"
    assert claims_in(document(tmp_path, "It treats melasma.", more=VENDOR)) == {"melasma"}
    assert claims_in(document(tmp_path, "It treats melasma.", more=clinical)) == set()


def test_the_document_that_disputes_the_claims_makes_none() -> None:
    for passages in packaged_disputes().values():
        for passage in passages:
            assert claims_made(passage.document, passage.start, passage.end) == []


@pytest.mark.parametrize("claim", load_claims().claims, ids=lambda claim: claim.id)
def test_each_claim_is_disputed_by_a_packaged_section_in_its_own_words(claim: Claim) -> None:
    passages = packaged_disputes()[claim.section]
    section = passages[0].section
    assert passages[0].document.treatment == claim.treatment
    assert (passages[0].start, passages[-1].end) == (section.start, section.end)
    assert all(p.text == p.document.text[p.start : p.end] for p in passages)
    assert any(source.kind == "clinical" for p in passages for source in p.document.sources_of(p.start, p.end))


def test_the_dispute_of_a_claim_is_the_whole_section_and_comes_once(tmp_path: Path) -> None:
    loaded = document(tmp_path, "It removes eye bags. Eye bags vanish. It treats melasma.")
    found = disputes(loaded, 0, len(loaded.text))
    assert [passage.section.headings[-1] for passage in found] == [
        "Eye bags (disputed)",
        "Melasma and facial spots (disputed)",
    ]


@pytest.mark.parametrize(
    ("sentence", "is_never"),
    [(sentence, claim in {WORLDS_LEADING, FAT, NO_HEAT}) for sentence, claim in CLAIMING]
    + [
        ("A minimally invasive technique, stronger than ordinary lasers.", False),
        ("It removes eye bags and fat tissue.", True),
        ("It does not remove fat.", False),
    ],
)
def test_a_claim_that_is_never_repeated_is_not_quoted_even_with_its_dispute(
    tmp_path: Path, sentence: str, is_never: bool
) -> None:
    loaded = document(tmp_path, sentence)
    assert is_unrepeatable(loaded, 0, len(loaded.text)) == is_never


def test_what_a_clinical_source_says_may_always_be_repeated(tmp_path: Path) -> None:
    loaded = document(tmp_path, "It removes fat.[^study]", more=VENDOR)
    assert not is_unrepeatable(loaded, 0, len(loaded.text))


@pytest.fixture
def forgetful() -> Iterator[None]:
    """What was read of the package is read again in the test, and once more after it."""
    for cached in (load_claims, packaged_disputes):
        cached.cache_clear()
    yield
    for cached in (load_claims, packaged_disputes):
        cached.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_a_claim_whose_dispute_is_missing_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = document(tmp_path, "It removes eye bags.")
    monkeypatch.setattr(kb.claims, "DOCUMENTS", tmp_path / "nowhere")
    with pytest.raises(MissingDisputeError, match=r"no section co2-disputed-claims#.* install the program again\."):
        disputes(loaded, 0, len(loaded.text))


@pytest.mark.usefixtures("forgetful")
def test_a_missing_list_of_claims_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = document(tmp_path, "It removes eye bags.")
    monkeypatch.setattr(kb.claims, "CLAIMS", tmp_path / "claims.yaml")
    with pytest.raises(FileNotFoundError, match="the list of disputed claims is missing"):
        disputes(loaded, 0, len(loaded.text))


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("TREATS ... ROSACEA", "TREETS ... ROSACEA", "no list of words is named TREETS"),
        ("treatment: Fractional CO2 laser", "treatment: CO2 laser", "'CO2 laser' is no canonical name"),
        ("    never: true", "    newer: true", "newer"),
    ],
)
def test_a_slip_in_the_list_of_claims_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, reason: str
) -> None:
    text = kb.claims.CLAIMS.read_text(encoding="utf-8")
    (tmp_path / "claims.yaml").write_text(text.replace(before, after, 1), encoding="utf-8")
    monkeypatch.setattr(kb.claims, "CLAIMS", tmp_path / "claims.yaml")
    with pytest.raises(ValueError, match=reason):
        load_claims()


def quoted(index: StoredIndex, *sentences: str) -> list[Citation]:
    """The quotes of an answer for which these sentences are the evidence; none is like another."""
    passages = index.passages.passages.values()
    spans = {p.document.text[start:end]: (p, start, end) for p in passages for start, end in p.sentences}
    rows = np.eye(len(sentences), dtype=np.float32)
    evidence = [
        Evidence(*spans[sentence], 1.0, cosine=0.5, vector=row, covers=frozenset())
        for sentence, row in zip(sentences, rows, strict=True)
    ]
    return quote(evidence, index, is_open=False)


def sections(citations: list[Citation]) -> list[tuple[str, bool]]:
    return [(citation.passage.section.id, citation.caveat) for citation in citations]


ARTICLE = """About the fractional CO2 laser

What it does

The fractional CO2 laser removes eye bags. The beam makes tiny wounds in the skin.
It is a non-invasive method, and faster than ordinary lasers. This world-leading laser removes eye bags and fat.

Afterwards

The CO2 laser leaves scabs for about a week.
"""
CLAIM = "The fractional CO2 laser removes eye bags."
RESTATED = "The vendor's article says that fractional CO2 laser removes eye bags."
TWO_CLAIMS = "It is a non-invasive method, and faster than ordinary lasers."


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A clinic's folder that holds a vendor's article and nothing else: no source, no caveat."""
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "article.txt").write_text(ARTICLE, encoding="utf-8")
    return folder


def test_a_bare_article_is_quoted_with_the_disputes_of_its_claims(bare: Path, index_of: IndexOf) -> None:
    citations = quoted(index_of(bare), CLAIM, TWO_CLAIMS, "The CO2 laser leaves scabs for about a week.")
    assert sections(citations) == [
        ("article.txt#what-it-does", False),
        ("co2-disputed-claims#eye-bags-disputed", True),
        ("article.txt#what-it-does", False),
        ("co2-disputed-claims#better-than-other-lasers-disputed", True),
        ("co2-disputed-claims#non-invasive-treatment-disputed", True),
        ("article.txt#afterwards", False),
    ]
    assert [citation.quote for citation in citations if not citation.caveat][:2] == [CLAIM, TWO_CLAIMS]
    assert all(c.quote == c.passage.document.text[c.start : c.end] for c in citations)
    assert [citation.number for citation in citations] == [1, 2, 3, 4, 5, 6]


def test_a_question_to_a_bare_article_is_answered_with_the_dispute_and_without_what_is_never_repeated(
    bare: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning
) -> None:
    build_index(bare, home, encoder)
    gate = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")
    bot = Bot(Clinic(), encoder, LiveIndex(home, MEND), load_rules(), meaning, gate, SharedWords())
    given = ask(bot, Question.parse("Does the CO2 laser remove eye bags?"))
    assert given.status == "answered"
    assert f"{CLAIM} [1]\n\nThis is disputed: The vendor's article says" in given.text
    assert "world-leading" not in given.text
    (found,) = look_up(bot, "eye bags", k=1)
    assert [caveat.section.id.partition("#")[2] for caveat in found.caveats] == [
        "removing-fat-disputed",
        "better-than-other-lasers-disputed",
        "eye-bags-disputed",
        "non-invasive-treatment-disputed",
    ]


def test_a_list_is_quoted_with_the_disputes_of_all_its_items(tmp_path: Path, index_of: IndexOf) -> None:
    index = index_of(written(tmp_path / "list", "# The laser treats\n- rosacea\n- large pores\n- melasma"))
    assert sections(quoted(index, "large pores")) == [
        ("leaflet#the-laser-treats", False),
        ("co2-disputed-claims#melasma-and-facial-spots-disputed", True),
        ("co2-disputed-claims#rosacea-disputed", True),
    ]


def test_the_caveat_of_a_section_comes_before_the_disputes_of_its_claims(tmp_path: Path, index_of: IndexOf) -> None:
    text = "# Claim\nIt removes eye bags.\n\nCaveat: [doubts](#doubts)\n\n# Doubts\nIt treats melasma, some say."
    index = index_of(written(tmp_path / "linked", text))
    assert sections(quoted(index, "It removes eye bags.")) == [
        ("leaflet#claim", False),
        ("leaflet#doubts", True),
        ("co2-disputed-claims#eye-bags-disputed", True),
        ("co2-disputed-claims#melasma-and-facial-spots-disputed", True),  # a caveat too may make a claim
    ]


def test_a_section_that_disputes_a_claim_is_quoted_whole(tmp_path: Path, index_of: IndexOf) -> None:
    folder = written(tmp_path / "copied", "It removes eye bags.")
    copy = (PACKAGED / "fractional-co2-laser" / "disputed-claims.md").read_text(encoding="utf-8")
    (folder / "disputed.md").write_text(copy, encoding="utf-8")
    index = index_of(folder)
    (alone,) = quoted(index, RESTATED)
    assert alone.quote.startswith(f"{RESTATED} Clinical sources say")
    both = quoted(index, RESTATED, "It removes eye bags.")
    assert sections(both) == [("leaflet#top", False), ("co2-disputed-claims#eye-bags-disputed", True)]


def test_in_the_packaged_documents_only_vendors_make_claims_and_each_has_its_dispute_once(index_of: IndexOf) -> None:
    index = index_of(PACKAGED)
    claiming = 0
    for passage in index.passages.passages.values():
        for start, end in passage.sentences:
            if made := claims_made(passage.document, start, end):
                claiming += 1
                shown = disputes_of(passage, start, end, index)
                assert {claim.section for claim in made} <= {dispute.section.id for dispute in shown}
                assert len({dispute.id for dispute in shown}) == len(shown)
                assert "vendor" in {source.kind for source in passage.document.sources_of(start, end)}
    assert claiming > 20
