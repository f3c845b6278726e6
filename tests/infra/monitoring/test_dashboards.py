"""Dashboards are what their code says, ask only for what exists, and are laid out so that Grafana can show them."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from infra.monitoring.dashboards import ALL, FOLDER, WIDTH, Dashboard, rendered, text_of
from projections.bi_views import VIEWS
from tests.infra.monitoring.test_alerts import ALERTS, known_names, named_in, rules
from tests.infra.verifiers import installed, promtool, run

UNITS = {"s", "short", "bytes", "reqps", "percentunit", "currencyUSD"}


def asked(dashboard: Dashboard) -> dict[str, str]:
    return {
        f"{panel.title}: {legend}": query.replace("$__rate_interval", "5m")
        for panels in dashboard.rows.values()
        for panel in panels
        for legend, query in panel.asked.items()
    }


@pytest.mark.parametrize("dashboard", ALL, ids=lambda one: one.uid)
def test_a_dashboard_is_what_its_code_says_and_asks_for_what_exists(dashboard: Dashboard) -> None:
    """Make them so with `python -m infra.monitoring.dashboards`."""
    assert (FOLDER / f"{dashboard.uid}.json").read_text() == text_of(dashboard)
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for title, query in asked(dashboard).items():
        if dashboard.source == "prometheus":
            assert named_in(query) <= known_names(), title
            assert set(re.findall(r"colloquy:[\w:]+", query)) <= recorded, title
        else:
            views = "\n".join(VIEWS.values())
            assert set(re.findall(r"bi\.\w+", query)) <= {f"bi.{name}" for name in VIEWS}, title
            words = set(re.findall(r"\b[a-z_]+_(?:usd|tokens)\b", query))
            assert all(word in views for word in words), title


@pytest.mark.parametrize("dashboard", ALL, ids=lambda one: one.uid)
def test_a_dashboard_can_be_shown(dashboard: Dashboard) -> None:
    shown = rendered(dashboard)
    panels = shown["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = sorted((panel["gridPos"]["y"], panel["gridPos"]["x"], panel["gridPos"]["w"]) for panel in panels)
    assert all(x + width <= WIDTH for _, x, width in places)
    assert all(a[0] != b[0] or a[1] + a[2] <= b[1] for a, b in pairwise(places)), "none lies on another"
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}" and panel["fieldConfig"]["defaults"]["unit"] in UNITS
            assert [target["refId"] for target in panel["targets"]] == [
                chr(65 + n) for n in range(len(panel["targets"]))
            ]
    assert json.loads(text_of(dashboard)) == shown


@pytest.mark.real
def test_prometheus_understands_each_question(tmp_path: Path) -> None:
    questions = [query for one in ALL if one.source == "prometheus" for query in asked(one).values()]
    trial = [{"record": f"trial:{number}", "expr": query} for number, query in enumerate(questions)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "trial", "rules": trial}]}))
    assert f"{len(questions)} rules found" in run(promtool(), "check", "rules", str(tmp_path / "rules.yaml"))
    assert "SUCCESS" in run(promtool(), "check", "rules", str(ALERTS))


@pytest.mark.real
def test_grafana_has_a_place_for_every_field(tmp_path: Path) -> None:
    """By the types that Grafana makes from its own schema."""
    python, reader = installed("python"), Path(__file__).with_name("grafana_reads.py")
    assert run(python, str(reader), *(str(FOLDER / f"{one.uid}.json") for one in ALL)) == ""
    wrong = rendered(ALL[0])
    panel = next(panel for panel in wrong["panels"] if panel["type"] != "row")
    panel["fieldconfig"] = panel.pop("fieldConfig")
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    assert "/fieldconfig" in run(python, str(reader), str(tmp_path / "wrong.json"))
