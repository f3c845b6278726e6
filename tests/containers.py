"""The same services as containers, for machines with a Docker daemon; the Bedrock stand-in stays a local process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.local.endpoints import Endpoints
from infra.local.stack import running


def docker_answers() -> bool:
    """Whether a daemon answers, not merely whether there is a client."""
    try:
        import docker

        client = docker.from_env(timeout=2)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except Exception:  # whatever is missing, there is no Docker for us
        return False


@contextmanager
def containers(home: Path) -> Iterator[Endpoints]:
    """PostgreSQL with pgvector, NATS, Valkey and the AWS emulator, pulled and started side by side."""
    from testcontainers.community.nats import NatsContainer
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.community.valkey import ValkeyContainer
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    postgres = PostgresContainer(
        "pgvector/pgvector:0.8.5-pg18", username="postgres", password="postgres", dbname="postgres", driver=None
    )
    nats = NatsContainer("nats:2.15.1-alpine", jetstream=True)
    valkey = ValkeyContainer("valkey/valkey:9.1-alpine")
    aws = (
        DockerContainer("ministackorg/ministack:1.5.33")
        .with_exposed_ports(4566)
        .with_env("SERVICES", "dynamodb,s3,kms,sts")
        .waiting_for(HttpWaitStrategy(4566, "/_ministack/health"))
    )
    with ExitStack() as stack:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(stack.enter_context, (postgres, nats, valkey, aws)))
        only_bedrock = frozenset({"postgres", "nats", "valkey", "aws"})
        local = stack.enter_context(running(home, without=only_bedrock))
        yield Endpoints(
            database_url=postgres.get_connection_url(),
            nats_url=nats.nats_uri(),
            valkey_url=f"valkey://{valkey.get_container_host_ip()}:{valkey.get_exposed_port(6379)}/0",
            aws_url=f"http://{aws.get_container_host_ip()}:{aws.get_exposed_port(4566)}",
            bedrock_url=local.endpoints.bedrock_url,
        )
