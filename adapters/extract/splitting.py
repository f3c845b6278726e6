"""Text to passages with exact places: `text[start:end]` is the passage, in code points."""

from __future__ import annotations

from semantic_text_splitter import MarkdownSplitter, TextSplitter

PASSAGE = 1_000
"""Characters of a passage at most: a paragraph or two, well inside what the embedding model reads."""


def split(text: str, *, markdown: bool) -> tuple[tuple[int, int], ...]:
    """The passages' (start, end), cut at the largest structure that fits (section, paragraph, sentence, word)."""
    splitter = MarkdownSplitter(PASSAGE) if markdown else TextSplitter(PASSAGE)
    return tuple((start, start + len(chunk)) for start, chunk in splitter.chunk_indices(text) if chunk.strip())
