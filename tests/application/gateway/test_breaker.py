"""The breaker's rules, on a clock of the test's own."""

from application.gateway.breaker import LEAST_CALLS, OPEN_S, PROBES, WINDOW_S, Breaker
from application.gateway.health import MOST_MODELS, Health
from application.ports.models.model import FailureKind, ModelFailure


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock=clock)
    fail(breaker, LEAST_CALLS)
    return breaker, clock


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.allows()
        breaker.record("failed")


def test_half_of_enough_calls_failing_opens_it() -> None:
    breaker = Breaker(clock=Clock())
    for number in range(LEAST_CALLS - 1):
        assert breaker.allows()
        breaker.record("failed" if number % 2 else "ok")
    assert breaker.allows()
    breaker.record("slow")
    assert not breaker.allows()


def test_few_calls_or_old_ones_never_open_it() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(LEAST_CALLS * 3):
        fail(breaker, 1)
        clock.now += WINDOW_S / (LEAST_CALLS - 2)
    assert breaker.state == "closed"


def test_failures_that_end_before_the_answers_of_their_burst_do_not_open_it() -> None:
    breaker = Breaker(clock=Clock())
    for _ in range(100):
        assert breaker.allows()
    for _ in range(49):
        breaker.record("failed")
    assert breaker.state == "closed"
    breaker.record("failed")
    assert breaker.state == "open"


def test_throttling_and_the_callers_own_mistakes_do_not_count() -> None:
    health = Health(Clock())
    for _ in range(100):
        health.breaker("m").allows()
        health.failed("m", ModelFailure(FailureKind.THROTTLED, "slow down", refused=True))
        health.failed("m", ModelFailure(FailureKind.INVALID_REQUEST, "too long", refused=True))
    assert health.breaker("m").state == "closed"


def test_a_first_token_near_its_deadline_counts_as_slow() -> None:
    health = Health(Clock())
    for _ in range(LEAST_CALLS):
        health.breaker("m").allows()
        health.succeeded("m", 7.0, 8.0)
    assert health.breaker("m").state == "open"


def test_after_a_while_three_probes_go_through_and_close_it() -> None:
    breaker, clock = opened()
    clock.now += OPEN_S
    assert [breaker.allows() for _ in range(PROBES + 2)] == [True] * PROBES + [False] * 2
    for _ in range(PROBES):
        breaker.record("ok")
    assert breaker.state == "closed"


def test_one_failed_probe_of_three_closes_it_and_two_double_the_wait() -> None:
    breaker, clock = opened()
    clock.now += OPEN_S
    for outcome in ("ok", "failed", "ok"):
        assert breaker.allows()
        breaker.record(outcome)
    assert breaker.state == "closed"
    breaker, clock = opened()
    clock.now += OPEN_S
    fail(breaker, 2)
    clock.now += OPEN_S
    assert not breaker.allows()
    clock.now += OPEN_S
    assert breaker.allows()


def test_a_probe_that_told_nothing_may_be_used_again() -> None:
    breaker, clock = opened()
    clock.now += OPEN_S
    for _ in range(PROBES):
        assert breaker.allows()
        breaker.forget()
    assert breaker.allows()


def test_models_without_end_are_not_remembered_without_end() -> None:
    health = Health(lambda: 0.0)
    for number in range(3 * MOST_MODELS):
        health.failed(f"model-{number}", ModelFailure(FailureKind.ACCESS_DENIED, "no"))
        health.heard(f"model-{number}", 1.0)
    assert len(health.states()) == len(health.first_token_s) == MOST_MODELS
    assert health.refused("model-0") == "" and health.refused(f"model-{3 * MOST_MODELS - 1}") == "AccessDenied"
