"""Python values to DynamoDB's typed ones and back, and the update expressions that set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from application.ports.sessions.session_items import Value

Typed = dict[str, Any]


def typed(value: Value) -> Typed:
    """A value as DynamoDB takes it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"B": value} if isinstance(value, bytes) else {"S": value}


def plain(value: Typed) -> Value:
    """The way back."""
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    found: Value = bytes(content) if kind == "B" else content
    return found


class Update:
    """An update expression in the making. Every name is aliased, for a name may be a reserved word or hold a colon."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Typed] = {}
        self._set: list[str] = []
        self._add: list[str] = []

    def name(self, attribute: str) -> str:
        """The alias of an attribute."""
        alias = f"#n{len(self.names)}"
        self.names[alias] = attribute
        return alias

    def value(self, value: Value) -> str:
        """The alias of a value."""
        alias = f":v{len(self.values)}"
        self.values[alias] = typed(value)
        return alias

    def set(self, attributes: Mapping[str, Value]) -> Update:
        """Set attributes."""
        self._set += [f"{self.name(name)} = {self.value(value)}" for name, value in attributes.items()]
        return self

    def set_once(self, attributes: Mapping[str, Value]) -> Update:
        """Set attributes that are not there yet."""
        for name, value in attributes.items():
            alias = self.name(name)
            self._set.append(f"{alias} = if_not_exists({alias}, {self.value(value)})")
        return self

    def add(self, attribute: str, number: int) -> Update:
        """Add to a number, which begins at 0."""
        self._add.append(f"{self.name(attribute)} {self.value(number)}")
        return self

    def request(self, table: str, key: Mapping[str, Typed]) -> dict[str, Any]:
        """The arguments of UpdateItem, without a condition."""
        expression = "SET " + ", ".join(self._set) if self._set else ""
        if self._add:
            expression += " ADD " + ", ".join(self._add)
        return {
            "TableName": table,
            "Key": dict(key),
            "UpdateExpression": expression.strip(),
            "ExpressionAttributeNames": self.names,
            "ExpressionAttributeValues": self.values,
        }
