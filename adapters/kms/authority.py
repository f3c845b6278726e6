"""KeyAuthority on AWS KMS: one KMS key a tenant at a time, so that its deletion destroys all that hangs on it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.aws_failures import failure
from domain.refusals import DependencyUnavailable, NotFound

# What KMS answers for a key that is deleted or waits for it (KMS API reference, Decrypt). One that is only disabled may
# come back: to go on without it would write its tenant's views as if all had been erased.
GONE = ("NotFoundException", "KMSInvalidStateException")

WAITING_DAYS = 7


class KmsKeyAuthority:
    """Data keys by GenerateDataKey, bound to the tenant by the encryption context. `client` is an aiobotocore client
    of KMS with its own time limits."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        """See `application/ports/facts/keys.py`."""
        try:
            key_id = await self._key_of(tenant)
            made = await self._client.generate_data_key(
                KeyId=key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant}
            )
        except (BotoCoreError, ClientError) as error:
            raise unavailable(error) from error
        return made["Plaintext"], made["CiphertextBlob"]

    async def renew(self, tenant: str) -> tuple[bytes, bytes]:
        """See `application/ports/facts/keys.py`. Nothing asks the alias for the key: it takes KMS a while to follow."""
        try:
            key_id = await self._new_key(tenant)
            made = await self._client.generate_data_key(
                KeyId=key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant}
            )
            await self._client.update_alias(AliasName=_alias(tenant), TargetKeyId=key_id)
        except (BotoCoreError, ClientError) as error:
            raise unavailable(error) from error
        return made["Plaintext"], made["CiphertextBlob"]

    async def destroy(self, tenant: str, wrapped: bytes) -> None:
        """See `application/ports/facts/keys.py`. KMS refuses a key from when its deletion is scheduled. Whoever may
        administer keys there can call it off for `WAITING_DAYS` yet, the fewest that it allows."""
        try:
            opened = await self._client.decrypt(CiphertextBlob=wrapped, EncryptionContext={"tenant": tenant})
            await self._client.schedule_key_deletion(KeyId=opened["KeyId"], PendingWindowInDays=WAITING_DAYS)
        except ClientError as error:
            if code_of(error) not in GONE:
                raise unavailable(error) from error
        except BotoCoreError as error:
            raise unavailable(error) from error

    async def _new_key(self, tenant: str) -> str:
        made = await self._client.create_key(
            Description=f"Colloquy tenant {tenant}", KeySpec="SYMMETRIC_DEFAULT", Tags=tags_of(tenant)
        )
        return str(made["KeyMetadata"]["KeyId"])

    async def _key_of(self, tenant: str) -> str:
        alias = _alias(tenant)
        if key_id := await self._described(alias):
            return key_id
        key_id = await self._new_key(tenant)
        try:
            await self._client.create_alias(AliasName=alias, TargetKeyId=key_id)
        except ClientError as error:
            if code_of(error) != "AlreadyExistsException":
                raise
            # Another process was faster: its key counts, and ours, which nobody has used, goes.
            await self._client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=WAITING_DAYS)
            key_id = await self._described(alias)
        return key_id

    async def _described(self, alias: str) -> str:
        """The id of an alias's key; empty when there is none."""
        try:
            found = await self._client.describe_key(KeyId=alias)
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise
            return ""
        return str(found["KeyMetadata"]["KeyId"])

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        """See `application/ports/facts/keys.py`."""
        try:
            opened = await self._client.decrypt(CiphertextBlob=wrapped, EncryptionContext={"tenant": tenant})
        except ClientError as error:
            if code_of(error) in GONE:
                raise NotFound("This tenant's key was destroyed.") from error
            raise unavailable(error) from error
        except BotoCoreError as error:
            raise unavailable(error) from error
        plain: bytes = opened["Plaintext"]
        return plain


def _alias(tenant: str) -> str:
    return f"alias/colloquy/{tenant}"


def tags_of(tenant: str) -> list[dict[str, str]]:
    """By these, policies tell the keys of tenants from all others of an account, and people which tenant's one is."""
    return [{"TagKey": "colloquy", "TagValue": "tenant"}, {"TagKey": "colloquy:tenant", "TagValue": tenant}]


def code_of(error: ClientError) -> str:
    """The code in KMS's answer."""
    return str(error.response["Error"]["Code"])


def unavailable(error: Exception) -> DependencyUnavailable:
    """What a caller hears when KMS is away or refuses."""
    return failure("KMS", error, "The key service is away; try again.", 2)
