"""The control endpoints: order faults, set the pace, see calls, sums and the bodies that came."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from infra.local.bedrock.http_server import HttpReply, Request
from infra.local.bedrock.runtime import OPERATIONS, Runtime, TypingPace
from infra.local.bedrock.same_questions import SameQuestions


class StandIn:
    """Everything the server answers to: Bedrock's operations, `/healthz` and `/control/...`."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def handle(self, request: Request, reply: HttpReply) -> None:
        """Answer one request, now or later."""
        path = request.path
        if path[0] == "model" and len(path) >= 3 and path[-1] in OPERATIONS and request.method == "POST":
            self.runtime.handle(request, reply)
            return
        answer = getattr(self, f"_{request.method.lower()}_{'_'.join(path)}", None)
        if answer is None:
            reply.send_json(404, {"message": "There is nothing here."})
            return
        try:
            reply.send_json(200, answer(request))
        except (ValueError, TypeError) as error:
            reply.send_json(400, {"message": str(error)})

    def _get_healthz(self, request: Request) -> dict[str, Any]:
        model = self.runtime.upstream.model if self.runtime.upstream else ""
        return {"status": "ok", "stand_in": True, "model": model, "embeddings": self.runtime.embeddings.name}

    def _post_control_faults(self, request: Request) -> dict[str, Any]:
        return asdict(self.runtime.faults.order(_object(request)))

    def _get_control_faults(self, request: Request) -> dict[str, Any]:
        return {"faults": self.runtime.faults.listed()}

    def _delete_control_faults(self, request: Request) -> dict[str, Any]:
        self.runtime.faults.clear()
        return {"faults": []}

    def _get_control_pace(self, request: Request) -> dict[str, Any]:
        return asdict(self.runtime.pace)

    def _post_control_pace(self, request: Request) -> dict[str, Any]:
        wish = asdict(self.runtime.pace) | _object(request)
        if unknown := set(wish) - {field.name for field in fields(TypingPace)}:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if min(float(value) for value in wish.values()) < 0 or int(wish["chars_per_token"]) < 1:
            raise ValueError("a pace is not negative, and a token has a character at least")
        self.runtime.pace = TypingPace(**wish)
        return wish

    def _post_control_same_questions(self, request: Request) -> dict[str, Any]:
        self.runtime.same_questions = SameQuestions(**_object(request))
        return asdict(self.runtime.same_questions)

    def _get_control_calls(self, request: Request) -> dict[str, Any]:
        calls = [call.listed() for call in self.runtime.log.calls]
        for name in ("tenant_id", "call_id", "model"):
            if name in request.query:
                calls = [call for call in calls if call[name] == request.query[name]]
        return {"calls": _last(calls, request)}

    def _get_control_totals(self, request: Request) -> dict[str, Any]:
        return {**self.runtime.log.totals(), "deltas": self.runtime.deltas}

    def _get_control_requests(self, request: Request) -> dict[str, Any]:
        return {"requests": [_shown(seen) for seen in _last(list(self.runtime.requests), request)]}


def _object(request: Request) -> dict[str, Any]:
    value = request.json()
    if not isinstance(value, dict):
        raise ValueError("an object is wanted")
    return value


def _shown(request: Request) -> dict[str, Any]:
    """A request as it came: the body's JSON value, or its text when it is none."""
    try:
        body = request.json()
    except ValueError:
        body = request.body.decode("utf-8", "replace")
    return {"model": "/".join(request.path[1:-1]), "operation": OPERATIONS[request.path[-1]], "body": body}


def _last(items: list[Any], request: Request) -> list[Any]:
    wanted = int(request.query.get("last", len(items)))
    return items[-wanted:] if wanted > 0 else []
