"""The program's own row in a side-by-side benchmark of retrieval frameworks, in the form that its harness loads.

    cp benchmarks/peer_ours.py PEERS_FOLDER/
    python3 PEERS_FOLDER/run.py --peer ours=.venv/bin/python --full ...    # with the harness's other arguments

PEERS_FOLDER is the harness's own, outside this project. Everything measured here is the program's real code: texts are
written to a folder as documents and go through `build_index`; a question goes through `find`, as in `ask`, without
triage before it and quoting after it, which no other row has. The texts of a question's hits are returned in the order
of the fused ranking, part after part where it asks several things.

The score of a hit is the probability that the documents answer the question, which `ask` calls `confidence`: the gate
judges a question with all its evidence, so that all hits of one question have the same score. What the harness
computes from the first hit's score (AUC, refusal) is thereby what the gate is worth. The dense search gives cosines.

Give the harness `--full`: without it each row is handed the bare encoder's vectors of all texts and timed on the rest,
but this program's encoder makes the vectors of the sentences in the same pass, so that it always encodes them itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from chatbot import bot as pipeline
from chatbot.bot import Bot, find
from chatbot.question import Question
from chatbot.reading.cross_encoder import load_cross_encoder
from chatbot.reading.meaning import load_meaning
from chatbot.retrieve import retrieve
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import load_gate
from index.build import build_index
from index.encode import load_encoder
from index.live import LiveIndex
from index.search import FUSION_DEPTH, Hit
from kb.document import Passage
from kb.load import load
from kb.split import split
from kb.treatment import known_treatments

Scored = list[tuple[str, float]]

TEXTS = "texts.json"  # what was given, by the number in a document's name: the document's own text has tidied blanks
# The texts of one build are about a treatment when of the first SAMPLE at least one in SHARE names it.
SAMPLE = 100
SHARE = 10


class Peer:
    """A folder of documents and its index, as the harness wants them. The encoder is the packaged one."""

    def __init__(self, *_: str | None) -> None:
        self._encoder = load_encoder()
        self._encoder.encode(["loaded before a clock starts, as the other rows load theirs"])

    def split(self, text: str) -> list[str]:
        """The passages of one document, each under its section's headings."""
        with tempfile.TemporaryDirectory() as kb:
            (Path(kb) / "text.txt").write_text(text, encoding="utf-8")
            passages = [passage for document in load(Path(kb)).documents for passage in split(document)]
        return ["\n\n".join([*passage.section.headings, passage.text]) for passage in passages]

    def build(self, texts: list[str], folder: str) -> None:
        """Index each text as a document, from nothing: an index that is there would lend its vectors."""
        home = Path(folder)
        shutil.rmtree(home, ignore_errors=True)
        matter = f"---\ntitle: Text\ntreatment: {json.dumps(_treatment(texts))}\n---\n"
        with tempfile.TemporaryDirectory() as kb:
            for number, text in enumerate(texts):
                (Path(kb) / f"{number}.txt").write_text(matter + text, encoding="utf-8")
            report = build_index(Path(kb), home, self._encoder)
        if report.problems:
            raise ValueError(f"{len(report.problems)} texts could not be indexed, such as {report.problems[0]}")
        (home / TEXTS).write_text(json.dumps(texts), encoding="utf-8")

    def load(self, folder: str) -> None:
        """Open the index, every checksum compared, and make the bot that `python app.py` makes."""
        live = LiveIndex(Path(folder), mend="")
        self._bot = Bot(Clinic(), self._encoder, live, load_rules(), load_meaning(), load_gate(), load_cross_encoder())
        self._texts: list[str] = json.loads((Path(folder) / TEXTS).read_text(encoding="utf-8"))

    def search(self, question: str, k: int) -> Scored:
        """The best `k` texts by the fused ranking; the score is the gate's probability that they answer."""
        hits: list[Hit] = []

        def retrieve_and_note(*given: Any) -> list[Hit]:
            found = retrieve(*given)
            hits.extend(found)
            return found

        with patch.object(pipeline, "retrieve", retrieve_and_note):  # `find` keeps the hits to itself
            verdicts = find(self._bot, self._bot.index.current(), Question.parse(question))
        probability = max(verdict.probability for verdict in verdicts)
        return self._given((hit.passage, probability) for hit in hits)[:k]

    def search_dense(self, question: str, k: int) -> Scored:
        """The `k` texts nearest in meaning, each with the cosine of its nearest passage."""
        index = self._bot.index.current().passages
        nearest = index.vectors.search(self._encoder.encode([question])[0], FUSION_DEPTH)
        return self._given((index.passages[passage_id], cosine) for passage_id, cosine in nearest)[:k]

    def _given(self, found: Iterable[tuple[Passage, float]]) -> Scored:
        """The texts that passages stand in, each once, with the score of its best passage."""
        best: dict[int, float] = {}
        for passage, score in found:
            best.setdefault(int(Path(passage.document.path).stem), score)
        return [(self._texts[number], score) for number, score in best.items()]


def _treatment(texts: list[str]) -> str | None:
    """What a clinic would write into the front matter: a single sentence or passage seldom says what it is about."""
    sample = texts[:SAMPLE]
    most = known_treatments().named("\n".join(sample), exactly=True).most_common(1)
    return most[0][0] if most and most[0][1] * SHARE >= len(sample) else None
