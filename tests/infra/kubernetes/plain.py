"""The chart's manifests for those without Helm: `python -m tests.infra.kubernetes.plain` writes them for kustomize."""

from __future__ import annotations

from typing import Any

import yaml

from tests.architecture.made_docs import ROOT
from tests.infra.verifiers import from_layer, run

KUBERNETES = ROOT / "infra" / "kubernetes"
CHART = KUBERNETES / "colloquy"
PROFILES = ("small", "medium", "large")
PLAIN = KUBERNETES / "kustomize" / "colloquy.yaml"
LEAST = ("--set", "aws.bucket=colloquy-documents")
"""What everybody has to say."""
UNWATCHED = [
    part for name in ("serviceMonitor", "rules", "dashboards") for part in ("--set", f"monitoring.{name}.enabled=false")
]
"""Whoever has no Helm brings `infra/monitoring` to his Prometheus and Grafana by himself."""
HEAD = "# Made from the chart's profile `medium` by `python -m tests.infra.kubernetes.plain`.\n"


def rendered(*options: str, profile: str = "medium", name: str = "colloquy") -> list[dict[str, Any]]:
    """The chart's manifests."""
    values = ("--values", str(CHART / "profiles" / f"{profile}.yaml"), *LEAST)
    text = run(from_layer("helm"), "template", name, str(CHART), "--namespace", "colloquy", *values, *options)
    return load(text)


def load(text: str) -> list[dict[str, Any]]:
    """Manifests, by libyaml: dashboards are long."""
    return [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]  # it is safe


def plain(manifests: list[dict[str, Any]]) -> str:
    """Without what only Helm reads. The job that migrates is applied first, and deleted before the next."""
    found = []
    for manifest in manifests:
        notes = manifest["metadata"].get("annotations") or {}
        if notes.get("helm.sh/hook") == "test":
            continue
        kept = {key: value for key, value in notes.items() if not key.startswith("helm.sh/")}
        manifest["metadata"].pop("annotations", None)
        if kept:
            manifest["metadata"]["annotations"] = kept
        found.append(yaml.dump(manifest, Dumper=yaml.CSafeDumper, sort_keys=False, width=120))
    return HEAD + "---\n".join(found)


if __name__ == "__main__":
    PLAIN.write_text(plain(rendered(*UNWATCHED)))
