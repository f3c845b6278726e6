"""What a listener hears and what the ledger holds when models fail, at every place of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.clock import now
from application.gateway.call_log import Caller
from application.gateway.continuation import Joint, prefill
from application.gateway.failover import Failover
from application.gateway.failure_policy import TABLE
from application.gateway.gateway import Gateway
from application.gateway.health import Health
from application.gateway.model_attempt import Attempt
from application.gateway.model_request import FailoverBegun, GatewayEvent, ModelRequest, Restarted, Routed
from application.gateway.router import Router
from application.ports.models.model import FailureKind, Finished, Message, ModelFailure, Text, TextDelta, ToolUse
from application.redaction.redactor import Redactor
from domain.event import Event
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.models import Price
from domain.refusals import BudgetExceeded, ModelUnavailable
from domain.session.events import ModelFailedOver
from domain.tenant.assistant import ModelPolicy
from domain.tenant.budget import AgreedPrice
from domain.usage import PRICE_VERSION, cost_of
from tests.fakes.free_budget import FreeBudget
from tests.fakes.nothing_private import NamedWords, NothingPrivate
from tests.fakes.scripted_model import Reply, ScriptedModel
from tests.fakes.small_ports import FixedTenants

SONNET, HAIKU = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
LATER_HAIKU = "us.anthropic.claude-haiku-5-5"
WORDS = ("The answer ", "to all ", "of it ", "is 42.")


class Notebook:
    """A journal in memory."""

    def __init__(self) -> None:
        self.caller = Caller(tenant="t", user="u", session="s", turn="turn")
        self.ended = False
        self.redactor = Redactor(NothingPrivate(), {})
        self.events: list[Event] = []

    async def record(self, events: Sequence[Event]) -> None:
        self.events += events

    def note(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def gateway_on(
    *replies: Reply, fast: str = HAIKU, prices: tuple[AgreedPrice, ...] = ()
) -> tuple[Gateway, ScriptedModel]:
    model = ScriptedModel(replies)
    health, budget = Health(lambda: 0.0), FreeBudget()
    tenants = FixedTenants()
    tenants.prices = prices
    failover = Failover(Attempt(model, health, budget, tenants), health, retry_s=(0.0, 0.0))
    return Gateway(Router(fast, SONNET, health), failover, budget), model


def ask(**fields: object) -> ModelRequest:
    given = {
        "step": "answer", "tier": "balanced", "system": ("Be brief.",), "max_tokens": 500, "first_token_s": 8.0,
        "idle_s": 6.0, "messages": (Message("user", (Text("What is it?"),)),),
    }  # fmt: skip
    return ModelRequest(**given | fields)  # type: ignore[arg-type]


async def heard(gateway: Gateway, notebook: Notebook, **fields: object) -> list[GatewayEvent]:
    async with aclosing(gateway.stream(ask(**fields), notebook)) as events:
        return [event async for event in events]


def shown(events: Sequence[GatewayEvent]) -> str:
    text = ""
    for event in events:
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, Restarted):
            text = ""
    return text


ON_THE_WAY = (FailureKind.TIMED_OUT, FailureKind.STALLED, FailureKind.CUT, FailureKind.MALFORMED)


def failure(kind: FailureKind, started: bool = False) -> ModelFailure:
    refused = kind not in (*ON_THE_WAY, FailureKind.UNREACHABLE) and not started
    return ModelFailure(kind, "it broke", refused=refused, started=started)


FAILING_OVER = [kind for kind in TABLE if TABLE[kind].fail_over and kind is not FailureKind.BREAKER_OPEN]


@pytest.mark.parametrize("kind", FAILING_OVER)
async def test_a_failure_before_the_first_token_is_invisible(kind: FailureKind) -> None:
    replies = [Reply((), failure(kind))] * (2 if TABLE[kind].retry else 1)
    gateway, model = gateway_on(*replies, Reply(WORDS))
    notebook = Notebook()
    events = await heard(gateway, notebook)
    assert shown(events) == "".join(WORDS)
    assert not [event for event in events if isinstance(event, Restarted)]
    assert [call.model for call in model.calls][-1] == HAIKU
    assert_settled(notebook, len(model.calls))


@pytest.mark.parametrize("kind", [kind for kind in FAILING_OVER if kind is not FailureKind.TIMED_OUT])
@pytest.mark.parametrize("after", [1, 2, 3])
async def test_a_failure_in_the_middle_loses_and_repeats_nothing(kind: FailureKind, after: int) -> None:
    said = "".join(WORDS[:after])
    rest = "".join(WORDS)[len(prefill(said)) :]
    gateway, model = gateway_on(Reply(WORDS[:after], failure(kind, started=True)), Reply((rest,)))
    notebook = Notebook()
    events = await heard(gateway, notebook)
    assert shown(events) == "".join(WORDS)
    assert model.calls[1].messages[-1] == Message("assistant", (Text(prefill(said)),))
    moved = [event for event in events if isinstance(event, FailoverBegun)]
    assert moved == [FailoverBegun(SONNET, HAIKU, kind.value, len(said))]
    assert len(notebook.of(ModelFailedOver)) == 1
    assert_settled(notebook, 2)


async def test_a_model_that_takes_no_prefill_begins_anew_and_says_so() -> None:
    gateway, _ = gateway_on(Reply(WORDS[:2], failure(FailureKind.CUT, True)), Reply(("Anew.",)), fast=LATER_HAIKU)
    events = await heard(gateway, Notebook())
    assert [type(event) for event in events] == [
        Routed, TextDelta, TextDelta, FailoverBegun, Restarted, Routed, TextDelta, Finished,
    ]  # fmt: skip
    assert shown(events) == "Anew."


async def test_a_model_that_refuses_the_beginning_answers_from_the_start() -> None:
    gateway, model = gateway_on(
        Reply(WORDS[:2], failure(FailureKind.CUT, True)),
        Reply((), failure(FailureKind.INVALID_REQUEST)),
        Reply(("Anew.",)),
    )
    events = await heard(gateway, Notebook())
    assert shown(events) == "Anew."
    assert model.calls[-1].messages[-1].role == "user"


async def test_what_is_wrong_with_the_prompt_is_not_tried_elsewhere() -> None:
    gateway, model = gateway_on(Reply((), failure(FailureKind.INVALID_REQUEST)))
    with pytest.raises(ModelFailure):
        await heard(gateway, Notebook())
    assert len(model.calls) == 1


async def test_when_both_fail_the_last_failure_is_told_and_both_are_in_the_ledger() -> None:
    gateway, _ = gateway_on(
        Reply(WORDS[:1], failure(FailureKind.STALLED, True)), Reply((), failure(FailureKind.UNAVAILABLE))
    )
    notebook = Notebook()
    with pytest.raises(ModelFailure, match="Unavailable"):
        await heard(gateway, notebook)
    assert_settled(notebook, 2)
    first, second = notebook.of(TokensUsed)
    assert first.estimated and not second.estimated  # type: ignore[attr-defined]


async def test_a_tool_call_cut_in_half_is_made_by_the_next_model() -> None:
    use = ToolUse("id", "look_up", "{}")
    gateway, _ = gateway_on(Reply(("Let me see.",), failure(FailureKind.CUT, True)), Reply((use,)))
    reply = await gateway.complete(ask(), Notebook())
    assert reply.text == "Let me see." and reply.tool_uses == (use,) and reply.model == HAIKU


async def test_a_whole_tool_call_before_a_cut_is_not_made_twice() -> None:
    use = ToolUse("id", "look_up", "{}")
    gateway, _ = gateway_on(Reply((use,), failure(FailureKind.CUT, True)), Reply((ToolUse("id2", "look_up", "{}"),)))
    reply = await gateway.complete(ask(), Notebook())
    assert [u.tool_use_id for u in reply.tool_uses] == ["id2"]


async def test_retries_stop_when_everything_fails() -> None:
    throttled = Reply((), failure(FailureKind.THROTTLED))
    gateway, model = gateway_on(throttled)
    for _ in range(30):
        with pytest.raises(ModelFailure):
            await heard(gateway, Notebook())
    assert len(model.calls) <= 30 * 2 + 10 + 30 * 0.1 + 1


async def test_an_open_breaker_is_passed_over_and_both_open_end_at_once() -> None:
    gateway, model = gateway_on(Reply(WORDS))
    trip(gateway, SONNET)
    events = await heard(gateway, Notebook())
    assert events[0] == Routed(HAIKU, "breaker:open")
    trip(gateway, HAIKU)
    with pytest.raises(ModelFailure, match="BreakerOpen"):
        await heard(gateway, Notebook())
    assert len(model.calls) == 1


def trip(gateway: Gateway, model: str) -> None:
    breaker = gateway.router.health.breaker(model)
    while breaker.allows():
        breaker.record("failed")


async def test_nothing_is_tried_again_for_a_turn_that_has_ended() -> None:
    gateway, model = gateway_on(Reply(WORDS[:1], failure(FailureKind.CUT, True)), Reply(WORDS))
    notebook = Notebook()
    notebook.ended = True
    with pytest.raises(ModelFailure):
        await heard(gateway, notebook)
    assert len(model.calls) == 1


async def test_an_answer_left_in_the_middle_is_settled_by_estimate() -> None:
    gateway, _ = gateway_on(Reply(WORDS))
    notebook = Notebook()
    async with aclosing(gateway.stream(ask(), notebook)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert_settled(notebook, 1)
    assert notebook.of(TokensUsed)[0].estimated  # type: ignore[attr-defined]


async def test_a_policy_that_allows_no_model_says_so() -> None:
    gateway, _ = gateway_on(Reply(WORDS))
    with pytest.raises(ModelUnavailable, match="policy"):
        await heard(gateway, Notebook(), policy=ModelPolicy(regions=("eu",)))
    events = await heard(gateway, Notebook(), policy=ModelPolicy(allowed=("haiku",)))
    assert events[0] == Routed(HAIKU, "policy")


async def test_nothing_private_leaves_and_the_answer_has_it_again_wherever_it_breaks() -> None:
    spoken = "Write to [EMAIL_1] today."
    for at in range(1, len(spoken)):
        said = spoken[:at]
        gateway, model = gateway_on(
            Reply((said,), failure(FailureKind.CUT, True)), Reply((spoken[len(prefill(said)) :],))
        )
        notebook = Notebook()
        notebook.redactor = Redactor(NamedWords(email="ada@example.com"), {})
        question = Message("user", (Text("Where do I write? ada@example.com?"),))
        events = await heard(gateway, notebook, messages=(question,))
        assert shown(events) == "Write to ada@example.com today."
        assert "ada@" not in str([call.messages for call in model.calls])


async def test_a_tool_acts_on_the_values_themselves() -> None:
    gateway, _ = gateway_on(Reply((ToolUse("id", "mail", '{"to": "[EMAIL_1]"}'),)))
    notebook = Notebook()
    notebook.redactor = Redactor(NamedWords(email="ada@example.com"), {})
    reply = await gateway.complete(ask(messages=(Message("user", (Text("Mail ada@example.com"),)),)), notebook)
    assert msgspec.json.decode(reply.tool_uses[0].input) == {"to": "ada@example.com"}


async def test_a_call_that_the_budget_refuses_never_leaves() -> None:
    gateway, model = gateway_on(Reply(WORDS))
    budget = gateway.budget
    assert isinstance(budget, FreeBudget)
    budget.refusal = BudgetExceeded()
    notebook = Notebook()
    with pytest.raises(BudgetExceeded):
        await heard(gateway, notebook)
    assert not model.calls and not notebook.events


async def test_a_low_budget_goes_down_a_tier() -> None:
    gateway, _ = gateway_on(Reply(WORDS))
    budget = gateway.budget
    assert isinstance(budget, FreeBudget)
    budget.state = "low"
    assert (await heard(gateway, Notebook()))[0] == Routed(HAIKU, "budget:low")
    assert not budget.open and len(budget.settled) == 1


@given(st.text(alphabet="ab \n", max_size=12), st.integers(0, 12))
def test_a_joint_makes_the_whole_text_wherever_it_was_cut(text: str, at: int) -> None:
    said, rest = text[:at], text[len(prefill(text[:at])) :]
    joint = Joint(said)
    assert said + "".join(joint.join(piece) for piece in rest) == text


def assert_settled(notebook: Notebook, calls: int) -> None:
    """Each call that was started is settled once."""
    started = [event.call_id for event in notebook.of(ModelCallStarted)]  # type: ignore[attr-defined]
    settled = [event.call_id for event in notebook.of(TokensUsed)]  # type: ignore[attr-defined]
    assert sorted(started) == sorted(settled) and len(started) == calls


async def test_a_call_costs_its_tenants_own_price_from_the_moment_that_it_leaves() -> None:
    price = Price(Decimal("2.4"), Decimal(12), Decimal("0.24"), Decimal(3), Decimal("4.8"))
    early, late = (AgreedPrice(model="sonnet", since=now() + timedelta(days=days), price=price) for days in (-1, 1))
    for prices, agreed in (((early, late), price), ((late,), None)):
        notebook = Notebook()
        await heard(gateway_on(Reply(WORDS), prices=prices)[0], notebook)
        (started,), (used,) = notebook.of(ModelCallStarted), notebook.of(TokensUsed)
        assert isinstance(started, ModelCallStarted) and isinstance(used, TokensUsed)
        assert started.agreed == used.agreed == agreed
        assert used.cost_usd == cost_of(SONNET, used.usage, agreed) != 0
        assert used.price_version == (early.version if agreed else PRICE_VERSION)
