"""Keys, tokens and passwords: by the form their issuers gave them, or by a word before them that says so."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from application.ports.detector import Span

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|.*)",
    re.DOTALL,
)
_FORMS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA|AIDA|AROA|AGPA|ANPA|ABIA|ACCA)[A-Z2-7]{16}"  # AWS
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?(?:\.[\w-]+){0,2}"  # JWT, JWE
    r"|(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}|glpat-[\w-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}"  # Slack
    r"|(?:sk|rk|pk|whsec)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}"  # Stripe
    r"|sk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"  # model providers
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}"  # Google
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}|(?:AC|SK)[0-9a-f]{32}"  # mail and telephony
    r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|hf_[A-Za-z0-9]{30,}|dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|EAACEdEose0cBA\w+|sq0(?:atp|csp)-[\w-]{22,}|lin_api_\w{40}|dckr_pat_[\w-]{27}|hvs\.[\w-]{24,}"
    r")"
)
_IN_URL = re.compile(r"(?<=://)[^\s/:@\"'<>]{1,128}:([^\s/@\"'<>]{1,256})(?=@)")
_BEARER = re.compile(r"\b(?:bearer|basic)\s+([A-Za-z0-9+/_.~-]{16,}={0,2})", re.IGNORECASE)
_WORD = (
    r"pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|mdp|contraseñ?a|clave|senha|has[łl]o|wachtwoord"
    r"|parola d'ordine|lösenord|(?:api|access|secret|private|encryption|license|account|storage|shared"
    r"|auth)[ _-]?(?:access[ _-]?)?(?:key|token|secret)"
    r"|token|secret|client[ _-]secret|aws_secret_access_key|credential|otp|one-time code|verification code"
    r"|recovery code|seed phrase|clé (?:api|secrète)|schlüssel|zugangsschlüssel|llave|chiave|sleutel|klucz"
)
_SAID = re.compile(
    rf"(?:\b|_)(?P<word>{_WORD})s?\b[\"']?(?:\s(?:of|for|on|do|da|de|del|di|von|van|für|voor|dla|para|per"
    rf"|pour)\s\S{{1,64}})?\s{{0,2}}(?P<link>=>|:=|[:=]|->|\bis now\b|\bis set to\b|\bis\b|\bwas\b|\bto\b|\bist\b"
    rf"|\blautet\b|\best\b|\bes\b|\bè\b|\bé\b|\bto jest\b|\bto:)?[:=]?\s{{0,2}}"
    rf"(?P<quote>[\"'`“„«]?)(?P<value>[^\s\"'`“”„«»<>]{{4,200}})",
    re.IGNORECASE,
)
_ALL_STEMS = (
    "pass|pwd|kennwort|mot de|mdp|contrase|clave|senha|has|wachtw|parola|lösen|key|token|secret|credential|otp|code"
    "|phrase|clé|schlüssel|llave|chiave|sleutel|klucz"
)
_STEMS = _ALL_STEMS.split("|")
"""Parts of the words above: a text without any need not be searched for them."""
_PIN = re.compile(
    r"\b(?:PIN(?:[ -]?(?:code|number))?|passcode|código|codice pin|code pin)\b(?:\s(?:is|ist|est|es|è"
    r"|for \w+ is))?[\s:=]{1,3}([0-9]{4,8})(?!\w)"
)
_NO_VALUE = re.compile(
    r"[\[(<{].*|[$%]\W.*|[*•xX.#_-]+|(?:null|none|true|false|string|required|optional|here|expired|invalid)\W*",
    re.IGNORECASE,
)


def private_keys(text: str) -> Iterator[Span]:
    """Private keys in PEM; one that has no end reaches to the end of the text."""
    for match in _PRIVATE_KEY.finditer(text):
        yield Span("credential", *match.span())


def credentials(text: str) -> Iterator[Span]:
    """Tokens, passwords, and keys other than `private_keys`."""
    for match in _FORMS.finditer(text):
        yield Span("credential", *match.span())
    if "://" in text:
        for match in _IN_URL.finditer(text):
            yield Span("credential", *match.span(1))
    lower = text.lower()
    for match in _BEARER.finditer(text) if "bearer" in lower or "basic" in lower else ():
        if _looks_random(match[1]):
            yield Span("credential", *match.span(1))
    for match in _SAID.finditer(text) if any(stem in lower for stem in _STEMS) else ():
        value = match["value"].rstrip(".,;:)]}")
        if len(value) >= 4 and _is_secret(value, match["link"] or "", bool(match["quote"])):
            start = match.start("value")
            yield Span("credential", start, start + len(value), 0.96)
    for match in (
        _PIN.finditer(text) if "pin" in lower or "code" in lower or "código" in lower or "codice" in lower else ()
    ):
        yield Span("credential", *match.span(1), 0.9)


def _is_secret(value: str, link: str, quoted: bool) -> bool:
    """What an equals sign or quotes introduce is a value; after `is` or nothing it must be unlike a word."""
    if _NO_VALUE.fullmatch(value):
        return False
    if quoted or (link in ("=", ":", ":=", "=>", "->") and (not value.isalpha() or link != ":")):
        return True
    kinds = sum((any(map(str.isdigit, value)), any(map(str.isalpha, value)), any(not c.isalnum() for c in value)))
    mixed = kinds >= 2 and any(map(str.isdigit, value))
    signs = any(c in "!@#$%^&*+=?~" for c in value[:-1]) and any(map(str.isalpha, value))
    if link:
        return mixed or signs or (link == ":" and value.isalpha() and (not value.islower() and not value.istitle()))
    return mixed and len(value) >= 8 and _looks_random(value)


def _looks_random(value: str) -> bool:
    """At least 3 bits a character over 12 characters: more than a word or a date has."""
    if len(value) < 12:
        return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= 3.0 and any(map(str.isdigit, value))
