"""Looks at Bedrock before somebody relies on it: whether it answers, and lets us ask the models that are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from application.ports.incidents.symptom import Symptom, bad, ok

PART = "bedrock"
UNCOUNTED = {"ValidationException", "ThrottlingException"}
"""A model that is called by a profile of several regions need not count: it was found, and the right is there."""


async def examine(client: Any, models: Iterable[str]) -> Sequence[Symptom]:
    """Asks each chat model to count tokens, which costs nothing and needs the right that answers need."""
    found, models = [], list(models)
    question = {"converse": {"messages": [{"role": "user", "content": [{"text": "?"}]}]}}
    for model in models:
        try:
            await client.count_tokens(modelId=model, input=question)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code not in UNCOUNTED:
                said = f"{model}: {code}; nothing is answered without it"
                found.append(bad(PART, said, "see whether the account has the model, and the role bedrock:InvokeModel"))
    return found or [ok(PART, f"{' and '.join(models)} may be asked")]
