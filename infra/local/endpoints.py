"""Where the parts of a local installation are, as a struct and as the settings that name them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

AWS_SERVICES = ("DYNAMODB", "S3", "KMS")
BEDROCK = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """URLs; an empty one is a part that was not started here. `database_url` is the owner's."""

    database_url: str = ""
    nats_url: str = ""
    valkey_url: str = ""
    aws_url: str = ""
    bedrock_url: str = ""

    def environment(self) -> dict[str, str]:
        """The settings that lead the product to these parts. The emulators take any credentials."""
        found = {
            "COLLOQUY_DATABASE_URL": self.database_url,
            "COLLOQUY_NATS_URL": self.nats_url,
            "COLLOQUY_VALKEY_URL": self.valkey_url,
            BEDROCK: self.bedrock_url,
        }
        found |= {f"AWS_ENDPOINT_URL_{service}": self.aws_url for service in AWS_SERVICES}
        if self.aws_url or self.bedrock_url:
            found |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
        return {name: value for name, value in found.items() if value}


def given_outside(environment: Mapping[str, str]) -> frozenset[str]:
    """The parts that settings from outside replace: they are not started."""
    given = {
        "postgres": "COLLOQUY_DATABASE_URL" in environment,
        "nats": "COLLOQUY_NATS_URL" in environment,
        "valkey": "COLLOQUY_VALKEY_URL" in environment,
        "bedrock": BEDROCK in environment,
        "aws": all(f"AWS_ENDPOINT_URL_{service}" in environment for service in AWS_SERVICES),
    }
    return frozenset(part for part, is_given in given.items() if is_given)


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
    """What `write_installation` wrote, if its process is alive; {} otherwise."""
    try:
        content: dict[str, Any] = json.loads(installation_file(data_dir).read_text())
        os.kill(content["pid"], 0)
    except (OSError, ValueError, KeyError):
        return {}
    return content


def installation_environment(data_dir: str | Path) -> dict[str, str]:
    """The settings of the installation that runs on this data directory; {} when nothing does."""
    environment: dict[str, str] = read_installation(data_dir).get("environment", {})
    return environment
