"""Whose model speaks where the stand-in is Bedrock: none, or one of somebody's own, which is waited for longer."""

from __future__ import annotations

from collections.abc import Mapping

from api.settings import Settings

UPSTREAM = "COLLOQUY_STANDIN_UPSTREAM_"
PATIENT = {"COLLOQUY_FIRST_TOKEN_S": "60", "COLLOQUY_STREAM_IDLE_S": "30", "COLLOQUY_TURN_S": "300"}


def patience(given: Mapping[str, str]) -> dict[str, str]:
    """The deadlines of turns where a model of somebody's own answers, but for those that are given: it may have to be
    loaded first, and thinks slowly."""
    if not given.get(f"{UPSTREAM}URL"):
        return {}
    return {name: value for name, value in PATIENT.items() if not given.get(name)}


def speaker_of(settings: Settings) -> str:
    """Who answers where the stand-in is Bedrock, in words for people; ValueError when that cannot be told."""
    if not settings.standin_upstream_url:
        return "a local stand-in that quotes passages, no language model"
    if not settings.standin_upstream_model:
        raise ValueError(f"{UPSTREAM}MODEL must name the model that {UPSTREAM}URL is to be asked for")
    return f"{settings.standin_upstream_model}, through a local stand-in"
