"""Passwords that are good for minutes: each connection takes the one of that moment."""

from __future__ import annotations

import asyncio
import stat
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.aws.database_tokens import database_tokens
from adapters.database_login import with_user
from adapters.postgres.pass_file import RENEW_S, passwords, places_of, reading
from adapters.postgres.pool import open_pool
from api.composition.aws_client import open_aws
from domain.refusals import DependencyUnavailable
from tests.databases import logins_of
from tests.virtual_time import in_virtual_time


def test_each_host_has_its_password() -> None:
    assert places_of("postgresql://app@one,two:6432/d") == [("one", 5432, "app"), ("two", 6432, "app")]
    assert places_of("postgresql://a%40b@one/d") == [("one", 5432, "a@b")]


@in_virtual_time
async def test_the_file_is_written_anew_in_time_and_the_last_one_stands() -> None:
    drawn = iter(["a:b\\c", "second", "", "fourth"])

    async def password(host: str, port: int, user: str) -> str:
        if not (found := next(drawn)):
            raise OSError("away")
        return f"{user}-{found}"

    async with passwords(["postgresql://app@one/d", ""], password) as file:
        assert file.read_text() == "one:5432:*:app:app-a\\:b\\\\c\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        await asyncio.sleep(1)
        assert file.read_text().endswith("app-second\n")
        await asyncio.sleep(RENEW_S)
        assert file.read_text().endswith(("app-second\n", "app-fourth\n"))
        await asyncio.sleep(10)
        assert file.read_text().endswith("app-fourth\n"), "one that failed is tried again soon"
    assert not file.exists()
    with pytest.raises(DependencyUnavailable):
        async with passwords(["postgresql://app@one/d"], password):
            pass


async def test_tokens_are_signed_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "AKIDEXAMPLE"), ("SECRET_ACCESS_KEY", "k"), ("REGION", "eu-central-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    async with open_aws("rds") as rds:
        token = await database_tokens(rds)("db.example.com", 5432, "app")
    assert token.startswith("db.example.com:5432/?Action=connect&DBUser=app") and "X-Amz-Expires=900" in token


@pytest.mark.real
async def test_a_new_connection_takes_the_password_of_its_moment(database: str) -> None:
    login, good = logins_of(database).app, {"password": ""}
    parts = urlsplit(login.url)
    good["password"] = parts.password or ""

    async def password(host: str, port: int, user: str) -> str:
        return good["password"]

    bare = with_user(login.url, parts.username or "", "")
    async with passwords([bare], password) as file:
        url = reading(bare, file)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        async with open_pool(type(login)(login.part, url, url), max_size=1) as pool, pool.connection() as connected:
            assert connected.info.user == login.role
