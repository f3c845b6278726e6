"""Machines that a tenant lets in by an identity of their own: what is known of each, and what can happen to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from domain.event import Event, topic
from domain.refusals import InvalidField, NotFound

SERVICE = "service:"
"""How the name begins that a machine acts under; nobody else's may."""
SERVICE_ROLES = frozenset({"member", "editor", "analyst", "auditor"})
"""What a machine may be. An admin is a person: a machine that could make machines would never be got rid of."""
MAX_ACCOUNTS, MAX_KEYS = 100, 5


class ServiceKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a machine: its beginning and a hash (SHA-256) of all of it. It is good until `ends_at`, where another
    has followed it."""

    key_id: str
    prefix: str
    hash: bytes
    made_at: datetime
    ends_at: datetime | None = None


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A machine: what an admin calls it, whom it acts as (a pseudonym) and in which roles."""

    name: str
    user: str
    roles: tuple[str, ...]
    created_at: datetime
    keys: tuple[ServiceKey, ...] = ()


@topic("service_account.created.1", private=True)
class ServiceAccountCreated(Event, frozen=True, kw_only=True):
    """A machine may be let in, by a first key. Sealed, for its name is the admin's own words."""

    account_id: str
    account: ServiceAccount


@topic("service_account.rotated.1", private=True)
class ServiceAccountRotated(Event, frozen=True, kw_only=True):
    """A machine has another key; those before it end at `others_end_at`, if they do not sooner."""

    account_id: str
    key: ServiceKey
    others_end_at: datetime


@topic("service_account.removed.1")
class ServiceAccountRemoved(Event, frozen=True, kw_only=True):
    """No key of that machine opens anything any more."""

    account_id: str


Accounts = dict[str, ServiceAccount]


def create(accounts: Accounts, created: ServiceAccountCreated) -> list[Event]:
    """InvalidField when it may not be so, or there is no room for one more."""
    roles = {*created.account.roles}
    if not roles or roles - SERVICE_ROLES:
        raise InvalidField(f"roles: one or more of {', '.join(sorted(SERVICE_ROLES))}")
    if any(one.name == created.account.name for one in accounts.values()):
        raise InvalidField("name: there is a service account of this name; choose another, or rotate its key")
    if len(accounts) >= MAX_ACCOUNTS:
        raise InvalidField(f"A tenant has {MAX_ACCOUNTS} service accounts at most; delete one first.")
    return [created]


def rotate(accounts: Accounts, rotated: ServiceAccountRotated) -> list[Event]:
    """NotFound; InvalidField while too many of its keys are good."""
    account = accounts.get(rotated.account_id)
    if account is None:
        raise NotFound
    if len(good_keys(account, rotated.key.made_at)) >= MAX_KEYS:
        raise InvalidField(f"A service account has {MAX_KEYS} keys at most; wait until one ends, or take less overlap.")
    return [rotated]


def remove(accounts: Accounts, account_id: str) -> list[Event]:
    """Once; then there is none."""
    if account_id not in accounts:
        raise NotFound
    return [ServiceAccountRemoved(account_id=account_id)]


def with_created(accounts: Accounts, event: ServiceAccountCreated) -> Accounts:
    """One more."""
    return accounts | {event.account_id: event.account}


def with_rotated(accounts: Accounts, event: ServiceAccountRotated) -> Accounts:
    """Another key; those that ended before it are forgotten."""
    account = accounts[event.account_id]
    others = (
        msgspec.structs.replace(key, ends_at=min(key.ends_at or event.others_end_at, event.others_end_at))
        for key in good_keys(account, event.key.made_at)
    )
    return accounts | {event.account_id: msgspec.structs.replace(account, keys=(*others, event.key))}


def good_keys(account: ServiceAccount, at: datetime) -> list[ServiceKey]:
    """Those that open something then."""
    return [key for key in account.keys if key.ends_at is None or at < key.ends_at]


def all_good_keys(accounts: Accounts, at: datetime) -> Iterator[tuple[ServiceAccount, ServiceKey]]:
    """Of all machines."""
    return ((account, key) for account in accounts.values() for key in good_keys(account, at))
