"""The `colloquy` program: finds the command, loads its file, and turns an error into one plain sentence."""

from __future__ import annotations

import os
import sys

import click

from api.cli.lazy_group import Lazy, LazyGroup
from api.settings import DEFAULT_DATA_DIR

COMMANDS: dict[str, Lazy] = {
    "up": ("api.cli.up", "up", "Everything on this machine, in one process tree"),
    "serve": ("api.cli.jobs", "serve", "The API server alone"),
    "relay": ("api.cli.jobs", "relay", "The relay alone: event store to NATS"),
    "project": ("api.cli.jobs", "project", "The projections alone: NATS to the read models"),
    "ingest": ("api.cli.jobs", "ingest", "The reader of documents alone"),
    "migrate": ("api.cli.jobs", "migrate", "The database's schema, roles and extensions"),
    "backup": ("api.cli.backup", "backup", "The database as one file, as of one moment"),
    "restore": ("api.cli.backup", "restore", "A backup beside what is there, checked"),
    "tenant": ("api.cli.tenant", "tenant", "Create and list tenants"),
    "token": ("api.cli.token", "token", "Issue tokens"),
    "api-key": ("api.cli.api_key", "api_key", "Keys for OpenAI-compatible and MCP clients"),
    "service-account": ("api.cli.service_account", "service_account", "Machines, their roles and their keys"),
    "console": ("api.cli.console", "console", "A sign-in link to the console, good once"),
    "documents": ("api.cli.documents", "documents", "Add documents to a tenant's corpus"),
    "chat": ("api.cli.chat", "chat", "Ask, in the terminal"),
    "projections": ("api.cli.projections", "projections", "Lag of the read models; rebuild one"),
    "audit": ("api.cli.audit", "audit", "The audit log checked; an export that verifies elsewhere"),
    "reconcile": ("api.cli.reconcile", "reconcile", "Our ledger against Bedrock's own log of calls"),
    "erase": ("api.cli.erase", "erase", "Erase a session, a user, a document or a tenant"),
    "evaluate": ("api.cli.evaluate", "evaluate", "A file of questions to one assistant, or two side by side"),
    "what-if": ("api.cli.what_if", "what_if", "What recorded turns would have cost otherwise"),
    "doctor": ("api.cli.doctor", "doctor", "What would break in an installation, and how to mend it"),
    "bench": ("infra.bench.cli", "bench", "The benchmarks, as ratios against a baseline in the same run"),
}


def data_dir_option(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """`--data-dir` before or after the subcommand: the innermost one given wins, through the environment."""
    if value:
        os.environ["COLLOQUY_DATA_DIR"] = value


with_data_dir = click.option(
    "--data-dir",
    callback=data_dir_option,
    expose_value=False,
    is_eager=True,
    help=f"The installation to talk to (default {DEFAULT_DATA_DIR}, or COLLOQUY_DATA_DIR).",
)


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@with_data_dir
def cli() -> None:
    """Colloquy: assistants that answer from each tenant's own documents.

    Example: colloquy up
    """


def main() -> None:
    """Run a command; a failure is one sentence on standard error and a non-zero exit."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, ValueError, RuntimeError) as error:
        click.echo(f"colloquy: {error}", err=True)
        sys.exit(1)
