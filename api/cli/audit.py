"""`colloquy audit ...`: the logs of tenants checked whole, and taken out so that they verify elsewhere."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from api.cli.main import with_data_dir
from api.cli.projections import installation, progress_bar, with_json

if TYPE_CHECKING:
    from projections.audit_tree.verification import LogVerdict

TERMINAL = "the terminal"


@click.group()
@with_data_dir
def audit() -> None:
    """The audit log: a Merkle tree a tenant, signed and anchored.

    Example: colloquy audit verify
    """


@audit.command()
@with_data_dir
@click.option("--tenant", default="", help="Only this tenant's log.")
@click.option("--no-anchors", is_flag=True, help="Look at the database alone, where the anchors cannot be reached.")
@with_json
def verify(tenant: str, no_anchors: bool, as_json: bool) -> None:
    """Check the logs against what was signed and anchored; what was tampered with is named by position and stream.

    Example: colloquy audit verify --tenant 0192d0f5-...
    """
    verdicts = asyncio.run(_verdicts(tenant, anchors=not no_anchors, quiet=as_json))
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    if as_json:
        logs = [msgspec.to_builtins(verdict) | {"findings": len(verdict.findings)} for verdict in verdicts]
        shown = {"ok": not findings, "findings": msgspec.to_builtins(findings), "logs": logs}
        click.echo(json.dumps(shown | {"anchors": not no_anchors}))
    else:
        for line in _words(verdicts):
            click.echo(line)
    if findings:
        raise click.exceptions.Exit(1)


async def _verdicts(tenant: str, *, anchors: bool, quiet: bool) -> list[LogVerdict]:
    from api.composition.audit_wiring import open_verifications
    from application.acting_tenant import EVERY, act_for
    from domain.refusals import Refusal
    from projections.audit_tree.checks import keep_checks

    act_for(EVERY)
    bar = None if quiet else progress_bar("verifying")
    try:
        async with open_verifications(installation(), anchors=anchors) as databases:
            found: list[LogVerdict] = []
            for verification, worker in databases:
                verdicts = await verification.check(tenant, bar)
                if anchors:
                    await keep_checks(worker, verdicts)
                found += verdicts
            if tenant and not found:
                raise RuntimeError(f"nothing is known of a tenant {tenant}")
            return found
    except Refusal as refusal:
        raise RuntimeError(refusal.detail) from refusal


def _words(verdicts: list[LogVerdict]) -> list[str]:
    lines = []
    for verdict in verdicts:
        state = "verified" if verdict.ok else f"NOT VERIFIED, {len(verdict.findings)} findings"
        anchored = "" if verdict.anchored is None else f", {verdict.anchored} anchored"
        lines.append(f"{verdict.tenant_id}  {verdict.events} events, {verdict.tree_size} signed{anchored}: {state}")
        for finding in verdict.findings:
            where = finding.where.replace("_", " ")
            why = f" ({finding.detail})" if finding.detail else ""
            lines.append(f"  {finding.kind:<9} {where} at position {finding.position} of {finding.stream}{why}")
    return lines


@audit.command()
@with_data_dir
def keys() -> None:
    """The public keys that heads are signed with, one a line, the current one first; made where there are none yet.

    Example: colloquy audit keys | head -1 > key.json
    """
    from api.composition.audit_wiring import public_head_keys
    from api.settings import read_settings

    for key in public_head_keys(read_settings()):
        click.echo(json.dumps(key))


@audit.command()
@with_data_dir
@click.option("--tenant", default="", help="Whose log.")
@click.option("--after", default=0, type=click.IntRange(0), help="Only facts after this position.")
@click.option("--format", "shape", type=click.Choice(["jsonl", "ocsf"]), default="jsonl", show_default=True)
@click.option("--sealed", is_flag=True, help="Leave out what facts say, and who is named: for whoever only verifies.")
@click.option("--verifier", is_flag=True, help="Print the program that verifies an export, which needs none of this.")
def export(tenant: str, after: int, shape: str, sealed: bool, verifier: bool) -> None:
    """A tenant's log up to its newest signed head, as JSON lines; the last is the head, with the key that signed it.

    Example: colloquy audit export --tenant 0192d0f5-... > log.jsonl

    \b
    To verify it on a machine that has but Python and `cryptography`:
      colloquy audit export --verifier > verify.py
      python verify.py log.jsonl --key key.json     (of `colloquy audit keys`, brought there on another way)
    """
    if verifier:
        import infra

        click.echo((Path(infra.__path__[0]) / "audit" / "verify_export.py").read_text(), nl=False)
    elif not tenant:
        raise click.UsageError("--tenant says whose log")
    else:
        asyncio.run(_export(tenant, after, shape, opened=not sealed))


async def _export(tenant: str, after: int, shape: str, *, opened: bool) -> None:
    from api.composition.audit_wiring import open_audit_tools
    from api.http.audit_lines import audit_lines
    from application.acting_tenant import act_for
    from domain.access import Principal
    from domain.refusals import Refusal

    act_for(tenant)
    try:
        async with open_audit_tools(installation()) as tools:
            head = await tools.proofs.head(tenant)
            reader = Principal(tenant, TERMINAL, frozenset(), 0.0)
            await tools.note_read(reader, after, {"read": "export"})
            lines = audit_lines(tools.export, tools.users, tools.keys, head, after=after, shape=shape, opened=opened)
            async for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    except Refusal as refusal:
        raise RuntimeError(refusal.detail) from refusal
