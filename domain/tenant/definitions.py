"""What a definition of an assistant may say."""

from __future__ import annotations

import re

from domain.access import ROLES
from domain.models import names_model
from domain.refusals import InvalidCharacter, InvalidField
from domain.tenant.assistant import PII_DEFAULTS, Assistant
from domain.tenant.document_collections import DocumentCollection

PII_ACTIONS = frozenset({"placeholder", "mask", "block", "allow"})
MAX_INSTRUCTIONS = 20_000
MAX_NAMES = 64
MAX_GROUP = 200
MAX_DESCRIPTION = 2_000
MAX_USERS = 1_000
MEMBERS_ROLES = frozenset(ROLES) - {"operator"}
MAX_TTL_S = 366 * 86_400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:\*\.)?(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}")
_REGION = re.compile(r"[A-Za-z0-9-]{1,32}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_-]{0,199}")


def check_assistant(name: str, assistant: Assistant) -> None:
    """InvalidField (or InvalidCharacter) names the first field that cannot be."""
    _named("name", name)
    if "\0" in assistant.instructions:
        raise InvalidCharacter
    if len(assistant.instructions) > MAX_INSTRUCTIONS:
        raise InvalidField(f"instructions: at most {MAX_INSTRUCTIONS} characters")
    _check_plan(assistant.plan)
    for field, model in (("models.fast", assistant.models.fast), ("models.balanced", assistant.models.balanced)):
        if model and not names_model(model):
            raise InvalidField(f"{field}: no model that is known here by its id or its inference profile's")
    for field, ids, form in (
        ("models.allowed", assistant.models.allowed, _MODEL),
        ("models.regions", assistant.models.regions, _REGION),
    ):
        if len(ids) > MAX_NAMES or not all(form.fullmatch(one) for one in ids):
            raise InvalidField(f"{field}: at most {MAX_NAMES} ids")
    _names("tools", assistant.tools)
    if not 0 <= assistant.cache.at_least <= 1:
        raise InvalidField("cache.threshold: between 0 and 1")
    if not 0 <= assistant.cache.ttl_s <= MAX_TTL_S:
        raise InvalidField("cache.ttl_s: not negative, and at most a year")
    _names("collections", assistant.collections)
    _hosts(assistant.links)
    _audience(assistant)
    if assistant.confidential and not (assistant.roles or assistant.groups):
        raise InvalidField("confidential: name the roles or groups that it is for")
    for kind, action in assistant.pii.items():
        if kind not in PII_DEFAULTS or action not in PII_ACTIONS:
            raise InvalidField(f"pii: kinds are {', '.join(PII_DEFAULTS)}; actions {', '.join(sorted(PII_ACTIONS))}")


def check_collection(name: str, collection: DocumentCollection) -> None:
    """InvalidField (or InvalidCharacter) names the first field that cannot be."""
    _named("name", name)
    if "\0" in collection.description:
        raise InvalidCharacter
    if len(collection.description) > MAX_DESCRIPTION:
        raise InvalidField(f"description: at most {MAX_DESCRIPTION} characters")
    _audience(collection)
    if len(collection.users) > MAX_USERS:
        raise InvalidField(f"users: at most {MAX_USERS}")


def _check_plan(plan: str | tuple[str, ...]) -> None:
    """Its form alone: which plans and steps there are is the application's matter."""
    if isinstance(plan, str):
        return
    if not plan:
        raise InvalidField("plan: a list of steps is not empty")
    _names("plan", plan)


def _names(field: str, names: tuple[str, ...]) -> None:
    if len(names) > MAX_NAMES or len(set(names)) != len(names):
        raise InvalidField(f"{field}: at most {MAX_NAMES} names, each once")
    for name in names:
        _named(field, name)


def _hosts(hosts: tuple[str, ...]) -> None:
    if len(hosts) > MAX_NAMES or not all(_HOST.fullmatch(host) for host in hosts):
        raise InvalidField(f"links: at most {MAX_NAMES} host names in lower case, such as docs.example.com")


def _audience(definition: Assistant | DocumentCollection) -> None:
    if not set(definition.roles) <= MEMBERS_ROLES:
        raise InvalidField(f"roles: of {', '.join(sorted(MEMBERS_ROLES))}")
    groups = definition.groups
    if len(groups) > MAX_NAMES or not all(1 <= len(one) <= MAX_GROUP and one.isprintable() for one in groups):
        raise InvalidField(f"groups: at most {MAX_NAMES}, of 1 to {MAX_GROUP} printable characters")


def _named(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidField(f"{field}: 1 to 64 letters, digits, dots, dashes and underscores")
