"""The chart makes what a cluster takes, runs each job with no more than it needs, and refuses values that are wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.main import COMMANDS
from api.settings import PREFIX, Settings
from projections.bi_views import VIEWS
from tests.infra.kubernetes.plain import CHART, KUBERNETES, LEAST, PLAIN, PROFILES, UNWATCHED, load, plain, rendered
from tests.infra.verifiers import from_layer, installed, run

VERSION = "1.33"
FOREIGN = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""Of operators, whose schemas are not Kubernetes' own."""
EVERYTHING = (
    "--set", "ingress.enabled=true", "--set", "ingress.host=chat.example.com",
    "--set", "ingress.trustedProxies={10.0.0.0/16}",
    "--set", "ingress.kind=alb", "--set", "ingress.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/1",
    "--set", "keys.rotation.enabled=true", "--set", "secrets.databaseDirect=true", "--set", "network.podIdentity=true",
    "--set", "aws.roles.serve=arn:aws:iam::123456789012:role/serve", "--set", "settings.COLLOQUY_LOG_LEVEL=info",
    "--set", "image.pullSecrets={registry}", "--set", "priorityClassName=high", "--set", "podAnnotations.a=b",
    "--set", "reconcile.enabled=true", "--set", "reconcile.logs=s3://colloquy-invocations/AWSLogs",
    "--set", "secrets.natsByJob=true", "--set", "monitoring.rules.runbooks=https://example.com/runbooks",
)  # fmt: skip
REFUSED = {
    "aws.bucket=": "aws.bucket",
    "aws.bucket=Has_Capitals": "bucket",
    "image.tag=latest": "tag",
    "serve.replicas=0": "replicas",
    "serve.replica=3": "replica",
    "serve.drainSeconds=forever": "drainSeconds",
    "settings.COLLOQUY_DATABASE_URL=postgres://x": "COLLOQUY_DATABASE_URL",
    "settings.AWS_SECRET_ACCESS_KEY=x": "AWS_SECRET_ACCESS_KEY",
    "settings.PATH=/bin": "PATH",
    "project.readModels={costs,cost}": "readModels",
    "ingress.enabled=true,ingress.host=chat.example.com": "trustedProxies",
    "ingress.kind=traefik": "kind",
    "network.database.port=0": "port",
    "aws.roles.serve=serve": "serve",
    "aws.roles.reconcile=x": "reconcile",
    "reconcile.enabled=true": "reconcile.logs",
    "reconcile.logs=/var/log": "logs",
    "reconcile.days=0": "days",
    "reconcile.schedule=daily": "schedule",
    "serve.autoscaling.keda.enabled=true,serve.autoscaling.keda.prometheus=http://p": "either",
}


def containers(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each pod's name, its spec and its container."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        pod = spec if manifest["kind"] == "Pod" else spec.get("template", {}).get("spec")
        for container in (pod or {}).get("containers", ()):
            yield manifest["metadata"]["name"], pod, container


def test_what_the_chart_names_is_there() -> None:
    """Settings and commands are renamed in one place; here a chart would go on with the old name."""
    text = "\n".join(
        path.read_text() for path in CHART.rglob("*") if path.suffix in (".yaml", ".tpl") and path.is_file()
    )
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+[A-Z])\b", text.replace("COLLOQUY_DATABASE_%s_URL", "")))
    assert named and named <= {name.upper() for name in Settings.__struct_fields__}
    assert {"serve", "relay", "project", "ingest", "migrate", "token", "reconcile"} <= COMMANDS.keys()
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema["properties"].keys() - {"global"} == yaml.safe_load((CHART / "values.yaml").read_text()).keys()
    assert VIEWS  # what the dashboard of costs asks


@pytest.mark.real
def test_each_profile_is_what_a_cluster_takes(tmp_path: Path) -> None:
    helm, native = from_layer("helm"), []
    for profile in PROFILES:
        values = ("--values", str(CHART / "profiles" / f"{profile}.yaml"), *LEAST)
        assert "0 chart(s) failed" in run(helm, "lint", "--strict", str(CHART), *values)
        for options in ((), EVERYTHING):
            manifests = rendered(*options, profile=profile)
            _check_pods(manifests)
            _check_network(manifests)
            native += [one for one in manifests if one["kind"] not in FOREIGN and not _is_long(one)]
    (tmp_path / "all.yaml").write_text(yaml.dump_all(native, Dumper=yaml.CSafeDumper))
    run(installed("kubernetes-validate"), "--strict", "-k", VERSION, str(tmp_path / "all.yaml"))


def _is_long(manifest: dict[str, Any]) -> bool:
    """Texts of dashboards take longer to read than all else together; their map is like any other."""
    return bool(manifest["metadata"]["name"].endswith("-dashboards"))


def _check_pods(manifests: list[dict[str, Any]]) -> None:
    pods = list(containers(manifests))
    assert {container["args"][0] for _, _, container in pods if "args" in container} <= COMMANDS.keys()
    for name, pod, container in pods:
        security = pod["securityContext"] | container["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] == 10001 and security["readOnlyRootFilesystem"], name
        assert security["capabilities"] == {"drop": ["ALL"]} and not security["allowPrivilegeEscalation"], name
        assert (
            security["seccompProfile"] == {"type": "RuntimeDefault"} and container["resources"]["limits"]["memory"]
        ), name
        secrets = {one["valueFrom"]["secretKeyRef"]["key"] for one in container.get("env", ()) if "valueFrom" in one}
        users = [key.removeprefix("nats-") for key in secrets if key.startswith("nats-")]
        assert all(f"-{user}" in name for user in users), "each job is its own user of NATS"
        assert "owner" not in secrets or name.endswith("-migrate"), "only migrate is the database's owner"
        assert not name.endswith("-reconcile") or {one["name"] for one in pod["volumes"]} == {"data", "tmp"}, "no keys"
        assert "worker" not in secrets or not name.endswith("-serve"), "who answers people sees one tenant at a time"
    serve = next(pod for name, pod, _ in pods if name.endswith("-serve"))
    (container,) = serve["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert serve["terminationGracePeriodSeconds"] >= pause + int(str(environment["COLLOQUY_DRAIN_S"])) + 10


def _check_network(manifests: list[dict[str, Any]]) -> None:
    """Each job has its own way out and no other: whoever has no policy may reach everything. `helm test` asks once."""
    policies = {one["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]: one["spec"]
                for one in manifests if one["kind"] == "NetworkPolicy"}  # fmt: skip
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            job = template["metadata"]["labels"]["app.kubernetes.io/component"]
            assert policies[job]["policyTypes"] == ["Ingress", "Egress"], job
    ports = {
        job: {port["port"] for way in policy["egress"] for port in way["ports"]} for job, policy in policies.items()
    }
    assert ports.get("rotate", {53, 443}) == {53, 443}
    assert ports.get("reconcile", {53, 443, 5432}) - {80} == {53, 443, 5432}, "neither NATS nor Valkey"
    assert not any(policies[job]["ingress"] for job in policies.keys() & {"migrate", "reconcile", "rotate"})


@pytest.mark.real
def test_values_that_are_wrong_are_refused() -> None:
    helm = from_layer("helm")
    for wrong, word in REFUSED.items():
        said = run(helm, "template", "x", str(CHART), *LEAST, "--set", wrong, refused=True)
        assert word in said, f"{wrong}: {said}"


@pytest.mark.real
def test_those_without_helm_have_the_same_by_kustomize() -> None:
    assert PLAIN.read_text() == plain(rendered(*UNWATCHED)), "make it so with `python -m tests.infra.kubernetes.plain`"
    built = run(from_layer("kubectl"), "kustomize", str(KUBERNETES / "kustomize"))
    assert sorted(one["kind"] for one in load(built)) == sorted(one["kind"] for one in load(PLAIN.read_text()))
    assert all(manifest["metadata"].get("namespace") == "colloquy" for manifest in load(built))
