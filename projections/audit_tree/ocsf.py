"""Facts in the shape of the Open Cybersecurity Schema Framework (OCSF 1.3, class 6003 "API Activity"), for a SIEM."""

from __future__ import annotations

from typing import Any

from projections.transactions import Row

VERSION, PRODUCT = "1.3.0", {"name": "Colloquy", "vendor_name": "Colloquy"}
CATEGORY, CLASS = 6, 6003
INFORMATIONAL = 1
ACTIVITIES = {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"}
CREATED = ("created", "opened", "added", "started", "raised", "put", "stored", "given", "issued", "imported", "forked")
READ = ("read", "searched", "retrieved", "called", "used")
CHANGED = ("changed", "renamed", "settled", "completed", "corrected", "closed", "acknowledged", "warned", "resumed")
REMOVED = ("deleted", "erased", "revoked", "removed", "forgotten")
WORDS = {word: number for number, words in enumerate((CREATED, READ, CHANGED, REMOVED), 1) for word in words}


def ocsf(row: Row) -> dict[str, Any]:
    """A fact of an export as an OCSF event; what has no place there is under `unmapped`, the leaf among it."""
    activity = WORDS.get(row["kind"].rsplit(".", 2)[-2] if row["kind"].count(".") > 1 else "", 99)
    tenant, _, stream = row["stream"].partition("/")
    at = row["at"]
    return {
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": ACTIVITIES[activity],
        "type_uid": CLASS * 100 + activity,
        "type_name": f"API Activity: {ACTIVITIES[activity]}",
        "time": int(at.timestamp() * 1000) if at else 0,
        "severity_id": INFORMATIONAL,
        "severity": "Informational",
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "uid": row["leaf_hash"],
            "sequence": row["position"],
            "tenant_uid": tenant,
            "correlation_uid": row["correlation_id"],
            "log_name": "audit",
        },
        "actor": {"user": {"uid": row["actor"] or "system", "name": row["actor"] or "system"}},
        "api": {"operation": row["kind"], "service": {"name": "colloquy"}},
        "src_endpoint": {"svc_name": "colloquy"},
        "resources": [{"uid": stream, "type": stream.partition("/")[0], "version": str(row["version"])}],
        "unmapped": {
            "causation_id": row["causation_id"],
            "leaf": row["leaf"],
            "leaf_hash": row["leaf_hash"],
            **({"data": row["data"]} if "data" in row else {}),
        },
    }
