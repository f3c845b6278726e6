"""What tables hold of a tenant goes with it, of whichever tables there are; and nothing of another's."""

from __future__ import annotations

import psycopg
import pytest

from adapters.postgres.pool import open_pool
from adapters.postgres.tenant_rows import TABLES, PostgresTenantRows
from application.acting_tenant import acting_for
from application.clock import new_id
from tests.contracts.test_datasets import ORDERS, table
from tests.databases import logins_of, open_corpus, open_datasets

pytestmark = pytest.mark.real
# Emptied or dropped whole; or keys, which go with KMS; or what was taken back, which ends by itself; or a login's name;
# or hashes alone, by which it can still be proved that nothing else was altered; or which database that is in.
OTHERWISE = {
    "passages", "postings", "datasets", "dataset_sizes", "tenant_keys", "revocations", "bi_logins", "tenant_lanes",
    "audit_leaves", "audit_tiles", "audit_heads", "audit_checks",
}  # fmt: skip
OF_TENANTS = """
SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
PASSAGE = """
INSERT INTO passages (tenant, passage, document_id, starts, ends, body, embedding)
VALUES (%s, 1, %s, 0, 1, 'x', '[1,2,3]')"""
EXCHANGE = "INSERT INTO known_exchanges (tenant, client_id, session_id, chain, request) VALUES (%s, %s, %s, 'c', 'r')"


async def test_all_rows_of_a_tenant_go_and_no_others(database: str) -> None:
    mine, theirs, id = new_id(), new_id(), new_id()
    with psycopg.connect(database, autocommit=True) as owner:
        assert {name for (name,) in owner.execute(OF_TENANTS)} == {*TABLES, *OTHERWISE}, "a new table of tenants"
    async with open_corpus(database, 3) as corpus, open_datasets(database) as datasets:
        for tenant in (mine, theirs):
            with acting_for(tenant):
                await corpus.provision(tenant)
                await datasets.replace(tenant, "orders", table(ORDERS))
    with psycopg.connect(database, autocommit=True) as owner:
        for tenant in (mine, theirs):
            owner.execute(EXCHANGE, (tenant, id, id))
            owner.execute(PASSAGE.replace("passages", f"passages_{tenant.replace('-', '')}"), (tenant, id))
    async with open_pool(logins_of(database).app, max_size=2) as pool:
        with acting_for(mine):
            for _ in range(2):
                await PostgresTenantRows(pool).erase(mine)
    with psycopg.connect(database) as owner:
        left = {
            tenant: [
                owner.execute(f"SELECT count(*) FROM {name} WHERE tenant = %s", (tenant,)).fetchone()
                for name in ("known_exchanges", "datasets", f"passages_{tenant.replace('-', '')}")
            ]
            for tenant in (mine, theirs)
        }
    assert left == {mine: [(0,)] * 3, theirs: [(1,)] * 3}
