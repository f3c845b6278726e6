"""Grafana's dashboards as code: `python -m infra.monitoring.dashboards` writes their JSON, which a test compares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

FOLDER = Path(__file__).parent / "grafana"
SCHEMA_VERSION = 39
"""Of the classic JSON, as Grafana 11 reads it; later ones migrate it by themselves."""
WIDTH, HEIGHT = 24, 8
QUANTILES = (0.5, 0.95, 0.99)
READ, ALL_INPUT = '{kind="cache_read"}', '{kind=~"input|cache_.*"}'


class Panel(NamedTuple):
    """One panel: a title, what it asks (legend to query), its unit, and how wide it is of 24."""

    title: str
    asked: dict[str, str]
    unit: str = "short"
    width: int = 8
    kind: Literal["timeseries", "stat", "table"] = "timeseries"
    stacked: bool = False


class Dashboard(NamedTuple):
    """One dashboard, of one kind of source, in rows."""

    uid: str
    title: str
    source: Literal["prometheus", "postgres"]
    rows: dict[str, list[Panel]]


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How much a second, summed over replicas."""
    return f"sum{_by(by)} (rate({metric}{where}[$__rate_interval]))"


def quantiles(histogram: str, by: str = "", where: str = "") -> dict[str, str]:
    """Half, nineteen in twenty and all but one in a hundred of what a histogram counted."""
    inner = f"sum{_by(f'le, {by}' if by else 'le')} (rate({histogram}_bucket{where}[$__rate_interval]))"
    legend = f" {{{{{by}}}}}" if by else ""
    return {f"{q:.0%}{legend}": f"histogram_quantile({q}, {inner})" for q in QUANTILES}


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


SERVICE = Dashboard("colloquy-service", "Colloquy: service", "prometheus", {
    "What users see": [
        Panel("Turns that fail (objective: 0.1 %)",
              {"5 minutes": "colloquy:turn_errors:ratio_rate5m", "6 hours": "colloquy:turn_errors:ratio_rate6h"}, "percentunit"),
        Panel("Turns by how they end", {"{{status}}": rate("colloquy_turns_total", "status")}, "reqps", stacked=True),
        Panel("First token", quantiles("colloquy_first_token_seconds", where='{family!="cache"}'), "s"),
        Panel("A whole turn", quantiles("colloquy_turn_duration_seconds", where='{status="completed"}'), "s"),
        Panel("Characters a second", {"{{status}}": rate("colloquy_answer_characters_total", "status")}, "short"),
        Panel("Refusals by code", {"{{code}}": rate("colloquy_refusals_total", "code")}, "reqps"),
    ],
    "What runs": [
        Panel("Turns that run", {"running": "sum(colloquy_turns_running)", "most": "sum(colloquy_turns_most)"}),
        Panel("Sockets", {"{{instance}}": "colloquy_ws_connections"}, stacked=True),
        Panel("Sockets that end, by code", {"{{code}}": rate("colloquy_ws_closes_total", "code")}, "reqps"),
        Panel("Requests", {"{{status}}": rate("colloquy_http_requests_total", "status")}, "reqps", stacked=True),
        Panel("Slowest routes (95 %)", {"{{route}}": (
            "topk(10, histogram_quantile(0.95, sum by (le, route) "
            "(rate(colloquy_http_request_duration_seconds_bucket[$__rate_interval]))))")}, "s"),
        Panel("Refused before or in mid-request", {"{{limit}}": rate("colloquy_connections_ended_total", "limit"),
              "unauthorized": rate("colloquy_unauthorized_total")}, "reqps"),
    ],
    "What it stands on": [
        Panel("Transactions of appends", quantiles("colloquy_append_seconds"), "s"),
        Panel("Appends that wait", {"{{instance}}": "colloquy_appends_waiting"}),
        Panel("Waits for connections", {"{{login}}": rate("colloquy_pool_wait_seconds_total", "login"),
              "in vain, {{login}}": rate("colloquy_pool_timeouts_total", "login")}, "s"),
        Panel("Connections", {"{{login}} {{state}}": "sum by (login, state) (colloquy_pool_connections)",
              "{{login}} wait": "sum by (login) (colloquy_pool_waiting)"}),
        Panel("Event loops that stand still", {"{{instance}}": rate("colloquy_event_loop_stalled_seconds_total", "instance")},
              "percentunit"),
        Panel("Loops that are down", {"{{component}} {{loop}}": "max by (component, loop) (colloquy_loop_down) > 0"}),
        Panel("CPU", {"{{instance}}": rate("process_cpu_seconds_total", "instance")}),
        Panel("Memory", {"{{instance}}": "process_resident_memory_bytes"}, "bytes"),
        Panel("Open files", {"{{instance}}": "process_open_fds"}),
        Panel("Kept for whoever follows the database", {"behind": "max(colloquy_replication_behind_bytes)"}, "bytes"),
        Panel("Standbys and archives", {"{{state}}": "max by (state) (colloquy_replication_slots)"}, kind="stat"),
        Panel("Sessions in memory", {"{{instance}}": "colloquy_sessions_held"}),
        Panel("Their size", {"{{instance}}": "colloquy_sessions_bytes"}, "bytes"),
        Panel("Tasks that ended unasked", {"{{task}}": rate("colloquy_task_ended_total", "task")}, "reqps"),
    ],
})  # fmt: skip

GATEWAY = Dashboard("colloquy-gateway", "Colloquy: models", "prometheus", {
    "Calls": [
        Panel("Calls by what became of them",
              {"{{family}} {{outcome}}": rate("colloquy_model_calls_total", "family, outcome") + " > 0"}, "reqps", stacked=True),
        Panel("First token of calls", quantiles("colloquy_model_first_token_seconds", "family"), "s"),
        Panel("Breakers (0 closed, 1 half open, 2 open)", {"{{family}}": "max by (family) (colloquy_breaker_state)"}),
        Panel("Failovers by reason", {"{{reason}}": rate("colloquy_failovers_total", "reason")}, "reqps"),
        Panel("Throttled calls", {"{{family}}": rate("colloquy_model_calls_total", "family", '{outcome=~"Throttl.*"}')}, "reqps"),
        Panel("Share of the account's quota", {"{{family}}": "colloquy:quota_used:ratio_rate5m"}, "percentunit"),
        Panel("Steps", {"{{step}} {{family}}": rate("colloquy_steps_total", "step, family")}, "reqps", stacked=True),
    ],
    "Tokens and money": [
        Panel("US dollars an hour", {"{{family}}": f"3600 * {rate('colloquy_cost_usd_total', 'family')}"}, "currencyUSD"),
        Panel("Tokens", {"{{family}} {{kind}}": rate("colloquy_tokens_total", "family, kind")}, stacked=True),
        Panel("Input that the prompt cache had", {"{{family}}": (
            f"{rate('colloquy_tokens_total', 'family', READ)} / {rate('colloquy_tokens_total', 'family', ALL_INPUT)}")}, "percentunit"),
    ],
    "Caches, tools, private values": [
        Panel("Answer caches", {"{{outcome}}": rate("colloquy_answer_cache_total", "outcome")}, "reqps", stacked=True),
        Panel("Saved, US dollars an hour", {"{{layer}}": f"3600 * {rate('colloquy_saved_usd_total', 'layer')}"}, "currencyUSD"),
        Panel("Tools", {"{{status}}": rate("colloquy_tool_calls_total", "status")}, "reqps"),
        Panel("Private values kept from models", {"{{kind}}": rate("colloquy_private_values_total", "kind")}, "reqps"),
        Panel("Texts whose names were left to rules", {"texts": rate("colloquy_names_away_total")}, "reqps"),
    ],
})  # fmt: skip

PROJECTIONS = Dashboard("colloquy-projections", "Colloquy: what follows from facts", "prometheus", {
    "How far behind": [
        Panel("Seconds", {"{{projection}}": "max by (projection) (colloquy_projection_lag_seconds)"}, "s"),
        Panel("Facts", {"{{projection}}": "max by (projection) (colloquy_projection_lag_events)"}),
        Panel("Relay: facts not yet in the pipe", {"lane {{lane}}": "max by (lane) (colloquy_relay_lag_events)"}),
        Panel("Sessions put aside", {"{{projection}}": "max by (projection) (colloquy_projection_parked_events)"}, kind="stat"),
        Panel("Blocked", {"{{projection}}": "max by (projection) (colloquy_projection_blocked)"}, kind="stat"),
        Panel("Relay halted", {"lane {{lane}}": "max by (lane) (colloquy_relay_halted)"}, kind="stat"),
    ],
    "How fast": [
        Panel("Facts relayed", {"lane {{lane}}": rate("colloquy_relay_published_events_total", "lane")}, "reqps"),
        Panel("Facts projected", {"{{projection}}": rate("colloquy_projection_events_total", "projection")}, "reqps"),
        Panel("A batch (95 %)", {"{{projection}}": (
            "histogram_quantile(0.95, sum by (le, projection) (rate(colloquy_projection_batch_seconds_bucket[$__rate_interval])))")}, "s"),
    ],
    "Audit": [
        Panel("Logs by their last check", {"{{state}}": "max by (state) (colloquy_audit_logs)"}, kind="stat"),
        Panel("Not anchored since", {"age": "max(colloquy_audit_anchor_age_seconds)"}, "s"),
        Panel("Heads anchored", {"anchors": "max(colloquy_audit_anchors)"}, kind="stat"),
        Panel("Oldest check", {"age": "max(colloquy_audit_check_age_seconds)"}, "s"),
    ],
    "Jobs": [
        Panel("Jobs that nobody does", {"{{loop}}": 'min by (loop) (colloquy_loop_down{loop=~"relay|project|ingest"})'}, kind="stat"),
        Panel("CPU", {"{{component}}": rate("process_cpu_seconds_total", "component")}),
        Panel("Memory", {"{{component}} {{instance}}": "process_resident_memory_bytes"}, "bytes"),
    ],
})  # fmt: skip

COSTS = Dashboard("colloquy-costs", "Colloquy: a tenant's costs", "postgres", {
    "Money": [
        Panel("Spent", {"spent": "SELECT sum(cost_usd) AS spent FROM bi.cost_hours WHERE $__timeFilter(hour)"}, "currencyUSD", 6, "stat"),
        Panel("Saved by caches", {"saved": "SELECT sum(saved_usd) AS saved FROM bi.cost_hours WHERE $__timeFilter(hour)"},
              "currencyUSD", 6, "stat"),
        Panel("By model", {"model": (
            "SELECT hour AS time, model AS metric, sum(cost_usd) AS usd FROM bi.cost_hours "
            "WHERE $__timeFilter(hour) GROUP BY 1, 2 ORDER BY 1")}, "currencyUSD", 12, stacked=True),
        Panel("By step", {"step": (
            "SELECT hour AS time, step AS metric, sum(cost_usd) AS usd FROM bi.cost_hours "
            "WHERE $__timeFilter(hour) AND step <> '' GROUP BY 1, 2 ORDER BY 1")}, "currencyUSD", 12, stacked=True),
        Panel("Tokens", {"tokens": (
            "SELECT hour AS time, sum(input_tokens) AS input, sum(output_tokens) AS output, "
            "sum(cache_read_tokens) AS cache_read, sum(cache_write_tokens) AS cache_write FROM bi.cost_hours "
            "WHERE $__timeFilter(hour) GROUP BY 1 ORDER BY 1")}, "short", 12, stacked=True),
    ],
    "Who and what": [
        Panel("Dearest users", {"users": (
            'SELECT "user", sum(n) AS calls, sum(cost_usd) AS usd FROM bi.cost_hours '
            "WHERE $__timeFilter(hour) GROUP BY 1 ORDER BY 3 DESC LIMIT 20")}, "currencyUSD", 12, "table"),
        Panel("Dearest calls", {"calls": (
            'SELECT at, "user", step, model, input_tokens, output_tokens, cost_usd, estimated, failure FROM bi.costs '
            "WHERE $__timeFilter(at) ORDER BY cost_usd DESC LIMIT 50")}, "currencyUSD", 12, "table"),
    ],
})  # fmt: skip

ALL = (SERVICE, GATEWAY, PROJECTIONS, COSTS)


def rendered(dashboard: Dashboard) -> dict[str, Any]:
    """As Grafana reads it. The source is a variable: whoever imports it chooses his own."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["colloquy"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h" if dashboard.source == "prometheus" else "now-30d", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": dashboard.source, "label": "Source"}]},
        "annotations": {"list": []},
        "panels": list(_panels(dashboard)),
    }  # fmt: skip


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in dashboard.rows.items():
        number, x = number + 1, 0
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        y += 1
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + HEIGHT
            number += 1
            place = {"h": HEIGHT, "w": panel.width, "x": x, "y": y}
            yield {"id": number, "gridPos": place, **_panel(panel, dashboard.source)}
            x += panel.width
        y += HEIGHT


def _panel(panel: Panel, source: str) -> dict[str, Any]:
    datasource = {"type": source, "uid": "${datasource}"}
    custom = {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20} if panel.stacked else {}
    targets = [
        {"refId": chr(ord("A") + number), "datasource": datasource, **_target(panel, legend, query, source)}
        for number, (legend, query) in enumerate(panel.asked.items())
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "datasource": datasource,
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if panel.kind == "timeseries" else {},
        "targets": targets,
    }


def _target(panel: Panel, legend: str, query: str, source: str) -> dict[str, Any]:
    if source == "prometheus":
        return {"expr": query, "legendFormat": legend}
    form = "time_series" if panel.kind == "timeseries" else "table"
    return {"rawSql": query, "rawQuery": True, "format": form}


def text_of(dashboard: Dashboard) -> str:
    """Its file."""
    return json.dumps(rendered(dashboard), indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in ALL:
        (FOLDER / f"{one.uid}.json").write_text(text_of(one))
