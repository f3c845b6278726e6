"""The rules of a tenant: given what happened, when something is asked, then facts or a refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.event import Event
from domain.refusals import InvalidField, NotFound
from domain.tenant import rules
from domain.tenant.assistant import Assistant
from domain.tenant.commands import CreateTenant, PutAssistant
from domain.tenant.definitions import check_assistant
from domain.tenant.events import AssistantPut, BudgetWarned, TenantCreated
from domain.tenant.state import Tenant, evolve

CREATED = TenantCreated(name="Acme")
FORMAL = Assistant(instructions="Be formal.")
PUT = AssistantPut(name="clerk", assistant=FORMAL, version=1)


def given(*events: Event) -> Tenant:
    tenant = Tenant()
    for event in events:
        tenant = evolve(tenant, event)
    return tenant


def test_a_tenant_is_created_once() -> None:
    command = CreateTenant(name="Acme")
    assert rules.create_tenant(given(), command) == [CREATED]
    assert rules.create_tenant(given(CREATED), command) == []


def test_every_tenant_has_an_assistant_to_begin_with() -> None:
    assert given(CREATED).assistants == {"default": Assistant()}


def test_tenants_do_not_share_their_assistants() -> None:
    given(CREATED, AssistantPut(name="default", assistant=FORMAL, version=1))
    assert given(CREATED).assistants == {"default": Assistant()}


def test_an_assistant_is_defined_whole_and_counted() -> None:
    command = PutAssistant(name="clerk", assistant=FORMAL)
    assert rules.put_assistant(given(CREATED), command) == [PUT]
    changed = PutAssistant(name="clerk", assistant=Assistant(documents=False))
    assert rules.put_assistant(given(CREATED, PUT), changed) == [
        AssistantPut(name="clerk", assistant=Assistant(documents=False), version=2)
    ]


def test_a_definition_that_is_in_force_changes_nothing() -> None:
    assert rules.put_assistant(given(CREATED, PUT), PutAssistant(name="clerk", assistant=FORMAL)) == []
    assert rules.put_assistant(given(CREATED), PutAssistant(name="default", assistant=Assistant())) == []


def test_an_absent_tenant_has_no_assistants() -> None:
    with pytest.raises(NotFound):
        rules.put_assistant(given(), PutAssistant(name="clerk", assistant=FORMAL))


def test_a_tenant_has_so_many_definitions_and_no_more() -> None:
    tenant = given(CREATED)
    for number in range(rules.MOST_DEFINITIONS - 1):  # and `default`
        tenant = evolve(tenant, AssistantPut(name=f"a{number}", assistant=FORMAL, version=1))
    with pytest.raises(InvalidField):
        rules.put_assistant(tenant, PutAssistant(name="one-more", assistant=FORMAL))
    changed = Assistant(instructions="Be brief.")
    assert rules.put_assistant(tenant, PutAssistant(name="a0", assistant=changed))


def test_warnings_of_earlier_periods_are_let_go() -> None:
    limit = Decimal(1)
    warned = [
        BudgetWarned(period=f"2026-11-{day:02}", limit_usd=limit, used_usd=limit, user=f"u{n}")
        for day in range(1, 29)
        for n in range(100)
    ]
    assert given(CREATED, *warned).warned == {("2026-11-28", f"u{n}") for n in range(100)}


def test_what_is_confidential_is_for_somebody_named() -> None:
    check_assistant("board", Assistant(confidential=True, groups=("directors",)))
    with pytest.raises(InvalidField, match="confidential"):
        check_assistant("board", Assistant(confidential=True))
