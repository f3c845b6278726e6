"""Alerts made to fire by their causes, on a whole local installation under a real Prometheus.

`python -m tests.infra.monitoring.fire` takes some minutes and prints each alert with its cause and the seconds until it
fired; names of causes after it are those to try. The rules are those of the product; only what they wait for (`for`) is
five seconds, and a head that is not anchored for 20 seconds is late.
"""

from __future__ import annotations

import asyncio
import sys

from infra.bench.harness.installation import installed
from tests.infra.monitoring import causes
from tests.infra.monitoring import causes_of_data as data
from tests.infra.monitoring import causes_of_models as models
from tests.infra.monitoring.test_alerts import alerts
from tests.infra.monitoring.watched import watched

CAUSES = (
    data.few_files, data.locked_log, models.crowd, models.slow_model, models.refusing_model, models.throttling_model,
    models.cut_streams, models.dead_model, models.bad_credentials, data.locked_costs,
    data.idle_archive, data.revoked_right, data.anothers_item, data.altered_fact, data.no_objects,
    data.unreadable_fact, causes.nobody_reconciles, causes.log_with_holes, models.budget_gone, causes.old_keys,
    causes.stopped_jobs, causes.pausing_server, causes.store_set_back, causes.unsafe_login, causes.hanging_server,
)  # fmt: skip
"""In an order in which what is broken last stays broken."""


async def main(wanted: list[str]) -> int:
    """All of them, or those that are wanted; 0 when whatever was to fire did."""
    limits = installed(
        1,
        {},
        COLLOQUY_FIRST_TOKEN_S="9",
        COLLOQUY_MAX_TURNS="13",
        COLLOQUY_AUDIT_ANCHOR_S="2",
        COLLOQUY_MODEL_QUOTAS="sonnet=20000,haiku=20000",
    )
    with limits as ours:
        async with watched(ours) as here:
            await here.ask(2)
            await asyncio.sleep(10)
            here.say(f"all is well: {sorted(await here.firing()) or 'none fires'}")
            for cause in CAUSES:
                if not wanted or cause.__name__ in wanted:
                    await cause(here)
            if not wanted:
                here.say(f"never made to fire: {sorted(alerts().keys() - here.fired) or 'none'}")
            return int(bool(here.silent))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
