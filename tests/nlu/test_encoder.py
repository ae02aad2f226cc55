"""The sentence encoder: two backends of one encoder, and a model that knows the one it was trained with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.nlu.embeddings import encode_cached
from bot.nlu.encoder import SIZE, EncoderError, OnnxEncoder, check, identity


class Fake:
    """An encoder whose numbers depend on its seed and the text; it counts what it was given."""

    def __init__(self, seed: int = 0, name: str = "fake") -> None:
        self.name = name
        self.seen: list[str] = []
        self._seed = seed

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        rows = [np.random.default_rng([self._seed, *text.encode()]).normal(size=SIZE) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def test_a_model_knows_its_encoder_again_and_refuses_another_in_one_sentence() -> None:
    kept = identity(Fake(0))
    check(Fake(0, "the same elsewhere"), kept)
    with pytest.raises(EncoderError, match=r"trained with the encoder fake, and here is other: train again"):
        check(Fake(1, "other"), kept)


def test_lines_that_were_read_before_are_not_read_again(tmp_path: Path) -> None:
    encoder, file = Fake(), tmp_path / "embeddings.db"
    first = encode_cached(encoder, ["查件", "催件", "查件"], file)
    assert encoder.seen == ["查件", "催件"]
    again = encode_cached(encoder, ["催件", "退件"], file)
    assert encoder.seen == ["查件", "催件", "退件"]
    assert np.array_equal(first[1], again[0]) and np.array_equal(first[0], first[2])


def test_what_a_training_did_not_use_is_forgotten(tmp_path: Path) -> None:
    encoder, file = Fake(), tmp_path / "embeddings.db"
    encode_cached(encoder, ["查件", "催件"], file)
    encode_cached(encoder, ["催件"], file)
    encode_cached(encoder, ["查件"], file)
    assert encoder.seen == ["查件", "催件", "查件"]


def test_another_encoder_shares_nothing_of_what_was_kept(tmp_path: Path) -> None:
    one, two = Fake(0, "one"), Fake(1, "two")
    encode_cached(one, ["查件"], tmp_path / "embeddings.db")
    encode_cached(two, ["查件"], tmp_path / "embeddings.db")
    assert two.seen == ["查件"]


def test_no_text_can_be_read_in_the_file(tmp_path: Path) -> None:
    encode_cached(Fake(), ["一个很特别的句子"], tmp_path / "embeddings.db")
    assert "特别".encode() not in (tmp_path / "embeddings.db").read_bytes()


def test_a_folder_without_a_model_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no usable model.onnx"):
        OnnxEncoder(tmp_path)


def test_a_folder_with_a_model_is_read_by_its_tokenizer_and_mean(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    tokenizers = pytest.importorskip("tokenizers")
    words = {"[UNK]": 0, "query": 1, ":": 2, "parcel": 3, "letter": 4}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    table = np.random.default_rng(0).normal(size=(len(words), SIZE)).astype(np.float32)
    whole, real = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [onnx.helper.make_tensor_value_info("input_ids", whole, ["batch", "words"])],
        [onnx.helper.make_tensor_value_info("last_hidden_state", real, ["batch", "words", SIZE])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), str(tmp_path / "model.onnx"))

    [row] = OnnxEncoder(tmp_path).encode(["parcel letter"])
    mean = table[[1, 2, 3, 4]].mean(axis=0)
    assert np.allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
