"""Which passages are on a topic of patients' (topics.yaml): what its questions find, and what is headed by it."""

from __future__ import annotations

from chatbot.coverage import Topic
from index.encode import Encoder
from index.search import search_among
from index.store import StoredIndex
from index.terms import distinct_terms, key_terms

# So many passages of each treatment are found for a question. Of the sections that answer one by `check --coverage`, 89
# in 100 are among them, and 14 in 100 of all passages are; 8 would give 96 and 21.
K_ON_TOPIC = 5
ANY = "the treatment"  # in a question about passages that are of no treatment


def on_topic(topic: Topic, index: StoredIndex, encoder: Encoder) -> frozenset[str]:
    """The ids of the passages on a topic, of all treatments and for all audiences."""
    of_treatment: dict[str | None, list[str]] = {}
    for passage_id, passage in index.passages.passages.items():
        of_treatment.setdefault(passage.document.treatment, []).append(passage_id)
    found = _headed_by(topic.name, index)
    for treatment, among in of_treatment.items():
        questions = topic.asked_of(treatment or ANY)
        for question, vector in zip(questions, encoder.encode(questions), strict=True):
            subject = index.treatments.without(question)
            found |= {hit.passage.id for hit in search_among(index.passages, vector, subject, K_ON_TOPIC, among)}
    return frozenset(found)


def _headed_by(name: str, index: StoredIndex) -> set[str]:
    """The passages whose section's headings have every word of a topic's name, in any form."""
    keys = key_terms(name)
    headings = ((p.id, distinct_terms("\n".join(p.section.headings))) for p in index.passages.passages.values())
    return {passage_id for passage_id, own in headings if keys and all(not k.terms.isdisjoint(own) for k in keys)}
