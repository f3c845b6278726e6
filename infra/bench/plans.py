"""How long each plan takes beside its longest chain of steps and beside all its steps one after the other.

Run `python -m infra.bench.plans`; the stand-in answers at a human pace from a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from contextlib import aclosing

import click
import msgspec

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.language_model import BedrockLanguageModel
from application.plan.citations import CitationReader
from application.plan.effects import Effects
from application.plan.plan import Node, plan_of
from application.plan.prompt import system_blocks
from application.plan.run_plan import PlanRun
from application.plan.step_request import StepReply, StepRequest
from application.ports.models.model import ModelCall, TextDelta
from application.redaction.quoting import draw_fences
from application.steps.facts import CollectionFact, Facts, ToolFact
from domain.event import Event
from domain.session.events import Passage
from domain.tenant.assistant import Assistant
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

FAST = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BALANCED = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OVERHEAD_ROUNDS = 300
MARK = "0123456789ab"
PASSAGES = tuple(
    Passage(passage_id=name, document_id=name, title=name, text=text, start=0, end=len(text), score=0.5)
    for name, text in DOCUMENTS.items()
)
FACTS = Facts(
    question=QUESTION,
    turns=1,
    history="User: Do you sell coffee?\nAssistant: Yes, roasted in our own house.",
    tools=(
        ToolFact(name="parcels", description="Where a parcel is"),
        ToolFact(name="stock", description="What is left"),
    ),
    collections=(CollectionFact(name="Returns and coffee"), CollectionFact(name="Brewing equipment")),
)


class PlanRow(msgspec.Struct):
    """Medians of one plan, in milliseconds; `wall_of_chain` 1.0 would be no time lost between steps."""

    plan: str
    steps: int
    first_token_ms: float
    wall_ms: float
    chain_ms: float
    sum_ms: float
    wall_of_chain: float
    wall_of_sum: float
    after_ms: float


class Steps:
    """A `StepModel` on Bedrock's wire protocol, without the gateway, so that the plan alone is measured."""

    def __init__(self, model: BedrockLanguageModel) -> None:
        self._model = model

    async def complete(self, ask: StepRequest) -> StepReply:
        """The whole reply."""
        name = FAST if ask.tier == "fast" else BALANCED
        call = ModelCall(
            call_id="bench",
            model=name,
            system=ask.system,
            messages=tuple(draw_fences(message, MARK) for message in ask.messages),
            max_tokens=ask.max_tokens,
            metadata={"step": ask.step},
        )
        pieces = []
        async with aclosing(self._model.stream(call)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    pieces.append(event.text)
        return StepReply("".join(pieces), name, f"tier:{ask.tier}")


class Timed:
    """What the steps took, and that nothing is stored."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._began: dict[str, float] = {}

    def note(self, event: Event) -> None:
        """Nothing is stored here."""

    def show(self, step: str, status: str, model: str, reason: str, ms: int) -> None:
        """Times a step, finer than the frame does."""
        if status == "started":
            self._began[step] = time.perf_counter()
        else:
            self.ms[step] = (time.perf_counter() - self._began[step]) * 1e3

    def chain(self, nodes: tuple[Node, ...]) -> float:
        """The longest chain of steps that wait for each other."""
        ends: dict[str, float] = {}
        for node in nodes:
            ends[node.name] = max((ends[need] for need in node.needs), default=0.0) + self.ms.get(node.name, 0.0)
        return max(ends.values(), default=0.0)


async def found(effects: Effects) -> tuple[Passage, ...]:
    """A search that takes no time: what is measured is the plan."""
    return PASSAGES


async def once(plan_name: str, model: BedrockLanguageModel) -> dict[str, float]:
    """One turn by that plan; its times in milliseconds."""
    timed, began = Timed(), time.perf_counter()
    plan = plan_of(Assistant(plan=plan_name), FACTS)
    run = PlanRun(plan, FACTS, Steps(model), timed, "bench", found, timed.show)
    effects = await run.before()
    first, answer, asked = 0.0, "", time.perf_counter()
    call = ModelCall(
        call_id="bench",
        model=FAST if effects.answering.tier == "fast" else BALANCED,
        system=system_blocks(""),
        messages=(draw_fences(effects.message(run.retrieved), MARK),),
        max_tokens=2_000,
        metadata={"step": effects.answering.step},
    )
    async with aclosing(model.stream(call)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                first = first or time.perf_counter()
                answer += event.text
    answered = (time.perf_counter() - asked) * 1e3
    await run.verify(answer)
    wall = (time.perf_counter() - began) * 1e3
    assert CitationReader(effects.passages.whole(run.retrieved)).read(answer), "an answer cites what it was given"
    chain = timed.chain(plan.before) + answered + timed.chain(plan.verify)
    total, steps = sum(timed.ms.values()) + answered, len(timed.ms) + 1
    ended = time.perf_counter()
    await run.after(answer)
    after = (time.perf_counter() - ended) * 1e3
    return {
        "first": (first - began) * 1e3, "wall": wall, "chain": chain, "sum": total, "after": after, "steps": steps
    }  # fmt: skip


async def measure(plan_name: str, model: BedrockLanguageModel, rounds: int) -> PlanRow:
    """The median of some turns."""
    turns = [await once(plan_name, model) for _ in range(rounds)]
    middle = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
    return PlanRow(
        plan_name,
        int(middle["steps"]),
        round(middle["first"]),
        round(middle["wall"]),
        round(middle["chain"]),
        round(middle["sum"]),
        round(middle["wall"] / middle["chain"], 3),
        round(middle["wall"] / middle["sum"], 3),
        round(middle["after"]),
    )


async def overhead_us() -> float:
    """Microseconds that the lean plan puts before the answer's call: making it, and running it with a search that takes
    no time."""
    took = []
    for _ in range(OVERHEAD_ROUNDS):
        began = time.perf_counter()
        run = PlanRun(plan_of(Assistant(), FACTS), FACTS, Unasked(), Timed(), "bench", found)
        effects = await run.before()
        effects.message(run.retrieved)
        took.append((time.perf_counter() - began) * 1e6)
    return statistics.median(took)


class Unasked:
    """A model that the lean plan must not ask."""

    async def complete(self, ask: StepRequest) -> StepReply:
        """Never called."""
        raise AssertionError(ask.step)


async def compare(url: str, rounds: int) -> list[PlanRow]:
    """All plans in one run."""
    async with open_bedrock(endpoint_url=url, region="us-east-1") as bedrock:
        model = BedrockLanguageModel(bedrock.http)
        await once("lean", model)  # the first call opens the connection
        return [await measure(name, model, rounds) for name in ("lean", "standard", "thorough")]


def run(rounds: int) -> tuple[list[PlanRow], float]:
    """Start a stand-in, compare, stop it: the rows, and the microseconds that `lean` adds."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    command = [sys.executable, "-m", "infra.local.bedrock", "--hashed-embeddings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stand_in:
        try:
            assert stand_in.stdout
            url = stand_in.stdout.readline().split()[1]
            return asyncio.run(compare(url, rounds)), asyncio.run(overhead_us())
        finally:
            stand_in.terminate()


@click.command()
@recordable
@click.option("--rounds", default=3, show_default=True, help="How often each plan runs; the median counts.")
def plans(rounds: int) -> None:
    """What each plan adds: its wall time beside its longest chain and the sum of its steps.

    Example: colloquy bench plans --rounds 1
    """
    rows, added_us = run(rounds)
    click.echo(table(rows))
    click.echo(f"lean adds {added_us:,.0f} us before its call leaves")
    keep({f"{row.plan}, wall of its longest chain": row.wall_of_chain for row in rows})
