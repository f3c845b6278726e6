"""Keys, tokens and passwords: by the form their issuers gave them, or by a word before them that says so."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from adapters.pii.folding import fold
from adapters.pii.stretches import Found, found, spans
from adapters.pii.word_starts import starts
from application.ports.models.detector import Span

_KEY_BEGINS = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,40}+ ){0,3}?PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END (?:[A-Z0-9]{1,40}+ ){0,3}?PRIVATE KEY(?: BLOCK)?-----")
_LONG = re.compile(r"[A-Za-z0-9](?<![A-Za-z0-9_-].)[\w.+/=-]{15,}+")
"""Words as long as the shortest of the forms: only in such are they looked for."""
_FORMS = re.compile(
    r"[A-Za-z](?<![A-Za-z0-9_-].)(?:"
    r"(?<=A)(?:(?:KIA|SIA|IDA|ROA|GPA|NPA|BIA|CCA)[A-Z2-7]{16}|C[0-9a-f]{32}|Iza[\w-]{35})"  # AWS, telephony, Google
    r"|(?<=e)yJ[\w-]{8,}\.[\w-]{8,}+(?:\.[\w-]*+)?(?:\.[\w-]++){0,2}"  # JWT, JWE
    r"|(?<=g)(?:h[pousr]_[A-Za-z0-9]{30,255}|ithub_pat_\w{22,255}|lpat-[\w-]{20,}+)"
    r"|(?<=x)(?:ox[abeoprs]-[A-Za-z0-9-]{10,}+|app-[0-9]-[A-Za-z0-9-]{10,}+)"  # Slack
    r"|(?<=[srp])k_(?:live|test)_[A-Za-z0-9]{16,}+|(?<=w)hsec_(?:(?:live|test)_[A-Za-z0-9]{16,}+|[A-Za-z0-9+/=]{24,}+)"
    r"|(?<=s)k-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}+"  # model providers
    r"|(?<=c)k_[A-Za-z0-9_-]{72}"  # our own
    r"|(?<=y)a29\.[\w-]{20,}+|(?<=G)OCSPX-[\w-]{20,}+"  # Google
    r"|(?<=S)(?:G\.[\w-]{16,}+\.[\w-]{16,}+|K[0-9a-f]{32})|(?<=k)ey-[0-9a-f]{32}"  # mail, telephony
    r"|(?<=n)pm_[A-Za-z0-9]{36}|(?<=p)ypi-[\w-]{50,}+|(?<=h)(?:f_[A-Za-z0-9]{30,}+|vs\.[\w-]{24,}+)"
    r"|(?<=d)(?:op_v1_[0-9a-f]{64}|ckr_pat_[\w-]{27})|(?<=s)(?:hp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|q0(?:atp|csp)-[\w-]{22,}+)|(?<=E)AACEdEose0cBA\w++|(?<=l)in_api_\w{40}"
    r")"
)
_IN_URL = re.compile(r"//(?<=://)[^\s/:@\"'<>]{1,128}+:([^\s/@\"'<>]{1,256}+)(?=@)")
_BEARER = re.compile(r"[bB](?<!\w.)(?:(?i:earer)|(?i:asic))\s{1,40}+([A-Za-z0-9+/_.~-]{16,}+={0,2})")
_OF_A_KEY = "".join(
    rf"|{word}[ _-]?(?:access[ _-]?)?(?:key|token|secret)"
    for word in ["api", "access", "secret", "private", "encryption", "license", "account", "storage", "shared", "auth"]
)
_WORD = (
    r"pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|mdp|contraseñ?a|clave|senha|has[łl]o|wachtwoord"
    rf"|parola d'ordine|lösenord{_OF_A_KEY}"
    r"|token|secret|client[ _-]secret|aws_secret_access_key|credential|otp|one-time code|verification code"
    rf"|{fold('пароль').text}|パスワード|密码|密碼|비밀번호"
    r"|recovery code|seed phrase|clé (?:api|secrète)|schlüssel|zugangsschlüssel|llave|chiave|sleutel|klucz"
)
_SAID = re.compile(
    starts(_WORD, r"(?<![^\W_].)") + r"s?\b[\"']?(?:\s(?:of|for|on|do|da|de|del|di|von|van|für|voor|dla|para|per"
    r"|pour)\s\S{1,64})?\s{0,2}(?P<link>=>|:=|[:=]|->|\bis now\b|\bis set to\b|\bis\b|\bwas\b|\bto\b|\bist\b"
    r"|\blautet\b|\best\b|\bes\b|\bè\b|\bé\b|\bto jest\b|\bto:)?[:=]?\s{0,2}"
    r"(?P<quote>[\"'`“„«]?)(?P<value>[^\s\"'`“”„«»<>]{4,200}+)"
)
_ALL_STEMS = (
    "pass|pwd|kennwort|mot de|mdp|contrase|clave|senha|has|wachtw|parola|lösen|key|token|secret|credential|otp|code"
    rf"|{fold('пароль').text}|パスワード|密码|密碼|비밀번호|phrase|clé|schlüssel|llave|chiave|sleutel|klucz"
)
_STEMS = _ALL_STEMS.split("|")
"""Parts of the words above: a text without any need not be searched for them."""
_PIN_STEMS = ("pin", "code", "código", "codice")
_PIN = re.compile(
    starts("PIN(?:[ -]?(?:code|number))?|passcode|código|codice pin|code pin") + r"\b(?:\s(?:is|ist|est|es|è"
    r"|for \w{1,40}+ is))?[\s:=]{1,3}([0-9]{4,8})(?!\w)"
)
_NO_VALUE = re.compile(
    r"[\[(<{][^\W\d][\w .-]*[\])>}]?\W?|[\[(<{]{2}.*|[$%][({\[].*|[*•xX.#_-]+"
    r"|(?:null|none|true|false|string|required|optional|here|expired|invalid)\W*",
    re.IGNORECASE,
)


def private_keys(text: str) -> Found:
    """Private keys in PEM; one that has no end reaches to the end of the text."""
    done = 0
    for begin in _KEY_BEGINS.finditer(text):
        if begin.start() >= done:
            end = _KEY_ENDS.search(text, begin.end())
            done = end.end() if end else len(text)
            yield Span("credential", begin.start(), done)


def credentials(text: str) -> Found:
    """Tokens, passwords, and keys other than `private_keys`."""
    lower = text.lower()
    yield from found(_LONG, text, _forms, len(text))  # a token has no greatest length
    if "://" in text:
        yield from spans(_IN_URL, text, "credential", group=1)
    if "bearer" in lower or "basic" in lower:
        yield from found(_BEARER, text, _bearer, len(text))
    if any(stem in lower for stem in _STEMS):
        yield from found(_SAID, lower, lambda match: _said(match, text))
    if any(stem in lower for stem in _PIN_STEMS):
        yield from spans(_PIN, text, "credential", 0.9, 1)


def _forms(word: re.Match[str]) -> Iterator[Span]:
    for match in _FORMS.finditer(word.string, *word.span()):
        yield Span("credential", *match.span())


def _bearer(match: re.Match[str]) -> Iterator[Span]:
    if _looks_random(match[1]):
        yield Span("credential", *match.span(1))


def _said(match: re.Match[str], text: str) -> Iterator[Span]:
    start = match.start("value")
    value = text[start : match.end("value")].rstrip(".,;:)]}")
    if len(value) >= 4 and _is_secret(value, match["link"] or "", bool(match["quote"])):
        yield Span("credential", start, start + len(value), 0.96)


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
