"""Every fact that operators count has its counter, and no tenant is a label."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY, generate_latest

from api.connections.registry import Sockets
from api.problems import TABLE
from api.telemetry import metrics
from api.telemetry.event_metrics import count, show_breakers, show_quotas
from application.gateway.health import Health
from domain.model_calls import TokensUsed
from domain.models import OF_FAMILY
from domain.session import events as e
from domain.usage import Usage
from tests.api.harness import asgi, bearer, make_services, serving
from tests.api.socket.test_handshake import open_socket

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_facts_are_counted_once() -> None:
    facts = [
        TokensUsed(call_id="c", step="s", model=MODEL, user="u", usage=Usage(7, 3), cost_usd=Decimal("0.5")),
        e.StepRun(turn_id="t", step="title", model=MODEL, reason="tier:fast"),
        e.ModelFailedOver(turn_id="t", from_model="a", to_model="b", reason="StreamCut"),
        e.CacheHit(turn_id="t", layer="semantic", age_s=1, saved_usd=Decimal("0.25")),
        e.PiiRedacted(turn_id="t", kinds={"iban": 2}),
        e.TurnFailed(turn_id="t", code="model_unavailable", message="", retryable=True),
    ]
    names = {
        ("colloquy_tokens_total", "family:haiku kind:input"): 7.0,
        ("colloquy_quota_tokens_total", "family:haiku"): 7.0 + 5 * 3.0,
        ("colloquy_cost_usd_total", "family:haiku"): 0.5,
        ("colloquy_steps_total", "step:title family:haiku reason:tier:fast"): 1.0,
        ("colloquy_failovers_total", "reason:StreamCut"): 1.0,
        ("colloquy_answer_cache_total", "outcome:semantic"): 1.0,
        ("colloquy_saved_usd_total", "layer:semantic"): 0.25,
        ("colloquy_private_values_total", "kind:iban"): 2.0,
        ("colloquy_turns_total", "status:model_unavailable"): 1.0,
    }
    labels = {key: dict(part.split(":", 1) for part in key[1].split()) for key in names}
    before = {key: value(key[0], **labels[key]) for key in names}
    count(facts)
    assert {key: value(key[0], **labels[key]) - before[key] for key in names} == names


def test_quotas_are_shown_as_they_are_set_and_what_is_none_is_refused() -> None:
    show_quotas(["sonnet=400000", "haiku=1000000"])
    assert value("colloquy_quota_tokens_per_minute", family="haiku") == 1_000_000.0
    for wrong in ("sonnet", "gpt=5", "sonnet=many"):
        with pytest.raises(ValueError, match="COLLOQUY_MODEL_QUOTAS"):
            show_quotas([wrong])


def test_an_open_breaker_shows() -> None:
    health = Health(lambda: 0.0)
    while health.breaker(MODEL).allows():
        health.breaker(MODEL).record("failed")
    health.breaker(MODEL.replace("us.", "eu."))
    show_breakers(health)
    assert value("colloquy_breaker_state", family="haiku") == 2.0


def test_what_others_name_is_no_label() -> None:
    """Tenants name models, clients name methods and close codes: as many as they like."""
    health = Health(lambda: 0.0)
    for n in range(50):
        model = f"arn:of-a-tenant-{n}"
        health.breaker(model)
        count([TokensUsed(call_id="c", step="s", model=model, user="u", usage=Usage(1, 1), cost_usd=Decimal(1))])
        count([e.StepRun(turn_id="t", step="title", model=model, reason="tier:fast")])
    show_breakers(health)
    assert "of-a-tenant" not in generate_latest().decode()
    assert value("colloquy_cost_usd_total", family="other") >= 50
    assert {close for _, close in TABLE.values()} <= metrics.CLOSES | metrics.OUR_CLOSES


@pytest.mark.real
async def test_codes_and_methods_that_clients_choose_are_no_labels(tmp_path: Path) -> None:
    services = make_services(tmp_path, sockets=Sockets(100, 100))
    async with serving(services) as (address, _):
        for code in (3000, 4000, 4321, 4999):
            async with open_socket(address, additional_headers=bearer(services)) as socket:
                await socket.close(code)
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            for method in ("PROPFIND", "REPORT", "M-SEARCH"):
                await client.request(method, "/v1/tenants")
            shown = (await client.get("/metrics")).text
    assert not {
        label for label in ("3000", "4000", "4321", "4999", "PROPFIND", "REPORT", "M-SEARCH") if f'"{label}"' in shown
    }
    assert 'colloquy_ws_closes_total{code="other"}' in shown


@pytest.mark.parametrize(
    ("settings", "peer", "headers", "status"),
    [
        ({}, "127.0.0.1", {}, 200),
        ({}, "203.0.113.5", {}, 404),
        ({}, "127.0.0.1", {"x-forwarded-for": "203.0.113.5"}, 404),
        ({"metrics_port": 9090}, "127.0.0.1", {}, 404),
    ],
    ids=["this machine", "another", "through a proxy here", "a port of their own"],
)
async def test_metrics_are_off_the_public_port(
    tmp_path: Path, settings: dict[str, int], peer: str, headers: dict[str, str], status: int
) -> None:
    transport = asgi(make_services(tmp_path, settings=settings))
    transport.client = (peer, 40000)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


def test_no_label_grows_without_end() -> None:
    """A provider names its errors, and what a fact says comes from anywhere: each label keeps few values."""
    for n in range(300):
        failed = TokensUsed(call_id="c", step="s", model=MODEL, user="u", failure=f"Strange{n}Exception")
        over = e.ModelFailedOver(turn_id="t", from_model="a", to_model="b", reason=f"Strange{n}")
        ran = e.StepRun(turn_id="t", step=f"step{n}", model=MODEL, reason=f"why{n}")
        count([failed, over, ran, e.TurnFailed(turn_id="t", code=f"code{n}", message="", retryable=True)])
    lines = generate_latest().decode().splitlines()
    for name, most in {
        "colloquy_model_calls_total": 41 * len(OF_FAMILY),
        "colloquy_failovers_total": 41,
        "colloquy_turns_total": 44,
    }.items():
        assert 40 < sum(line.startswith(name) for line in lines) <= most, name
    assert sum(line.startswith("colloquy_steps_total") for line in lines) < 400
