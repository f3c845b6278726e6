"""Two demo tenants with a few documents, so that the first question has an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx

from api.cli.connection import Patient, checked, credentials
from api.cli.console import sign_in_link
from api.settings import read_settings
from application.clock import monotonic
from domain.access import PLATFORM_TENANT, ROLES

INDEXED_S = 60.0
POLL_S = 0.25
DEMO_USER = "demo"
TENANT_ROLES = [role for role in ROLES if role != "operator"]

DEMO: dict[str, dict[str, str]] = {
    "Northwind Coffee": {
        "returns-policy.md": """# Returns policy

Customers may return unopened coffee within 30 days of delivery for a full refund. Opened bags can be exchanged for
store credit within 14 days when the customer is not happy with the taste. Brewing equipment carries a two-year
warranty; the warranty does not cover damage from limescale. Refunds are paid to the original payment method within
five working days after the parcel has reached our warehouse in Leipzig.
""",
        "roasting-guide.md": """# Roasting guide

Our house espresso is roasted to 218 degrees Celsius and rests for seven days before it is shipped. Filter roasts stop
at 206 degrees and rest for three days. Every batch is cupped by two people; a batch that scores below 82 points is not
sold. Green coffee is kept at 18 degrees and 60 percent humidity.
""",
        "holidays.md": """# Leave and holidays

Full-time employees have 28 days of paid leave a year. Up to five unused days can be carried into the next year and
must be taken before the end of March. Leave of more than two weeks needs the approval of the team lead six weeks ahead.
""",
    },
    "Fabrikam Robotics": {
        "safety-manual.md": """# Safety manual

The emergency stop of the R-7 arm cuts motor power within 80 milliseconds. Nobody may enter the cell while the amber
light is on. After an emergency stop the arm must be referenced again before it moves faster than 250 millimetres a
second. The safety inspection is due every six months and is signed by the plant engineer.
""",
        "maintenance.md": """# Maintenance of the R-7

Grease the second and third axis every 4,000 operating hours with LG-2 lithium grease. Replace the encoder battery every
two years; a low battery is shown as code E-31. The payload limit is 12 kilograms at full reach and 16 kilograms within
900 millimetres.
""",
    },
}


def seed(url: str, progress: Callable[[str], None]) -> Iterator[str]:
    """Create the demo tenants where there are none, and say how to ask them something."""
    with httpx.Client(base_url=url, timeout=30, transport=Patient()) as http:
        operator = credentials(PLATFORM_TENANT, ["operator"])
        known = checked(http.get("/v1/tenants?limit=1000", auth=operator))["tenants"]
        ids = {tenant["name"]: tenant["tenant_id"] for tenant in known}
        for name, documents in DEMO.items():
            if name not in ids:
                made = checked(http.post("/v1/tenants", json={"name": name}, auth=operator))
                ids[name] = made["tenant_id"]
                add(http, ids[name], documents)
        progress("demo tenants")
    first = ids[next(iter(DEMO))]
    yield f"Console:  {_console_link(url, first)}"
    yield f'Ask:  colloquy chat --tenant {first} "How long can I return coffee?"'


def _console_link(url: str, tenant: str) -> str:
    """A link, or how to get one: nothing else waits for the console."""
    try:
        return sign_in_link(read_settings(), url, tenant, DEMO_USER, TENANT_ROLES)
    except (RuntimeError, httpx.HTTPError) as error:
        return f"{url}/console, with a link that `colloquy console` makes later ({error})"


def add(http: httpx.Client, tenant: str, documents: dict[str, str]) -> None:
    """Upload documents and wait until they can be found."""
    editor = credentials(tenant, ["editor"])
    waiting = set()
    for name, text in documents.items():
        answer = http.post("/v1/documents", files={"file": (name, text.encode(), "text/markdown")}, auth=editor)
        waiting.add(checked(answer)["document_id"])
    deadline = monotonic() + INDEXED_S
    while waiting and monotonic() < deadline:
        rows = checked(http.get("/v1/documents?status=pending&limit=1000", auth=editor))["documents"]
        waiting &= {row["document_id"] for row in rows}
        time.sleep(POLL_S)
