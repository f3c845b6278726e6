"""What a client of OpenAI's chat asks: messages with their history, to the one question that is answered now."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.connections.client_frames import MAX_TEXT
from application.exchanges.exchange import Exchange, Pair
from application.tools.input_schema import check_schema
from domain.refusals import EmptyPrompt, InvalidField, PromptTooLong

BODY = 1024 * 1024
Any_text = Annotated[str, Meta(max_length=BODY)]
Name = Annotated[str, Meta(max_length=200)]
Object = Annotated[dict[Annotated[str, Meta(max_length=BODY)], Any], Meta(max_length=1_000)]
MOST_MESSAGES, MOST_PARTS = 4_000, 200
BLANK = "..."
"""Stands for a question or an answer that the client's history does not have: models are told pairs."""
JSON_ONLY = (
    "Answer with one JSON value and nothing else: no words before or after it, no code fence, no marks such as [1]."
)


class ContentPart(msgspec.Struct, frozen=True):
    """A piece of a message."""

    type: Name
    text: Any_text = ""
    refusal: Any_text = ""


class EarlierToolCall(msgspec.Struct, frozen=True):
    """A call of a tool that a client had made by another model, as its history tells it."""

    function: Object = {}


class ChatMessage(msgspec.Struct, frozen=True):
    """A message; whatever else it has is passed over."""

    role: Name
    content: Any_text | Annotated[list[ContentPart], Meta(max_length=MOST_PARTS)] | None = None
    tool_calls: Annotated[list[EarlierToolCall], Meta(max_length=MOST_PARTS)] | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream has besides."""

    include_usage: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """The form of the answer: text, any JSON object, or JSON by a schema."""

    type: Name
    json_schema: Object | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """The fields that are looked at. Others, such as `temperature` and `max_tokens`, are passed over: how an assistant
    answers is its definition's."""

    model: Name
    messages: Annotated[list[ChatMessage], Meta(max_length=MOST_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    logprobs: bool | None = None
    audio: Object | None = None
    tools: Annotated[list[Any], Meta(max_length=1_000)] | None = None
    tool_choice: Any = None
    functions: Annotated[list[Any], Meta(max_length=1_000)] | None = None
    response_format: ResponseFormat | None = None


def exchange_of(asked: ChatRequest, *, key: str = "", retried: bool = False, use_cache: bool = True) -> Exchange:
    """What is asked for; a refusal says what this API does not do, rather than doing something else in silence."""
    _refuse_what_is_not_done(asked)
    instructions, said = _told_apart(asked.messages)
    if not said or said[-1][0] != "user":
        raise InvalidField("messages: the last one must be the user's")
    if not said[-1][1].strip():
        raise EmptyPrompt
    form = _form_of(asked.response_format)
    if form:
        instructions = f"{instructions}\n\n{form}".strip()
    for text in (said[-1][1], instructions):
        if len(text) > MAX_TEXT:
            raise PromptTooLong(f"A question, and what the program asks of its answer, have {MAX_TEXT} characters.")
    return Exchange(
        assistant=asked.model,
        question=said[-1][1],
        earlier=_pairs(said[:-1]),
        instructions=instructions,
        form=form,
        key=key,
        retried=retried,
        use_cache=use_cache,
    )


def _refuse_what_is_not_done(asked: ChatRequest) -> None:
    if asked.n not in (None, 1):
        raise InvalidField("n: one answer is given at a time")
    if asked.logprobs:
        raise InvalidField("logprobs: these models tell no probabilities")
    if asked.audio:
        raise InvalidField("audio: answers are texts")
    if (asked.tools or asked.functions) and asked.tool_choice != "none":
        raise InvalidField("tools: an assistant calls its own; give it tools with PUT /v1/tools and /v1/assistants")


def _told_apart(messages: list[ChatMessage]) -> tuple[str, list[Pair]]:
    """What the program asks of answers; and what was said, as (role, text), neighbours of one role as one."""
    instructions, said = list[str](), list[Pair]()
    for place, message in enumerate(messages):
        text = _text_of(message, place)
        match message.role:
            case "system" | "developer":
                instructions.append(text)
                continue
            case "user" | "assistant":
                role = message.role
            case "tool" | "function":
                role, text = "assistant", f"(A tool gave: {text})"
            case _:
                raise InvalidField(f"messages[{place}].role: system, developer, user, assistant or tool")
        if said and said[-1][0] == role:
            said[-1] = (role, f"{said[-1][1]}\n\n{text}".strip())
        else:
            said.append((role, text))
    return "\n\n".join(instructions), said


def _text_of(message: ChatMessage, place: int) -> str:
    parts = message.content if isinstance(message.content, list) else []
    for part in parts:
        if part.type not in ("text", "refusal"):
            raise InvalidField(f"messages[{place}].content: parts are text; {part.type[:40]} is not taken here")
    text = (
        message.content if isinstance(message.content, str) else "\n".join(part.text or part.refusal for part in parts)
    )
    if message.tool_calls:
        names = ", ".join(str(call.function.get("name", "a tool"))[:100] for call in message.tool_calls)
        text = f"{text}\n\n(I called {names}.)".strip()
    return text


def _pairs(said: list[Pair]) -> tuple[Pair, ...]:
    """Questions with their answers."""
    pairs = list[Pair]()
    for role, text in said:
        if role == "user":
            pairs.append((text or BLANK, BLANK))
        elif pairs and pairs[-1][1] == BLANK:
            pairs[-1] = (pairs[-1][0], text or BLANK)
        else:
            pairs.append((BLANK, text or BLANK))
    return tuple(pairs)


def _form_of(format: ResponseFormat | None) -> str:
    """What is asked of an answer that is to be JSON; an empty text when it is not."""
    match format.type if format else "text":
        case "text":
            return ""
        case "json_object":
            return f"{JSON_ONLY} It is an object."
        case "json_schema":
            schema = schema_of(format)
            if schema is None:
                raise InvalidField("response_format.json_schema: needs a `schema`")
            try:
                check_schema(schema)
            except InvalidField as error:
                detail = error.detail.replace("input_schema", "response_format.json_schema")
                raise InvalidField(detail) from None
            return f"{JSON_ONLY} It fits this JSON schema:\n{msgspec.json.encode(schema).decode()}"
        case other:
            raise InvalidField(f"response_format.type: text, json_object or json_schema, not {other[:40]}")


def schema_of(format: ResponseFormat | None) -> dict[str, Any] | None:
    """The schema that the answer is to fit; None when any will do."""
    given = format.json_schema.get("schema") if format and format.json_schema else None
    return given if isinstance(given, dict) else None
