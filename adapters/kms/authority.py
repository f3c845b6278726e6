"""KeyAuthority on AWS KMS: one KMS key a tenant, so that its deletion destroys all that the tenant sealed."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.refusals import DependencyUnavailable


class KmsKeyAuthority:
    """Data keys by GenerateDataKey, bound to the tenant by the encryption context."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        """See `application/ports/keys.py`."""
        try:
            key_id = await self._key_of(tenant)
            made = await self._client.generate_data_key(
                KeyId=key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant}
            )
        except (BotoCoreError, ClientError) as error:
            raise DependencyUnavailable("The key service refused or is away; try again.") from error
        return made["Plaintext"], made["CiphertextBlob"]

    async def _key_of(self, tenant: str) -> str:
        alias = f"alias/colloquy/{tenant.lstrip('_')}"
        try:
            found = await self._client.describe_key(KeyId=alias)
            return str(found["KeyMetadata"]["KeyId"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
        made = await self._client.create_key(Description=f"Colloquy tenant {tenant}", KeySpec="SYMMETRIC_DEFAULT")
        key_id = str(made["KeyMetadata"]["KeyId"])
        await self._client.create_alias(AliasName=alias, TargetKeyId=key_id)
        return key_id

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        """See `application/ports/keys.py`."""
        try:
            opened = await self._client.decrypt(CiphertextBlob=wrapped, EncryptionContext={"tenant": tenant})
        except (BotoCoreError, ClientError) as error:
            raise DependencyUnavailable("The key service refused or is away; try again.") from error
        plain: bytes = opened["Plaintext"]
        return plain
