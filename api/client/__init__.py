"""The client library: chats over `chat.v1`, costs, search and documents, typed, with what it takes to stay connected.

```python
import asyncio
from colloquy_client import Colloquy

async def main() -> None:
    async with Colloquy("http://127.0.0.1:8080", token="...") as colloquy:
        async with colloquy.chat() as chat:
            async for frame in chat.ask("How long can I return coffee?"):
                print(frame)
            print((await chat.answer("And who pays for the postage?")).text)

asyncio.run(main())
```

In the checkout it is `api.client`; installed by itself (`pip install ./api/client`) it is `colloquy_client`, and needs
msgspec, httpx and websockets alone.
"""

from __future__ import annotations

from .backoff import Backoff
from .chat import Chat
from .colloquy import Colloquy
from .failures import Closed, Failure, Problem, Refused, TurnFailed
from .resources import Costs, Document, Passage

__all__ = [
    "Backoff",
    "Chat",
    "Closed",
    "Colloquy",
    "Costs",
    "Document",
    "Failure",
    "Passage",
    "Problem",
    "Refused",
    "TurnFailed",
]
