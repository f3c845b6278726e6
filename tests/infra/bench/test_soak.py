"""What a soak calls flat, and what it does not."""

from __future__ import annotations

from infra.bench.soak import JOBS, Sample, report, verdict


def sample(
    n: int, *, memory: float = 100.0, files: int = 50, first: float = 300.0, bytes_: int = 0, other: int = 0
) -> Sample:
    return Sample(
        at_s=n * 10.0, turns=10, failed=0, first_p50_ms=first, first_p99_ms=2 * first,
        memory=dict.fromkeys(JOBS, memory), files=dict.fromkeys(JOBS, files),
        tables={"public.events_0": bytes_, "public.leases": other},
    )  # fmt: skip


def test_what_grows_is_not_flat_and_what_warms_up_is() -> None:
    steady = [sample(n, memory=40.0 if n < 10 else 100.0, bytes_=n * 100_000) for n in range(30)]
    assert all(row.flat for row in verdict(steady))
    leaking = [
        sample(n, memory=100.0 + 10 * n, files=50 + 6 * n, first=300 + 40 * n, bytes_=n**3 * 1_000, other=n * 500_000)
        for n in range(30)
    ]
    assert not any(row.flat for row in verdict(leaking))


def test_the_page_has_a_picture_for_each_thing_and_asks_nobody() -> None:
    samples = [sample(n, bytes_=n * 1_000) for n in range(9)]
    page = report(samples, verdict(samples), "<script>")
    assert page.count("<svg") == 5 and "<script>" not in page and "http" not in page
