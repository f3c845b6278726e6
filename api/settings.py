"""The environment as one frozen struct, read by one function; nothing is read at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_type_hints

import msgspec

PREFIX = "COLLOQUY_"
DEFAULT_DATA_DIR = ".colloquy"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default; `COLLOQUY_<NAME>` in the environment overrides one. Times are in seconds.

    AWS settings are AWS's own (`AWS_REGION`, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, ...) and are read by its client.
    """

    data_dir: str = DEFAULT_DATA_DIR
    # What must or may be there. `database_url` names the owner, or is left out where the four logins are given;
    # `database_direct_url` is the host of PostgreSQL itself where the others lead to a pooler in transaction mode
    database_url: str = ""
    database_app_url: str = ""
    database_writer_url: str = ""
    database_worker_url: str = ""
    database_tools_url: str = ""
    database_direct_url: str = ""
    database_iam: bool = False  # the logins' passwords are tokens of AWS's IAM, which are renewed; their URLs have none
    # One URL of NATS, or several with commas between; a file of credentials (JWT and NKEY) instead of a password.
    # Streams are made with so many replicas and of so many bytes, and existing ones are brought to it
    nats_url: str = ""
    nats_credentials: str = ""
    nats_replicas: Literal[1, 3, 5] = 1
    nats_stream_mb: int = 2_048
    valkey_url: str = ""
    bucket: str = "colloquy"
    # The AWS account that owns the bucket (12 digits): one of that name in another account is then refused
    bucket_owner: str = ""
    table: str = "colloquy-sessions"
    # The ARN of a role that the API server assumes for each tenant, narrowed to that tenant's items and objects (see
    # walls.md); without one it uses its own rights
    tenant_role: str = ""
    # Lanes in each database; and further PostgreSQLs that hold tenants (see lanes.md): URLs with spaces between, in an
    # order that stays. Who logs in is the same everywhere: they name nobody but an owner that is not the first one's
    lanes: int = 1
    lane_urls: str = ""
    # The server
    host: str = "127.0.0.1"
    port: int = 8080
    # The port of any job for its health and metrics; and a folder where each process says where its own is, as
    # Prometheus' file discovery reads it (then any port will do)
    metrics_port: int = 0
    metrics_targets: str = ""
    allowed_origins: tuple[str, ...] = ()
    max_sockets: int = 5_000
    max_sockets_per_tenant: int = 100
    max_turns: int = 600
    max_turns_per_tenant: int = 20
    requests_per_minute: int = 300
    frames_per_minute: int = 3_000
    replicas: int = 1
    # Before anybody has said who he is; by address, of those that are not free
    max_connections: int = 10_000
    address_connections: int = 200
    address_connections_per_s: float = 50.0
    address_failures_per_minute: float = 120.0
    address_free: tuple[str, ...] = ("127.0.0.0/8", "::1")
    trusted_proxies: tuple[str, ...] = ()
    webhooks_to_loopback: bool = False
    webhook_hosts: tuple[str, ...] = ()
    guardrail: str = ""
    search_s: float = 4.0
    # Names, addresses and places by the recogniser where the extra `names` is installed; `off` leaves them to rules
    names: Literal["auto", "off"] = "auto"
    # Turns
    drain_s: float = 25.0
    # After SIGTERM everything goes on for so long, but for the health page: until load balancers have looked away
    leave_s: float = 0.0
    first_token_s: float = 8.0
    stream_idle_s: float = 6.0
    thinking_s: float = 120.0
    tool_input_s: float = 150.0
    turn_s: float = 120.0
    confirm_s: float = 60.0
    lease_s: float = 6.0
    history_tokens: int = 6_000
    answer_tokens: int = 1_024
    # Models: inference profile ids
    model_balanced: str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    model_fast: str = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    model_embedding: str = "amazon.titan-embed-text-v2:0"
    embedding_dimensions: int = 512
    prompt_cache: Literal["off", "5m", "1h"] = "5m"
    invocation_logs: str = ""
    # What the account's quotas are, tokens a minute by family (`sonnet=400000,haiku=1000000`): metrics say how near
    model_quotas: tuple[str, ...] = ()
    # Who answers behind the Bedrock stand-in of `colloquy up`: a server that speaks OpenAI's API and its model (see
    # local-models.md). `speaker` says so to people, where Bedrock itself does not speak; `up` sets it
    standin_upstream_url: str = ""
    standin_upstream_model: str = ""
    standin_upstream_api_key: str = ""
    standin_upstream_embedding_model: str = ""
    speaker: str = ""
    # Documents
    max_document_bytes: int = 50 * 1024 * 1024
    max_document_pages: int = 2_000
    # Members' files: how large one may be, how long a link to one lives, and how much of them (sealed) may wait on this
    # machine's disk, in the data directory, for an object store that is away
    file_mb: int = 50
    link_s: int = 900
    file_spool_mb: int = 1_024
    # Seconds between two looks for what tenants keep no longer, and for erasures whose keys are to be destroyed yet
    retention_s: float = 60.0
    # How many tokens of a prompt the files of a turn may take, of all of them together
    attachment_tokens: int = 20_000
    # Files on their way, of all tenants together; one tenant has half of either. They lie in `spool_dir` meanwhile,
    # without a name (default: `spool` in the data directory); it should be on a disk.
    max_uploads: int = 64
    max_upload_bytes: int = 2 * 1024 * 1024 * 1024
    spool_dir: str = ""
    # Tokens
    issuer: str = "colloquy"
    audience: str = "colloquy"
    token_ttl_s: int = 900
    keys_file: str = ""
    # Outside issuers of tokens, and providers to sign in to the console at: a file of JSON (see identity.md)
    oidc_file: str = ""
    # How long a browser that signed in to the console stays signed in
    console_session_s: int = 8 * 60 * 60
    # Audit: how often heads of the trees are signed and anchored; the keys that sign them (default: `audit-keys.json`
    # beside the token keys; processes that only answer need the public ones); the bucket of the anchors (default:
    # `bucket` with `-audit`); for how long they are locked there; who outside is told of heads: a URL or a command
    audit_anchor_s: float = 60.0
    audit_keys_file: str = ""
    audit_bucket: str = ""
    audit_retain_days: int = 365
    audit_hook: str = ""
    log_level: str = "info"
    # `otlp` sends spans of turns where OpenTelemetry's own settings say (OTEL_EXPORTER_OTLP_ENDPOINT, ...); needs the
    # extra `traces`
    traces: Literal["off", "otlp"] = "off"

    @property
    def login_urls(self) -> dict[str, str]:
        """The URL that each part of the program logs in to the database with, where one is given."""
        parts = ("app", "writer", "worker", "tools")
        return {part: url for part in parts if (url := getattr(self, f"database_{part}_url"))}

    @property
    def databases(self) -> int:
        """How many PostgreSQLs hold tenants."""
        return 1 + len(self.lane_urls.split())

    @property
    def all_lanes(self) -> int:
        """Lanes of all databases together."""
        return self.lanes * self.databases

    @property
    def longest_credential_s(self) -> float:
        """How long a token or a browser's session may live, and as long as it is good by leeway."""
        return max(self.token_ttl_s, self.console_session_s) + 60.0

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return Path(self.data_dir).resolve()

    @property
    def max_file_bytes(self) -> int:
        """Of a member's file."""
        return self.file_mb * 1024 * 1024

    @property
    def anchor_bucket(self) -> str:
        """Where signed heads are kept."""
        return self.audit_bucket or f"{self.bucket}-audit"

    @property
    def spool_path(self) -> Path:
        """Where files lie that are on their way."""
        return Path(self.spool_dir).resolve() if self.spool_dir else self.data_path / "spool"


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, then from `overrides` that are not None; ValueError names a bad one."""
    env = os.environ if environment is None else environment
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        raw = env.get(PREFIX + name.upper())
        if raw is None or raw == "":
            continue
        value: Any = tuple(part.strip() for part in raw.split(",")) if "tuple" in str(hints[name]) else raw
        try:
            values[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError as error:
            raise ValueError(f"{PREFIX}{name.upper()}={raw!r}: {error}") from None
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values)
