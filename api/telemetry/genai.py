"""OpenTelemetry's conventions for generative AI, here and nowhere else: facts of turns to names and attributes.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ as of version 1.37: `gen_ai.provider.name` in place of
`gen_ai.system`. They are in development; what they rename is renamed in this file alone. No prompt, no answer, no
input or output of a tool is an attribute.
"""

from __future__ import annotations

from domain.event import StreamId
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.usage import family_of

PROVIDER = "aws.bedrock"
EMBEDDINGS = "titan-embed"
Attributes = dict[str, str | int | float | bool]


def turn_span(stream: StreamId, turn_id: str) -> tuple[str, Attributes]:
    """A turn: an agent is invoked. `turn_id` is our own name for it."""
    return "invoke_agent", {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.conversation.id": stream.id,
        "colloquy.tenant.id": stream.tenant,
        "colloquy.turn.id": turn_id,
    }


def call_span(call: ModelCallStarted) -> tuple[str, Attributes]:
    """A model call: `chat` or `embeddings`, and the model that was asked."""
    operation = "embeddings" if family_of(call.model) == EMBEDDINGS else "chat"
    return f"{operation} {call.model}", {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": call.model,
        "colloquy.call.id": call.call_id,
        "colloquy.step": call.step,
    }


def call_end(used: TokensUsed) -> Attributes:
    """What a call came to. The input of cached tokens is part of the input, as the conventions count it."""
    usage = used.usage
    found: Attributes = {
        "gen_ai.response.model": used.model,
        "gen_ai.usage.input_tokens": usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
        "colloquy.cost_usd": float(used.cost_usd),
        "colloquy.estimated": used.estimated,
    }
    return found | ({"error.type": used.failure} if used.failure else {})


def step_span(step: e.StepRun) -> tuple[str, Attributes]:
    """A step of the plan."""
    found: Attributes = {"colloquy.step": step.step, "colloquy.safe_default": step.safe_default}
    return f"step {step.step}", found | ({"gen_ai.request.model": step.model} if step.model else {})


def search_span(found: e.PassagesRetrieved) -> tuple[str, Attributes]:
    """A search of the tenant's documents."""
    return "retrieval", {"gen_ai.operation.name": "retrieval", "colloquy.passages": len(found.passages)}


def tool_span(tool: e.ToolCalled) -> tuple[str, Attributes]:
    """A tool that ran."""
    found: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool.name,
        "gen_ai.tool.call.id": tool.key,
        "colloquy.tool.status": tool.status,
    }
    return f"execute_tool {tool.name}", found | ({"error.type": tool.status} if tool.status == "failed" else {})


def batch_span(projection: str, lane: int, facts: int) -> tuple[str, Attributes]:
    """A batch of facts on its way into a read model."""
    return f"project {projection}", {
        "messaging.system": "nats",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": facts,
        "colloquy.projection": projection,
        "colloquy.lane": lane,
    }


def turn_end(event: e.TurnCompleted | e.TurnCancelled | e.TurnFailed) -> Attributes:
    """How a turn ended."""
    match event:
        case e.TurnFailed():
            return {"error.type": event.code, "colloquy.turn.status": "failed"}
        case e.TurnCompleted():
            return _finished(event, "completed") | {"colloquy.cached": event.cached}
    return _finished(event, "cancelled")


def _finished(event: e.TurnCompleted | e.TurnCancelled, status: str) -> Attributes:
    return {
        "gen_ai.response.model": event.model,
        "gen_ai.usage.input_tokens": event.usage.input_tokens,
        "gen_ai.usage.output_tokens": event.usage.output_tokens,
        "colloquy.cost_usd": float(event.cost_usd),
        "colloquy.ttft_ms": event.ttft_ms,
        "colloquy.turn.status": status,
    }
