"""The Bedrock stand-in and tools: it calls those that a question is for, with what it says, and then answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.bedrock.output import compose
from infra.local.bedrock.tool_input import tool_input
from infra.local.bedrock.validation import complaint


def tool(name: str, description: str, *required: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


TEXT, WHOLE, AMOUNT = {"type": "string"}, {"type": "integer"}, {"type": "number"}
TOOLS = [
    tool("order_totals", "The total of all orders of a sales region.", "region", region=TEXT),
    tool("find_order", "Finds one order and where it is.", "order_id", order_id=TEXT),
    tool("refund_payment", "Pays a customer's money back.", "order", "amount", order=WHOLE, amount=AMOUNT),
    tool("get_weather", "The weather in a city.", "city", city=TEXT, days=WHOLE),
]


def request(*messages: dict[str, Any], tools: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    body = {"messages": list(messages), "toolConfig": {"tools": TOOLS if tools is None else tools}}
    assert complaint(body) is None
    return body


def asked(question: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": question}]}


def called(output: Any) -> tuple[str, dict[str, Any]]:
    assert output.stop_reason == "tool_use" and output.tool is not None
    name, _, given = output.tool
    return name, json.loads(given)


def answered(output: Any, content: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """What a program says after a tool was asked for: the model's own message, and the result."""
    result = {"toolUseId": output.tool[1], "content": [content], **more}
    return [output.message(), {"role": "user", "content": [{"toolResult": result}]}]


@pytest.mark.parametrize(
    ("question", "name", "input"),
    [
        ("What is the total for the north region?", "order_totals", {"region": "north"}),
        ("How high are the order totals in the region south-west?", "order_totals", {"region": "south-west"}),
        ('Totals of the orders in "Upper Bavaria"?', "order_totals", {"region": "Upper Bavaria"}),
        ("Where is order A-1017?", "find_order", {"order_id": "A-1017"}),
        ("Please find order id 7781 for me", "find_order", {"order_id": "7781"}),
        ("Refund the payment of 12.50 for order 7", "refund_payment", None),
        ("What is the weather in Oslo?", "get_weather", {"city": "Oslo"}),
        ("What will the weather in New York be over the next 3 days?", "get_weather", {"city": "New York", "days": 3}),
    ],
)
def test_a_question_for_a_tool(question: str, name: str, input: dict[str, Any] | None) -> None:
    found = called(compose(request(asked(question))))
    assert found[0] == name and (input is None or found[1] == input)


@pytest.mark.parametrize("question", ["Hello!", "Who won the chess olympiad?", "What do you think of Kant?"])
def test_a_question_for_no_tool(question: str) -> None:
    assert compose(request(asked(question))).stop_reason == "end_turn"


def test_parameters_are_found_by_their_names() -> None:
    schema = {
        "type": "object",
        "properties": {"from": TEXT, "to": TEXT, "region": TEXT, "query": TEXT, "status": {"enum": ["open", "paid"]}},
        "required": ["from", "to", "region", "query", "status"],
    }
    question = "Which orders of the north region were paid between 2026-01-01 and 2026-02-01?"
    assert tool_input(schema, question) == {
        "from": "2026-01-01", "to": "2026-02-01", "region": "north", "query": question, "status": "paid",
    }  # fmt: skip


def test_rows_are_what_the_answer_says() -> None:
    question = asked("What is the total for the north region?")
    first = compose(request(question))
    rows = {"rows": [{"region": "north", "total": 11.5}, {"region": "south", "total": 20}], "truncated": True}
    whole = compose(request(question, *answered(first, {"json": rows})))
    assert whole.text == "Here is what I found: region: north, total: 11.5; region: south, total: 20; and more."
    none = compose(request(question, *answered(first, {"json": {"rows": [], "truncated": False}})))
    assert none.text == "Here is what I found: nothing."


def test_a_failed_tool_is_said_to_have_failed() -> None:
    question = asked("Find order id 7781, 3 times")
    first = compose(request(question))
    last = compose(request(question, *answered(first, {"text": "It is broken."}, status="error")))
    assert (last.stop_reason, last.text) == ("end_turn", "The tool could not do this: It is broken.")


@pytest.mark.parametrize(("said", "ordered", "rounds"), [("", 0, 1), (" Do it 3 times.", 0, 3), ("", 5, 5)])
def test_as_many_rounds_as_are_wanted(said: str, ordered: int, rounds: int) -> None:
    messages = [asked("Find order id 7781." + said)]
    ids = []
    for _ in range(rounds):
        output = compose(request(*messages), tool_rounds=ordered)
        assert called(output) == ("find_order", {"order_id": "7781"})
        assert output.tool is not None
        ids.append(output.tool[1])
        messages += answered(output, {"json": {"at": "sea"}})
    assert compose(request(*messages), tool_rounds=ordered).text == "Here is what I found: at: sea."
    assert len(set(ids)) == rounds
    messages += [{"role": "assistant", "content": [{"text": "It is at sea."}]}, asked("And order id 12?")]
    assert called(compose(request(*messages), tool_rounds=ordered))[1] == {"order_id": "12"}
