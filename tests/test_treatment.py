"""Which treatment does a text name?"""

from __future__ import annotations

import pytest

from kb.document import Document
from kb.treatment import Treatments, known_treatments, lexicon, words

KNOWN = known_treatments()


@pytest.mark.parametrize(
    ("text", "treatments"),
    [
        pytest.param("What is fractional CO2 laser?", ["Fractional CO2 laser"], id="its name"),
        pytest.param("How long does botox last?", ["Botulinum toxin"], id="another name"),
        pytest.param("Is CO₂ resurfacing sore?", ["Fractional CO2 laser"], id="a subscript"),
        pytest.param("er:yag or ERBIUM", ["Er:YAG laser"] * 2, id="any punctuation and case"),
        pytest.param("laser hair removal", ["Laser hair removal"], id="the longest name"),
        pytest.param("RF microneedling", ["Radiofrequency"], id="a longer name that holds another"),
        pytest.param("non-ablative fractional laser", ["Non-ablative fractional laser"], id="a name within a name"),
        pytest.param("an acid peel or microneedling", ["Chemical peel", "Microneedling"], id="two"),
        pytest.param("microneedeling", ["Microneedling"], id="a slip in a long word"),
        pytest.param("botulinium", ["Botulinum toxin"], id="a letter too many"),
        pytest.param("profilo", ["Mesotherapy"], id="a brand with a letter too few"),
        pytest.param("botx", [], id="a slip in a short word may be anything"),
        pytest.param("my skin will peel", [], id="peeling skin"),
        pytest.param("When does peeling stop?", [], id="what skin does"),
        pytest.param("my skin peels and my face peels for days", [], id="skin that peels"),
        pytest.param("Can I swim after a peel?", ["Chemical peel"], id="a peel is a noun"),
        pytest.param("are peels or deep peels safe", ["Chemical peel"] * 2, id="peels as a noun"),
        pytest.param("keloids and needling", ["Microneedling"], id="needling"),
        pytest.param("RF needling", ["Radiofrequency"], id="needling of another kind"),
        pytest.param("is it needing repeats", [], id="a word spelt like needling"),
        pytest.param("warfarin before resurfacing", ["Fractional CO2 laser"], id="resurfacing"),
        pytest.param("erbium laser resurfacing of scars", ["Er:YAG laser"], id="resurfacing by another laser"),
        pytest.param("hair removal laser", ["Laser hair removal"], id="a laser named last"),
        pytest.param("ablative or non-ablative", ["Non-ablative fractional laser"], id="non-ablative"),
        pytest.param("the laser hurts", [], id="any laser"),
        pytest.param("it broke my skin, is my face lifted?", [], id="everyday words"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_text_names_the_treatments_it_has_names_of(text: str, treatments: list[str]) -> None:
    assert sorted(KNOWN.named(text).elements()) == sorted(treatments)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("carbon dioxide laser", "Fractional CO2 laser"), ("IPL", "IPL"), ("nd yag", "Nd:YAG laser"), ("Glow", "Glow")],
)
def test_every_name_of_a_treatment_stands_for_one_name(name: str, canonical: str) -> None:
    assert KNOWN.canonical(name) == canonical


def test_every_name_of_the_lexicon_names_its_treatment() -> None:
    missed = {
        name: KNOWN.named(f"What about {name}?")
        for canonical, others in lexicon().items()
        for name in (canonical, *others)
        if KNOWN.named(f"What about {name}?") != {canonical: 1}
    }
    assert missed == {}


def test_no_name_belongs_to_two_treatments_of_the_lexicon() -> None:
    names = [words(name) for canonical, others in lexicon().items() for name in (canonical, *others)]
    assert sorted(set(names)) == sorted(names)


def document(treatment: str | None, *other_names: str) -> Document:
    return Document("d", "D", "d.md", "", (), treatment=treatment, other_names=other_names)


def test_documents_add_their_treatments_and_names_to_the_known_ones() -> None:
    treatments = Treatments.of([document("Glow", "night light"), document("IPL", "flash lamp"), document(None, "x")])
    assert treatments.named("night light, glow, a flash lamp, botox") == {"Glow": 2, "IPL": 1, "Botulinum toxin": 1}


def test_a_name_that_two_documents_share_names_both_treatments() -> None:
    treatments = Treatments.of([document("Glow", "lamp"), document("Shine", "lamp")])
    assert treatments.named("the lamp") == {"Glow": 1, "Shine": 1}


def test_no_names_name_nothing() -> None:
    assert Treatments({}).named("botox") == {}


def test_in_full_a_text_has_the_one_name_of_each_treatment_and_a_shared_name_stays() -> None:
    treatments = Treatments.of([document("Glow", "night light", "lamp"), document("Shine", "lamp")])
    assert (
        treatments.in_full("is the night light or BOTOX, better? Glow!")
        == "is the Glow or Botulinum toxin, better? Glow!"
    )
    assert treatments.in_full("does the lamp hurt") == "does the lamp hurt"
