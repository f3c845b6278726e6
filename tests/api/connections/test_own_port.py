"""Each job has a port for its health and metrics: it says how things are, and is gone with the job."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from api.connections.own_port import OwnPort, own_port
from api.readiness import Away, Readiness
from api.settings import Settings


async def test_it_answers_three_paths_and_tells_down_by_its_status() -> None:
    away = False

    async def database() -> None:
        if away:
            raise Away("no answer")

    readiness = Readiness({"postgres": (True, database)}, lambda: {"relay_0": "PipeAhead"})
    transport = httpx.ASGITransport(OwnPort(readiness.report))
    async with httpx.AsyncClient(transport=transport, base_url="http://job") as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        report = (await client.get("/health/ready")).json()
        assert report["status"] == "degraded" and "PipeAhead" in report["parts"]["relay_0"]["detail"]
        assert "colloquy_relay_halted" in (await client.get("/metrics")).text
        assert (await client.get("/console/chat")).status_code == 404
        assert (await client.post("/health/live")).status_code == 404
    away = True
    fresh = httpx.ASGITransport(OwnPort(Readiness({"postgres": (True, database)}, dict).report))
    async with httpx.AsyncClient(transport=fresh, base_url="http://job") as client:
        assert (await client.get("/health/ready")).status_code == 503


@pytest.mark.real
async def test_any_port_is_told_to_prometheus_and_closed_at_the_end(tmp_path: Path) -> None:
    settings = Settings(metrics_targets=str(tmp_path / "metrics"))
    async with own_port(settings, "relay", Readiness({}, dict).report):
        (told,) = (tmp_path / "metrics").glob("*.json")
        ((target,),) = (entry["targets"] for entry in json.loads(told.read_text()))
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{target}/health/ready")).json()["status"] == "ready"
            assert "colloquy_loop_down" in (await client.get(f"http://{target}/metrics")).text
        with pytest.raises(OSError, match="cannot listen"):
            async with own_port(
                Settings(metrics_port=int(target.rpartition(":")[2])), "relay", Readiness({}, dict).report
            ):
                pass
    assert not list((tmp_path / "metrics").iterdir())
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{target}/health/live")
