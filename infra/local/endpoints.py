"""Where the parts of a local installation are, as a struct and as the settings that name them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

DATABASE, NATS, VALKEY = "COLLOQUY_DATABASE_URL", "COLLOQUY_NATS_URL", "COLLOQUY_VALKEY_URL"
BESIDE = "COLLOQUY_LANE_URLS"
BEDROCK = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
EMULATED = tuple(f"AWS_ENDPOINT_URL_{service}" for service in ("DYNAMODB", "S3", "KMS"))
SESSIONS = "AWS_ENDPOINT_URL_STS"
"""Asked for credentials of the same AWS, and by few: it replaces nothing."""
ALL_OF_AWS = "AWS_ENDPOINT_URL"
# Each of these says that somebody brings credentials of their own.
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """URLs; an empty one is a part that was not started here. `database_url` is the owner's, `lane_urls` are the
    owners' of further databases."""

    database_url: str = ""
    lane_urls: str = ""
    nats_url: str = ""
    valkey_url: str = ""
    aws_url: str = ""
    bedrock_url: str = ""

    def environment(self, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """The settings that lead the product to these parts, but for those that `given` has already: they win."""
        given = given or {}
        found = {DATABASE: self.database_url, NATS: self.nats_url, VALKEY: self.valkey_url, BEDROCK: self.bedrock_url}
        found[BESIDE] = self.lane_urls
        found |= dict.fromkeys((*EMULATED, SESSIONS), self.aws_url)
        if self.aws_url or self.bedrock_url:
            found |= stand_in_identity(given)
        return {name: value for name, value in found.items() if value and not given_value(given, name)}


def given_value(environment: Mapping[str, str], name: str) -> str:
    """A setting's value, or an empty string. `AWS_ENDPOINT_URL` names every AWS service that has no URL of its own."""
    general = environment.get(ALL_OF_AWS, "") if name.startswith(ALL_OF_AWS) else ""
    return environment.get(name, "") or general


def stand_in_identity(given: Mapping[str, str]) -> dict[str, str]:
    """Credentials and a region for the emulators, which take any; none where somebody's own would be hidden by them."""
    identity = {}
    bedrock = urlsplit(given_value(given, BEDROCK)).hostname or ""
    if not any(given.get(name) for name in CREDENTIALS) and not bedrock.endswith("amazonaws.com"):
        identity = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    if not given.get("AWS_DEFAULT_REGION"):
        identity["AWS_REGION"] = "us-east-1"
    return identity


def given_outside(environment: Mapping[str, str]) -> frozenset[str]:
    """The parts that settings from outside replace: they are not started."""
    settings = {"postgres": (DATABASE,), "nats": (NATS,), "valkey": (VALKEY,), "bedrock": (BEDROCK,), "aws": EMULATED}
    return frozenset(part for part, names in settings.items() if all(given_value(environment, n) for n in names))


def installation_file(data_dir: str | Path) -> Path:
    """Where a running installation says how to reach it."""
    return Path(data_dir).resolve() / "run" / "installation.json"


def write_installation(data_dir: str | Path, content: dict[str, Any]) -> None:
    """Say how to reach the installation: readable by its owner alone, whole or not at all."""
    path = installation_file(data_dir)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content))
    draft.replace(path)


def read_installation(data_dir: str | Path) -> dict[str, Any]:
    """What `write_installation` wrote, if the installation lives; {} otherwise."""
    try:
        content: dict[str, Any] = json.loads(installation_file(data_dir).read_text())
    except (OSError, ValueError):
        return {}
    # Here, since every command reads this file and only a command of a running installation needs the rest.
    from infra.local.installation import Installation

    return content if Installation(Path(data_dir)).is_owned() else {}


def installation_environment(data_dir: str | Path) -> dict[str, str]:
    """The settings of the installation that runs on this data directory; {} when nothing does.

    What is given from outside wins: read settings from `{**installation_environment(d), **os.environ}`.
    """
    environment: dict[str, str] = read_installation(data_dir).get("environment", {})
    return environment
