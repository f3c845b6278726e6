"""The composition of tokens alone: apart from `wiring`, so that a command that needs no more starts at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from api.settings import Settings
from application.ports.people.outside_identity import OutsideIdentity
from application.ports.people.tokens import TokenIssuer, TokenVerifier


def key_path(settings: Settings) -> Path:
    """Where the token keys are: the setting, else a file of the data directory."""
    return Path(settings.keys_file) if settings.keys_file else settings.data_path / "keys.json"


def create_token_keys(settings: Settings) -> None:
    """Make the key file unless it is there."""
    from adapters.jose.key_file import create_key_file

    create_key_file(key_path(settings))


def rotate_token_keys(settings: Settings) -> None:
    """Sign and encrypt with fresh keys from now on; tokens of the keys before stay good. Where there are none, these
    are the first."""
    from adapters.jose.key_file import create_key_file, rotate_key_file

    path = key_path(settings)
    (rotate_key_file if path.exists() else create_key_file)(path)


def rotate_cluster_keys(name: str) -> None:
    """The same with the keys in a Secret of the cluster that this process runs in, by its service account."""
    from adapters.jose.key_secret import in_cluster, rotate_secret

    with in_cluster() as cluster:
        rotate_secret(cluster, name)


def link_audience(settings: Settings) -> str:
    """Of tokens that make links to the console, and open nothing else: only who holds the installation's keys makes
    one, so that nobody's access token becomes a session that outlives it."""
    return f"{settings.audience}/console-links"


def token_issuer(settings: Settings, audience: str = "") -> TokenIssuer:
    """Issues tokens with the installation's keys; RuntimeError when there are none."""
    from adapters.jose.claims import ClaimRules
    from adapters.jose.issuer import JoseTokenIssuer
    from adapters.jose.key_file import KeyFile

    rules = ClaimRules(settings.issuer, audience or settings.audience, settings.token_ttl_s)
    return JoseTokenIssuer(KeyFile(_existing(settings)), rules)


def token_verifier(settings: Settings, audience: str = "") -> TokenVerifier:
    """Verifies tokens with the installation's keys; RuntimeError when there are none."""
    from adapters.jose.claims import ClaimRules
    from adapters.jose.key_file import KeyFile
    from adapters.jose.verifier import JoseTokenVerifier

    rules = ClaimRules(settings.issuer, audience or settings.audience, settings.token_ttl_s)
    return JoseTokenVerifier(KeyFile(_existing(settings)), rules)


def derivation_secrets(settings: Settings) -> Callable[[], Sequence[bytes]]:
    """What other keys of the installation are derived from, the current one first; RuntimeError when there is none."""
    from adapters.jose.key_file import KeyFile

    return KeyFile(_existing(settings)).secrets


@asynccontextmanager
async def outside_identity(settings: Settings) -> AsyncIterator[OutsideIdentity]:
    """The outside issuers of the file that the setting names, if any; RuntimeError says what of it cannot be."""
    from adapters.jose.outside_identity import open_outside_identity
    from adapters.jose.outside_issuers import BadIssuers, read_issuers

    try:
        issuers = read_issuers(Path(settings.oidc_file)) if settings.oidc_file else []
    except (BadIssuers, OSError) as error:
        raise RuntimeError(f"COLLOQUY_OIDC_FILE: {error}") from None
    async with open_outside_identity(issuers) as identity:
        yield identity


def keys_made_at(settings: Settings) -> Callable[[], float]:
    """When the current keys were made, in Unix seconds; RuntimeError when there are none."""
    from adapters.jose.key_file import KeyFile

    file = KeyFile(_existing(settings))
    return lambda: file.keys().made_at


def _existing(settings: Settings) -> Path:
    path = key_path(settings)
    if not path.exists():
        raise RuntimeError(
            f"there are no token keys in {path}: start the installation with `colloquy up`, or set COLLOQUY_KEYS_FILE"
        )
    return path
