"""Each refusal has its place in the one table, and the table holds the contract's codes and no others."""

from __future__ import annotations

import pytest

from api.problems import TABLE, all_refusals, close_code, describe, refusal_of
from application.ports.models.model import FailureKind, ModelFailure
from domain.refusals import DocumentNotFound, DocumentRefused, Internal, RateLimited, Refusal, Unauthorized

# As protocol.md lists them.
CONTRACT = """
    invalid_json too_deep invalid_message unknown_type invalid_field duplicate_key invalid_character empty_prompt
    prompt_too_long metadata_too_large frame_too_large turn_in_progress idempotency_conflict turn_not_found
    session_not_open session_already_open session_not_found assistant_not_found document_not_found file_not_found
    not_found resume_out_of_range invalid_cursor invalid_range unauthorized forbidden rate_limited budget_exceeded
    overloaded model_unavailable pii_blocked draining unsupported_media_type payload_too_large dependency_unavailable
    internal in_use
"""
CLOSE_CODES = {1000, 1003, 1009, 1011, 1012, 1013, 4400, 4401, 4403, 4404, 4408, 4429}


def test_the_table_is_the_contracts_list() -> None:
    assert set(TABLE) == set(CONTRACT.split())


@pytest.mark.parametrize("kind", list(all_refusals()), ids=lambda kind: kind.__name__)
def test_every_refusal_is_in_the_table(kind: type[Refusal]) -> None:
    refusal = kind("unreadable", "It cannot be read.") if issubclass(kind, DocumentRefused) else kind()
    problem, _ = describe(refusal)
    assert problem.status == TABLE[kind.code][0]
    assert problem.title
    assert close_code(refusal) in CLOSE_CODES


def test_a_refused_document_says_which_of_the_reasons() -> None:
    problem, _ = describe(DocumentRefused("password_protected", "The file is encrypted."))
    assert (problem.status, problem.code) == (400, "password_protected")
    assert describe(DocumentRefused("too_large", "It is too large."))[0].status == 413


def test_what_must_be_the_same_for_all_says_nothing_of_its_own() -> None:
    for told in (Unauthorized("expired"), DocumentNotFound("01977c9e"), Internal("SELECT failed")):
        assert describe(told)[0].detail == describe(type(told)())[0].detail


def test_limits_say_when_to_come_back() -> None:
    assert describe(RateLimited(retry_after_s=2.1))[1]["retry-after"] == "3"
    assert describe(RateLimited())[1]["retry-after"] == "1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("whatever"), "internal"),
        (TimeoutError(), "dependency_unavailable"),
        (ConnectionResetError(), "dependency_unavailable"),
        (RecursionError(), "too_deep"),
        (ModelFailure(FailureKind.THROTTLED, "slow down", code="ThrottlingException"), "model_unavailable"),
        (ExceptionGroup("tasks", [RateLimited()]), "rate_limited"),
        (ExceptionGroup("tasks", [RateLimited(), ValueError()]), "internal"),
    ],
)
def test_any_error_becomes_a_refusal(error: Exception, code: str) -> None:
    assert refusal_of(error).code == code
