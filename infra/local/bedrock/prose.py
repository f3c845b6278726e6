"""Composes an answer: the sentences of the passages that match the question best, each with its mark `[n]`."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import lru_cache
from typing import Any

from infra.local.bedrock.prompt import Prompt, PromptPassage
from infra.local.bedrock.words import content_words

SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9À-Þ])|\n\s*\n|\n(?=\s*(?:[-*#•|]|\d+[.)]))")
FILE_NAME = re.compile(r"\.[a-z0-9]{2,5}$", re.IGNORECASE)
LONGEST = 320  # characters of a sentence
SENTENCES = 3
FENCE = re.compile(r"^</?data-[0-9a-f]+>$\n?", re.MULTILINE)
GREETING = re.compile(r"^\W*(hi|hello|hey|good (morning|evening|afternoon)|thanks|thank you)\b.{0,20}$", re.IGNORECASE)


def answer_prompt(prompt: Prompt) -> str:
    """The whole answer, the same for the same prompt, beginning with what the caller prefilled."""
    if prompt.tool_results:
        text = "\n\n".join(_from_tool(result) for result in prompt.tool_results)
    elif prompt.passages:
        text = _from_passages(prompt.question, prompt.passages)
    elif prompt.example:
        text = prompt.example
    elif "text" in prompt.sections:  # a text to work on comes back as it is: no model, no translation
        text = prompt.sections["text"]
    else:
        text = _from_nothing(prompt.question)
    return continuation(text, prompt.prefill)


def continuation(text: str, prefill: str) -> str:
    """What is still to be said after `prefill`: the rest of the same answer, or the sentences not yet in it."""
    if text.startswith(prefill):
        return text[len(prefill) :]
    missing = [s for s in re.split(r"(?<=\.)\s+", text) if s not in prefill]
    return " " + " ".join(missing) if missing else ""


def _from_passages(question: str, passages: list[PromptPassage]) -> str:
    candidates = [(p.n, sentence) for p in passages for sentence in sentences_of(p.text)]
    best = _best(question, candidates)
    if not best:
        return "The documents that I was given do not answer this question."
    return " ".join(f"{sentence} [{n}]." for n, sentence in best)


def _best(question: str, candidates: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The sentences that share most of the question's rarer words, best first; none when none shares any."""
    asked = set(content_words(question))
    words = [_words_of(sentence) for _, sentence in candidates]
    often = Counter(word for found in words for word in found)
    scores = [
        sum(math.log(1 + len(words) / often[word]) for word in found & asked) / math.sqrt(8 + len(found))
        for found in words
    ]
    order = sorted(range(len(candidates)), key=lambda i: (-scores[i], i))
    chosen: list[tuple[int, str]] = []
    for i in order[: SENTENCES * 3]:
        good_enough = scores[i] > 0 and scores[i] >= scores[order[0]] * 0.55
        if good_enough and len(chosen) < SENTENCES and candidates[i][1] not in [said for _, said in chosen]:
            chosen.append(candidates[i])
    return chosen


@lru_cache(4_096)
def _words_of(sentence: str) -> frozenset[str]:
    return frozenset(content_words(sentence))


def sentences_of(text: str) -> list[str]:
    """The sentences of a passage on one line each, without their full stop, shortened at a word when very long."""
    return [s for part in SENTENCE_END.split(_without_title(text)) if part and len(s := _tidy(part)) > 2]


def _without_title(text: str) -> str:
    """The text after its first line, when that line looks like a title."""
    first, _, rest = text.partition("\n")
    body = rest.lstrip(" \n\"'([#*-")
    looks = len(first) <= 120 and not first.rstrip().endswith((".", "!", "?", ":", ",", ";"))
    return rest if looks and body and (FILE_NAME.search(first) or not body[0].islower()) else text


def _tidy(sentence: str) -> str:
    line = " ".join(re.sub(r"^[\s\-*#•|>]+", "", sentence).split()).rstrip(".!?;:, ")
    line = re.sub(r"\[(\d+)\]", r"(\1)", line)  # a mark in the document would pass for one of ours
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " ..."


def _from_tool(result: dict[str, Any]) -> str:
    parts = [_found(block["json"]) if "json" in block else _unfenced(block) for block in result["content"]]
    said = " ".join(" ".join(parts).split())
    if result.get("status") == "error":
        return f"The tool could not do this: {said.rstrip('.') or 'it gave no reason'}."
    return f"Here is what I found: {said or 'nothing'}."


def _unfenced(block: dict[str, Any]) -> str:
    """A text without the tags that tell whose it is."""
    return FENCE.sub("", str(block.get("text", "")))


def _found(value: Any) -> str:
    """Rows of a query as a list of them, said to go on where they were cut; anything else as it is."""
    if not isinstance(value, dict) or not isinstance(value.get("rows"), list):
        return _flat(value)
    return (_flat(value["rows"]) if value["rows"] else "") + ("; and more" if value.get("truncated") is True else "")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_flat(inner) for inner in value) or "nothing"
    return value if isinstance(value, str) else json.dumps(value)


def _from_nothing(question: str) -> str:
    if not question or GREETING.match(question):
        return "Hello! Ask me a question, and I will answer it as well as I can."
    asked = question if len(question) <= 160 else question[:160].rsplit(" ", 1)[0] + " ..."
    topics = list(dict.fromkeys(re.findall(r"[^\W\d_]{4,}", asked)))[:4]
    about = ", ".join(topics) or "this"
    return (
        f'You asked: "{asked}" I was given no documents to answer from, so this is a general answer about {about}. '
        "Look first at what is already known, then at what would change the decision, and write both down. "
        "If you add documents on the subject I can quote them."
    )
