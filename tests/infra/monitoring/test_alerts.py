"""Each alert fires on its cause and is quiet without it, names metrics that exist, and has a page on what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import yaml

from tests.architecture.made_docs import DOCS, ROOT, all_metrics
from tests.infra.verifiers import promtool, run

MONITORING = ROOT / "infra" / "monitoring"
ALERTS = MONITORING / "alerts.yaml"
FOREIGN = {"up", "process_open_fds", "process_max_fds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
"""Prometheus' own, and its client library's."""
NAME = re.compile(r"\b(?:colloquy|process|python|up)(?:_\w+)?\b(?!:)")
TURNS = "colloquy_turns_total"
CALLS = "colloquy_model_calls_total"


class Case(NamedTuple):
    """What makes an alert fire: series, a value a minute as promtool writes them; by when; and its labels then."""

    series: dict[str, str]
    at: str
    labels: Mapping[str, str] = MappingProxyType({})


HEALTHY = {
    f'{TURNS}{{status="completed"}}': "0+600x300",
    f'{TURNS}{{status="internal"}}': "0x300",
    f'{TURNS}{{status="cancelled"}}': "0+5x300",
    'colloquy_first_token_seconds_bucket{family="sonnet",le="5.0"}': "0+600x300",
    'colloquy_first_token_seconds_count{family="sonnet"}': "0+600x300",
    'colloquy_breaker_state{family="sonnet"}': "0x300",
    f'{CALLS}{{family="sonnet",outcome="settled"}}': "0+900x300",
    f'{CALLS}{{family="sonnet",outcome="estimated"}}': "0+1x300",
    f'{CALLS}{{family="sonnet",outcome="AccessDeniedException"}}': "0x300",
    'colloquy_quota_tokens_total{family="sonnet"}': "0+100000x300",
    'colloquy_quota_tokens_per_minute{family="sonnet"}': "400000x300",
    'colloquy_replication_slots{state="idle"}': "0x300",
    "colloquy_replication_behind_bytes": "4096x300",
    "colloquy_reconciled_left_usd": "0x300",
    "colloquy_reconciled_unexplained_calls": "0x300",
    "colloquy_reconciled_age_seconds": "3600x300",
    'colloquy_refusals_total{code="budget_exceeded"}': "0x300",
    'colloquy_projection_lag_seconds{projection="costs"}': "2x300",
    'colloquy_projection_blocked{projection="costs"}': "0x300",
    'colloquy_projection_parked_events{projection="costs"}': "0x300",
    'colloquy_audit_logs{state="not verified"}': "0x300",
    "colloquy_audit_anchor_age_seconds": "40x300",
    'colloquy_audit_anchor_age_seconds{component="project"}': "0x300",  # a process that shows it and never sets it
    'colloquy_relay_halted{lane="0"}': "0x300",
    'colloquy_relay_lag_events{lane="0"}': "10x300",
    'colloquy_loop_down{component="api",loop="relay",instance="a"}': "0x300",
    'colloquy_loop_down{component="api",loop="gauges",instance="a"}': "0x300",
    'up{job="colloquy"}': "1x300",
    "colloquy_turns_running": "20x300",
    "colloquy_turns_most": "600x300",
    'colloquy_event_loop_stalled_seconds_total{instance="a"}': "0x300",
    'colloquy_pool_timeouts_total{login="app"}': "0x300",
    'colloquy_append_seconds_bucket{le="0.01"}': "0+100x300",
    'colloquy_append_seconds_bucket{le="+Inf"}': "0+100x300",
    'process_open_fds{instance="a"}': "100x300",
    'process_max_fds{instance="a"}': "1024x300",
    'colloquy_tenant_mismatch_total{kind="foreign"}': "0x300",
    'colloquy_database_login_refused_total{part="app"}': "0x300",
    "colloquy_unauthorized_total": "0+10x300",
    "colloquy_token_keys_made_timestamp_seconds": "0x300",
}
BAD = f'{TURNS}{{status="model_unavailable"}}'
CASES = {
    "ColloquyTurnsFailFast": Case({BAD: "0x60 0+60x120"}, "1h40m", {"severity": "page"}),
    "ColloquyTurnsFailSlowly": Case({BAD: "0+6x300"}, "50m", {"severity": "page"}),
    "ColloquyTurnsFailSteadily": Case({BAD: "0+1x300"}, "4h"),
    "ColloquyFirstTokenLate": Case(
        {'colloquy_first_token_seconds_bucket{family="sonnet",le="5.0"}': "0+500x60"}, "30m"
    ),
    "ColloquyBreakerOpen": Case({'colloquy_breaker_state{family="sonnet"}': "0x5 2x30"}, "10m", {"family": "sonnet"}),
    "ColloquyModelRefusesUs": Case(
        {f'{CALLS}{{family="sonnet",outcome="AccessDeniedException"}}': "0x5 1x30"},
        "7m",
        {"family": "sonnet", "outcome": "AccessDeniedException"},
    ),
    "ColloquyModelThrottles": Case(
        {f'{CALLS}{{family="haiku",outcome="ThrottlingException"}}': "0+5x60",
         f'{CALLS}{{family="haiku",outcome="settled"}}': "0+45x60"}, "30m", {"family": "haiku"},
    ),
    "ColloquyQuotaShort": Case(
        {'colloquy_quota_tokens_total{family="sonnet"}': "0+350000x60"}, "20m", {"family": "sonnet"}
    ),
    "ColloquyReplicationBehind": Case({"colloquy_replication_behind_bytes": "2e10x60"}, "50m"),
    "ColloquyLedgerDrifts": Case({f'{CALLS}{{family="sonnet",outcome="estimated"}}': "0+50x200"}, "2h"),
    "ColloquyLedgerDiffers": Case({"colloquy_reconciled_unexplained_calls": "0x5 3x60"}, "20m"),
    "ColloquyNotReconciled": Case({"colloquy_reconciled_age_seconds": "200000x60"}, "20m"),
    "ColloquyBudgetsRefuse": Case({'colloquy_refusals_total{code="budget_exceeded"}': "0+5x100"}, "1h"),
    "ColloquyAuditNotVerified": Case({'colloquy_audit_logs{state="not verified"}': "0x5 1x30"}, "7m"),
    "ColloquyAuditNotAnchored": Case({"colloquy_audit_anchor_age_seconds": "0+60x60"}, "40m"),
    "ColloquyProjectionLate": Case(
        {'colloquy_projection_lag_seconds{projection="costs"}': "0+60x30"}, "12m", {"projection": "costs"}
    ),
    "ColloquyProjectionBlocked": Case(
        {'colloquy_projection_blocked{projection="audit"}': "1x30"}, "5m", {"projection": "audit"}
    ),
    "ColloquySessionsParked": Case(
        {'colloquy_projection_parked_events{projection="session_view"}': "1x30"}, "10m", {"projection": "session_view"}
    ),
    "ColloquyRelayHalted": Case({'colloquy_relay_halted{lane="0"}': "0x2 1x30"}, "4m", {"lane": "0"}),
    "ColloquyRelayLate": Case({'colloquy_relay_lag_events{lane="0"}': "0+500x30"}, "12m", {"lane": "0"}),
    "ColloquyJobSilent": Case(
        {'colloquy_loop_down{component="api",loop="relay",instance="a"}': "1x30",
         'colloquy_loop_down{component="api",loop="relay",instance="b"}': "1x30"}, "5m", {"loop": "relay"},
    ),
    "ColloquyLoopDown": Case(
        {'colloquy_loop_down{component="api",loop="gauges",instance="a"}': "1x30"},
        "15m",
        {"component": "api", "loop": "gauges"},
    ),
    "ColloquyProcessAway": Case({'up{job="colloquy"}': "0x30"}, "5m", {"job": "colloquy"}),
    "ColloquyTurnsFull": Case({"colloquy_turns_running": "590x30"}, "10m"),
    "ColloquyLoopStalls": Case(
        {'colloquy_event_loop_stalled_seconds_total{instance="a"}': "0+3x60"}, "30m", {"instance": "a"}
    ),
    "ColloquyPoolTimeouts": Case({'colloquy_pool_timeouts_total{login="app"}': "0x3 2x30"}, "5m", {"login": "app"}),
    "ColloquyAppendsSlow": Case(
        {'colloquy_append_seconds_bucket{le="1.0"}': "0+90x60", 'colloquy_append_seconds_bucket{le="5.0"}': "0+100x60",
         'colloquy_append_seconds_bucket{le="0.01"}': "0+50x60"}, "30m",
    ),
    "ColloquyFilesRunOut": Case({'process_open_fds{instance="a"}': "1000x30"}, "10m", {"instance": "a"}),
    "ColloquyTenantMismatch": Case(
        {'colloquy_tenant_mismatch_total{kind="foreign"}': "0x3 1x30"}, "5m", {"kind": "foreign"}
    ),
    "ColloquyLoginUnsafe": Case(
        {'colloquy_database_login_refused_total{part="app"}': "0x3 1x30"}, "5m", {"part": "app"}
    ),
    "ColloquyCredentialsRefused": Case({"colloquy_unauthorized_total": "0+600x60"}, "30m"),
    "ColloquyKeysOld": Case({"colloquy_token_keys_made_timestamp_seconds": "-8000000x100"}, "70m"),
}  # fmt: skip


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


@cache
def known_names() -> set[str]:
    """What Prometheus may see of our metrics."""
    found = set(FOREIGN)
    for metric in all_metrics():
        parts = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        found |= {metric.name + part for part in parts}
    return found


def named_in(expression: str) -> set[str]:
    """The metrics of an expression; not those in strings, nor the rules' own (`colloquy:...`)."""
    return set(NAME.findall(re.sub(r'"[^"]*"', "", re.sub(r"colloquy:\w+(:\w+)*", "", expression))))


def test_each_metric_that_is_named_exists_and_each_alert_has_its_page_and_its_trial() -> None:
    unknown = {rule.get("alert", rule.get("record")): named_in(rule["expr"]) - known_names() for rule in rules()}
    assert not {name: metrics for name, metrics in unknown.items() if metrics}
    assert named_in('x{a="colloquy_y"} + colloquy_gone_total') == {"colloquy_gone_total"}
    found = alerts()
    assert found.keys() == CASES.keys()
    for name, rule in found.items():
        assert rule["labels"]["severity"] in ("page", "ticket")
        page = DOCS / "runbooks" / f"{rule['annotations']['runbook']}.md"
        assert name in page.read_text(), f"{page} does not say what to do about {name}"


@pytest.mark.real
def test_each_fires_on_its_cause_and_none_when_all_is_well(tmp_path: Path) -> None:
    tests = [trial_of(HEALTHY, {firing(name, at): 0 for name in CASES for at in ("15m", "4h")})]
    for name, case in CASES.items():
        labels = {**case.labels, "severity": alerts()[name]["labels"]["severity"]}
        tests.append(trial_of(HEALTHY | case.series, {firing(name, case.at, labels): 1}))
    trial = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "trial.yaml").write_text(json.dumps(trial))
    tool = promtool()
    assert "SUCCESS" in run(tool, "check", "rules", str(ALERTS))
    assert "SUCCESS" in run(tool, "test", "rules", str(tmp_path / "trial.yaml"))


def firing(name: str, at: str, labels: Mapping[str, str] = MappingProxyType({})) -> tuple[str, str]:
    """When it is asked, and what: how many alerts of a name and these labels fire."""
    wanted = {"alertname": name, "alertstate": "firing", **labels}
    matchers = ",".join(f'{label}="{value}"' for label, value in wanted.items())
    return at, f"count(ALERTS{{{matchers}}}) or vector(0)"


def trial_of(series: Mapping[str, str], expected: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """A test as promtool reads it."""
    return {
        "interval": "1m",
        "input_series": [{"series": key, "values": value} for key, value in series.items()],
        "promql_expr_test": [
            {"expr": asked, "eval_time": at, "exp_samples": [{"labels": "{}", "value": number}]}
            for (at, asked), number in expected.items()
        ],
    }
