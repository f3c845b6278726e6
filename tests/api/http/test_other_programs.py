"""Programs that people have are answered as they ask: bodies and headers as Open WebUI, LibreChat and LangChain send
them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.http.test_chat_completions import chunks_of, door, started
from tests.application.turns.harness import House
from tests.fakes.scripted_model import Reply

QUESTION = "How long may coffee be returned?"
SAID = "Within 30 days [1]."
OPEN_WEBUI = {"User-Agent": "Python/3.11 aiohttp/3.11.11", "X-OpenWebUI-User-Name": "Ada", "X-OpenWebUI-Chat-Id": "c"}
LIBRECHAT = {"User-Agent": "OpenAI/JS 4.96.2", "X-Stainless-Lang": "js", "X-Stainless-Retry-Count": "0"}
LANGCHAIN = {"User-Agent": "OpenAI/Python 2.8.1", "X-Stainless-Lang": "python", "X-Stainless-Raw-Response": "true"}
PARTS = [{"type": "text", "text": QUESTION}]


def asked(content: Any, *earlier: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "default", "messages": [*earlier, {"role": "user", "content": content}], **fields}


TITLE = "### Task:\nGenerate a concise, 3-5 word title with an emoji.\n<chat_history>USER: coffee</chat_history>"
TUNED = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
CHATS: list[tuple[dict[str, str], dict[str, Any]]] = [
    (OPEN_WEBUI, asked(QUESTION, {"role": "system", "content": "Be brief."}, stream=True,
                       stream_options={"include_usage": True}, tools=[], metadata={"chat_id": "c"}, seed=0, stop=[])),
    (LIBRECHAT, asked(PARTS, stream=True, stream_options={"include_usage": True}, n=1, user="66f0", **TUNED)),
    (LANGCHAIN, asked("And tea?", stream=True, stream_options={"include_usage": True}, temperature=0.7)),
]  # fmt: skip
WHOLES: list[tuple[dict[str, str], dict[str, Any]]] = [
    (OPEN_WEBUI, asked(TITLE, stream=False, max_completion_tokens=1000)),
    (LIBRECHAT, asked("Provide a concise, 5-word-or-less title for the conversation.", max_tokens=256, n=1, **TUNED)),
    (LANGCHAIN, asked("And mugs?", n=1, logit_bias={}, parallel_tool_calls=None, service_tier=None)),
]


async def sent(client: httpx.AsyncClient, headers: dict[str, str], body: dict[str, Any]) -> httpx.Response:
    answer = await client.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def test_each_streams_with_usage_asks_in_one_piece_and_finds_the_models() -> None:
    async with door(Reply((SAID,))) as (client, here):
        for headers, body in CHATS:
            listed = (await client.get("/v1/models", headers=headers)).json()
            assert listed["object"] == "list" and [one["id"] for one in listed["data"]] == ["default"]
            *chunks, last = chunks_of(await sent(client, headers, body))
            assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == SAID
            assert chunks[0]["choices"][0]["delta"]["role"] == "assistant" and last["usage"]["total_tokens"] > 0
        for headers, body in WHOLES:
            answer = (await sent(client, headers, body)).json()
            assert answer["choices"][0]["message"]["content"] == SAID and answer["usage"]["total_tokens"] > 0
        assert len(await started(here)) == len(CHATS) + len(WHOLES)


async def test_a_chat_that_grows_as_each_sends_it_is_one_session() -> None:
    for headers, body in CHATS:
        async with door(Reply((SAID,))) as (client, here):
            await sent(client, headers, body)
            told = {"role": "assistant", "content": [{"type": "text", "text": SAID}] if headers is LIBRECHAT else SAID}
            more = body | {"messages": [*body["messages"], told, {"role": "user", "content": "And kettles?"}]}
            await sent(client, headers, more)
            await one_session(here)


async def one_session(here: House) -> None:
    (first, _), (second, question) = await started(here)
    assert first == second and question == "And kettles?"
