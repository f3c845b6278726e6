"""Questions that analysts do ask of a table of orders: those of `lawful.sql`, and some that reports write."""

from __future__ import annotations

from pathlib import Path

ASKED = [
    statement.strip()
    for statement in Path(__file__).with_name("lawful.sql").read_text().partition("\n\n")[2].split(";\n")
    if statement.strip()
]
MONTHS = range(1, 13)
WRITTEN = [
    "SELECT "
    + ", ".join(f"sum(CASE WHEN extract(month FROM day) = {m} THEN total ELSE 0 END) AS month_{m}" for m in MONTHS)
    + " FROM orders WHERE extract(year FROM day) = 2026",
    "SELECT region, "
    + ", ".join(f"count(*) FILTER (WHERE items = {items}) AS of_{items}" for items in range(24))
    + " FROM orders GROUP BY region",
    f"SELECT id FROM orders WHERE id IN ({', '.join(map(str, range(700)))})",
    "SELECT note FROM orders WHERE " + " OR ".join(f"city = 'Place {number}'" for number in range(150)),
    " UNION ALL ".join(
        f"SELECT {m} AS month, sum(total) AS t FROM orders WHERE extract(month FROM day) = {m}" for m in MONTHS
    )
    + " ORDER BY month",
]
LAWFUL = ASKED + WRITTEN
PARAMETERS = {
    "region": "text", "part": "text", "from": "text", "to": "text", "most": "integer", "least": "number",
    "regions": "text[]",
}  # fmt: skip
