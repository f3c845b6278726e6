"""The stand-in fills any schema that a client asks for: what it says fits, and is the same for the same words."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import jsonschema_rs
import pytest

from infra.local.bedrock.output import compose
from infra.local.bedrock.schema_fill import fill, fits
from infra.local.bedrock.tool_input import given_by

TEXT = 'Anna Berg (anna@tea.example) bought 12 tins of "Earl Grey" for 31.50 on 2026-03-04, order AB-1234.'


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


ITEM = of(title={"type": "string"}, count={"type": "integer", "exclusiveMinimum": 0})
NODE = of(
    name={"type": "string"},
    left={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    more={"type": "array", "items": {"$ref": "#/$defs/node"}},
)
SCHEMAS: list[dict[str, Any]] = [
    of(name={"type": "string"}, age={"type": "integer"}, tags={"type": "array", "items": {"type": "string"}}),
    of(kind={"enum": ["tea", "coffee"]}, state={"const": 7}, nothing={"type": "null"}, yes={"type": "boolean"}),
    of(price={"type": ["number", "null"], "minimum": 2, "maximum": 3}, five={"type": "integer", "multipleOf": 5}),
    of(low={"type": "number", "exclusiveMinimum": 50}, high={"type": "number", "exclusiveMaximum": -2}),
    of(few={"type": "integer", "maximum": -3}, odd={"type": "number", "multipleOf": 0.5, "minimum": 100.2}),
    of(
        day={"type": "string", "format": "date"},
        at={"type": "string", "format": "date-time"},
        mail={"type": "string", "format": "email"},
        page={"type": "string", "format": "uri"},
        id={"type": "string", "format": "uuid"},
        time={"type": "string", "format": "time"},
        host={"type": "string", "format": "ipv4"},
        six={"type": "string", "format": "ipv6"},
    ),
    of(
        order={"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
        code={"type": "string", "pattern": "^x\\d{3}[^a]$"},
        phone={"type": "string", "pattern": r"^\+?[1-9]\d{6,14}$"},
        long={"type": "string", "minLength": 300},
        short={"type": "string", "maxLength": 4},
        both={"type": "string", "pattern": "[a-c]+", "minLength": 9},
    ),
    of(
        items={"type": "array", "items": ITEM, "minItems": 3},
        pair={"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    ),
    of(
        distinct={"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
        numbers={"type": "array", "items": {"type": "integer", "maximum": 99}, "uniqueItems": True, "minItems": 4},
        words={"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 4},
        has={"type": "array", "contains": {"const": "here"}},
        none={"type": "array", "maxItems": 0},
    ),
    {
        "$defs": {"item": ITEM},
        **of(one={"$ref": "#/$defs/item"}, two={"anyOf": [{"$ref": "#/$defs/item"}, {"type": "null"}]}),
    },
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    {"allOf": [of(a={"type": "string"}) | {"additionalProperties": True}, {"required": ["b"]}], "type": "object"},
    {"oneOf": [of(kind={"const": "cat"}, lives={"type": "integer", "maximum": 9}), of(kind={"const": "dog"})]},
    {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    {
        "type": "object",
        "patternProperties": {"^x_[a-z]+$": {"type": "boolean"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    {
        "type": "object",
        "properties": {"a/b": {"type": "integer"}, "c": {"$ref": "#/properties/a~1b"}},
        "required": ["c"],
    },
    {
        "type": "object",
        "properties": {"card": {"type": "string"}, "address": {"type": "string"}},
        "required": ["card"],
        "dependentRequired": {"card": ["address"]},
    },
    {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 2}, "minItems": 2},
    {"enum": [1, "two", None]},
    {"type": "string"},
    {"type": "integer"},
    {"type": "boolean"},
    {},
]


def test_whatever_schema_is_asked_for_is_filled() -> None:
    for schema in SCHEMAS:
        for text in (TEXT, "", "hello"):
            for value in (fill(schema, text), fill(schema, text, only_required=True), given_by(schema, text)):
                wrong = [
                    error.message
                    for error in jsonschema_rs.validator_for(schema, validate_formats=True).iter_errors(value)
                ]
                assert not wrong, (schema, value)
            assert fill(schema, text) == fill(schema, text)
    assert not fits({"type": "integer"}, "x")


def test_schemas_of_types_are_filled() -> None:
    pydantic = pytest.importorskip("pydantic", reason="comes with OpenAI's client, which the tests try")

    class Line(pydantic.BaseModel):  # type: ignore[misc,name-defined]
        what: str = pydantic.Field(description="what was bought")
        count: int = pydantic.Field(ge=1, le=20)

    class Order(pydantic.BaseModel):  # type: ignore[misc,name-defined]
        number: str = pydantic.Field(pattern=r"^[A-Z]{2}-\d+$")
        day: date
        at: datetime | None
        lines: list[Line]
        by_name: dict[str, Line]

    order = Order.model_validate(fill(Order.model_json_schema(), TEXT))
    assert (order.number, order.day, order.lines[0].count) == ("AB-1234", date(2026, 3, 4), 12)


def said(*texts: str, system: str = "") -> str:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": text} for text in texts]}]}
    return compose(body | ({"system": [{"text": system}]} if system else {})).text


def test_a_client_gets_the_form_that_its_program_asks_for() -> None:
    schema = of(city={"type": "string"}, days={"type": "integer"})
    asked = f"What follows is wanted:\n\nIt fits this JSON schema:\n{json.dumps(schema)}\n\n"
    assert json.loads(said(asked, "Three nights in the city Oslo, 3 days.")) == {"city": "Oslo", "days": 3}
    passages = ("Passages:\n\n", "[1] Returns\nCoffee is taken back within 30 days.\n\n", "Question: ")
    found = json.loads(said(asked, *passages, "How many days is coffee taken back?"))
    assert found["days"] == 30 and "[1]" not in found["city"]
    anything = "Answer with one JSON value and nothing else, no marks such as [1]. It is an object.\n\n"
    assert json.loads(said(anything, *passages, "When is coffee taken back?")) == {
        "answer": "Coffee is taken back within 30 days."
    }
    assert said("What is a JSON object?").startswith("You asked")
    assert said("Why does it say 'JSON schema: { here'?").startswith("You asked")
