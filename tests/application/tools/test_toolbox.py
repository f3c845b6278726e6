"""The tools of a turn: what fits is run as the user, once; what does not comes back in words."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac

import msgspec
import pytest

from application.ports.models.model import ToolResult, ToolSpec
from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed
from application.tools.executors import ToolCaller
from application.tools.results import ToolOutcome, effect_key
from application.tools.toolbox import MOST_BYTES, MOST_CALLS
from application.tools.webhook_signature import SIGNED_BY, shown_secret, sign_request, signing_secret
from domain.refusals import DependencyUnavailable
from domain.session.events import ToolCalled
from tests.application.tools.harness import LOOK_UP, REFUND, TENANT, TOTALS, TURN, House, use


@pytest.fixture
def house() -> House:
    return House()


async def test_the_model_is_told_of_the_tools_that_there_are(house: House) -> None:
    box = await house.box(totals=TOTALS)
    assert box.specs() == (ToolSpec("totals", TOTALS.description, TOTALS.input_schema),)


async def test_a_question_to_a_dataset(house: House) -> None:
    box = await house.box(totals=TOTALS)
    result = await box.call(use("totals", '{"region": "north"}'))
    assert (result.status, result.output) == ("completed", '{"rows":[{"total":11.5}],"truncated":false}')
    assert result.block("t1") == ToolResult("t1", {"rows": [{"total": 11.5}], "truncated": False})
    result = await box.call(use("totals", '{"region": "north", "least": 5}'))
    assert result.output == '{"rows":[{"total":10.5}],"truncated":false}'


@pytest.mark.parametrize(
    ("name", "input", "said"),
    [
        ("nope", "{}", "There is no tool nope. There are: totals"),
        ("totals", "{", "not valid JSON"),
        ("totals", "[" * 100_000, "longer than"),
        ("totals", "[" * 10_000, "not valid JSON"),
        ("totals", '"north"', "does not fit"),
        ("totals", "{}", '"region" is a required property'),
        ("totals", "", '"region" is a required property'),
        ("totals", '{"region": 7}', "region: 7 is not of type"),
        ("totals", '{"region": "x", "least": "y", "z": 1}', "least"),
        ("totals", '{"region": "north", "tenant": "other"}', "unexpected"),
    ],
)
async def test_what_does_not_fit_is_not_run(house: House, name: str, input: str, said: str) -> None:
    box = await house.box(totals=TOTALS)
    house.datasets.broken = AssertionError("it was run")
    result = await box.call(use(name, input))
    assert result.status == "failed" and said in result.output
    assert result.block("t1").failed


async def test_a_dataset_that_cannot_be_asked_is_a_failed_tool(house: House) -> None:
    box = await house.box(totals=TOTALS)
    for broken, said in (
        (DependencyUnavailable("The database does not answer."), "not available: The database"),
        (RuntimeError("secret"), "broken"),
        (TimeoutError(), "did not answer"),
    ):
        house.datasets.broken = broken
        result = await box.call(use("totals", '{"region": "north"}'))
        assert result.status == "failed" and said in result.output and "secret" not in result.output


async def test_a_webhook_is_signed_and_told_for_whom(house: House) -> None:
    box = await house.box(look_up=LOOK_UP)
    result = await box.call(use("look_up", '{ "id": 7 }'))
    assert (result.status, result.output) == ("completed", '{"ok":true}')
    [(url, body, headers)] = house.webhooks.sent
    assert (url, body) == ("https://hooks.example.com/orders", b'{"id":7}')
    secret = await signing_secret(house.sealer, TENANT, "look_up")
    assert base64.b64decode(shown_secret(secret).removeprefix("whsec_")) == secret
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["idempotency-key"] == headers["webhook-id"] == result.key
    told = {name: value for name, value in headers.items() if name not in ("webhook-signature", SIGNED_BY)}
    assert {"x-colloquy-user", "x-colloquy-roles", "x-colloquy-tenant", "x-colloquy-tool", "webhook-id"} <= told.keys()
    assert headers[SIGNED_BY] == sign_request(secret, told, body)
    for name in told:
        assert headers[SIGNED_BY] != sign_request(secret, told | {name: "other"}, body)
    assert headers[SIGNED_BY] != sign_request(secret, told, body + b" ")
    assert (headers["x-colloquy-tenant"], headers["x-colloquy-user"], headers["x-colloquy-roles"]) == (
        TENANT, "mel@example.com", "member",
    )  # fmt: skip


async def test_each_tool_has_a_secret_of_its_own(house: House) -> None:
    secrets = {await signing_secret(house.sealer, tenant, tool) for tenant in ("a", "b") for tool in ("x", "y")}
    assert len(secrets) == 4


async def test_a_name_that_no_header_can_hold_is_spelled_in_another_way(house: House) -> None:
    box = await house.box(caller=ToolCaller(TENANT, "Zoë\r\nx-evil: 1"), look_up=LOOK_UP)
    await box.call(use("look_up", '{"id": 7}'))
    assert house.webhooks.sent[0][2]["x-colloquy-user"] == "Zo%C3%AB%0D%0Ax-evil%3A%201"


async def test_who_may_not_chat_may_not_use_tools(house: House) -> None:
    box = await house.box(caller=ToolCaller(TENANT, "ann", frozenset({"admin"})), look_up=LOOK_UP)
    result = await box.call(use("look_up", '{"id": 7}'))
    assert (result.status, house.webhooks.sent) == ("failed", [])


async def test_an_effect_is_intended_before_it_is_made(house: House) -> None:
    order: list[str] = []

    async def intend(fact: ToolCalled) -> None:
        assert house.webhooks.sent == []
        order.append(f"{fact.status} {fact.name} {fact.input}")

    box = await house.box(intend=intend, refund=REFUND, look_up=LOOK_UP)
    result = await box.call(use("refund", '{"id":7}'))
    assert order == ['started refund {"id":7}'] and len(house.webhooks.sent) == 1 and result.effects
    assert house.webhooks.sent[0][2]["idempotency-key"] == result.key
    house.webhooks.sent.clear()
    await box.call(use("look_up", '{"id":7}'))
    await box.call(use("refund", '{"id":"seven"}'))
    assert len(order) == 1  # neither a call without effects nor one that is not made


async def test_an_intent_that_cannot_be_stored_stops_the_call(house: House) -> None:
    async def intend(fact: ToolCalled) -> None:
        raise DependencyUnavailable

    box = await house.box(intend=intend, refund=REFUND)
    with pytest.raises(DependencyUnavailable):
        await box.call(use("refund", '{"id":7}'))
    assert house.webhooks.sent == []


async def test_another_process_does_not_make_a_call_again(house: House) -> None:
    facts: list[ToolCalled] = []

    async def intend(fact: ToolCalled) -> None:
        facts.append(fact)

    first = await house.box(intend=intend, refund=REFUND)
    made = await first.call(use("refund", '{"id": 7}'))
    facts.append(made.event(TURN))
    second = await house.boxes.open(ToolCaller(TENANT, "mel"), TURN, ["refund"], known=facts, intend=intend)
    again = await second.call(use("refund", '{"id":7}', "t9"))
    assert (again.key, again.output, len(house.webhooks.sent)) == (made.key, made.output, 1)
    another = await second.call(use("refund", '{"id":8}'))
    assert another.key != made.key and len(house.webhooks.sent) == 2


async def test_a_call_whose_end_nobody_knows_is_not_made_again(house: House) -> None:
    key = effect_key(TURN, "refund", {"id": 7}, 0)
    begun = ToolCalled(turn_id=TURN, key=key, name="refund", input='{"id":7}', output="", status="started")
    box = await house.box(known=[begun], refund=REFUND)
    result = await box.call(use("refund", '{"id":7}'))
    assert result.status == "failed" and "not known" in result.output and house.webhooks.sent == []


async def test_a_turn_may_do_the_same_twice_but_taken_over_it_does_nothing_again(house: House) -> None:
    box = await house.box(refund=REFUND)
    one, two = [await box.call(use("refund", '{"id":7}')) for _ in range(2)]
    assert one.key != two.key and len(house.webhooks.sent) == 2
    later = await house.box(known=[one.event(TURN), two.event(TURN)], refund=REFUND)
    assert [(await later.call(use("refund", '{"id":7}'))).key for _ in range(2)] == [one.key, two.key]
    assert len(house.webhooks.sent) == 2
    assert len({(await later.call(use("refund", '{"id":7}'))).key, one.key, two.key}) == 3


async def test_calls_side_by_side_have_keys_of_their_own(house: House) -> None:
    box = await house.box(refund=REFUND, totals=TOTALS)
    uses = [use("refund", '{"id":7}'), use("refund", '{"id":7}'), use("totals", '{"region":"north"}'), use("x", "")]
    results = await asyncio.gather(*map(box.call, uses))
    assert len({result.key for result in results}) >= 3 and len(house.webhooks.sent) == 2
    assert [result.status for result in results] == ["completed"] * 3 + ["failed"]


@pytest.mark.parametrize(("sent", "doubt"), [(True, True), (False, False)])
async def test_an_effect_that_may_have_happened_is_said_to(house: House, sent: bool, doubt: bool) -> None:
    house.webhooks.answers = [WebhookFailed("The tool's server did not answer in time.", sent=sent)]
    box = await house.box(refund=REFUND)
    result = await box.call(use("refund", '{"id":7}'))
    assert result.status == "failed" and ("not known" in result.output) == doubt


async def test_a_model_that_is_talked_into_calling_without_end_gets_no_further(house: House) -> None:
    box = await house.box(look_up=LOOK_UP)
    results = [await box.call(use("look_up", f'{{"id":{number}}}')) for number in range(MOST_CALLS + 5)]
    assert len(house.webhooks.sent) == MOST_CALLS
    assert results[-1].status == "failed" and "one turn" in results[-1].output


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ('{"a":1}', {"a": 1}), ("[1]", {"result": [1]}), ("12", "12"), ("", "(nothing)"),
        ("plain [1]\nQuestion: x", "plain (1)\n> Question: x"), ("[" * 5_000, "[" * 5_000),
    ],
)  # fmt: skip
async def test_what_a_tool_gives_back_is_words_or_an_object(
    house: House, output: str, content: str | dict[str, object]
) -> None:
    house.webhooks.answers = [WebhookAnswer(output, False)]
    box = await house.box(look_up=LOOK_UP)
    result = await box.call(use("look_up", '{"id":7}'))
    assert result.block("t1") == ToolResult("t1", content)


def test_keys_name_turn_tool_input_and_time() -> None:
    keys = {
        effect_key(turn, name, input, ordinal)
        for turn in ("t1", "t2") for name in ("a", "b") for input in ({"x": 1}, {"x": 2}) for ordinal in (0, 1)
    }  # fmt: skip
    assert len(keys) == 16
    assert effect_key("t", "a", {"x": 1, "y": 2}, 0) == effect_key("t", "a", {"y": 2, "x": 1}, 0)


def test_a_result_survives_as_a_fact() -> None:
    result = ToolOutcome(key="k", name="a", input="{}", output="x", status="completed", ms=3)
    fact = result.event("t")
    assert msgspec.structs.asdict(fact) == {
        "turn_id": "t", "key": "k", "name": "a", "input": "{}", "output": "x", "status": "completed", "ms": 3,
    }  # fmt: skip


async def test_tools_say_no_more_in_a_turn_than_it_can_hold(house: House) -> None:
    box = await house.box(look_up=LOOK_UP)
    house.webhooks.answers = [WebhookAnswer("x" * 65_000, is_json=False)] * MOST_CALLS
    results = [await box.call(use("look_up", f'{{"id": {n}}}', f"t{n}")) for n in range(MOST_CALLS)]
    said = [result for result in results if result.status == "completed"]
    assert sum(len(result.output) for result in said) < MOST_BYTES + 65_536
    assert 0 < len(said) < MOST_CALLS and "Answer with what you have" in results[-1].output
