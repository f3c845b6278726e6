"""`python -m tests.simulation`: many seeds, and each that fails with its trace."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter

import click

BUGS = ("fence", "dedupe", "holes", "intents")


@click.command()
@click.option("--seeds", default=1_000, show_default=True, help="How many.")
@click.option("--from", "first", default=1, show_default=True, help="The first of them.")
@click.option("--seed", type=int, help="This one alone, with its trace.")
@click.option("--plant", "plants", multiple=True, type=click.Choice(BUGS), help="A bug to plant.")
@click.option("--stop/--go-on", default=True, help="At the first that fails.")
def main(seeds: int, first: int, seed: int | None, plants: tuple[str, ...], stop: bool) -> None:
    """Play installations under faults that seeds draw. Example: python -m tests.simulation --seeds 10000 --from 1"""
    from tests.simulation.run import simulate

    if seed is not None:
        told: list[str] = []
        try:
            outcome = simulate(seed, plants, told)
        finally:
            click.echo("\n".join(told))
        click.echo("\n".join(outcome.findings) or "nothing is wrong")
        sys.exit(bool(outcome.findings))
    began, failed, turns, happened, played = time.process_time(), 0, 0, Counter[str](), 0.0
    for number in range(first, first + seeds):
        outcome = simulate(number, plants)
        turns, happened, played = turns + outcome.turns, happened + outcome.happened, played + outcome.seconds
        if outcome.findings:
            failed += 1
            click.echo(f"seed {number}: {outcome.findings[0][:300]} (and {len(outcome.findings) - 1} more)")
            if stop:
                click.echo(
                    f"replay: python -m tests.simulation --seed {number}" + "".join(f" --plant {p}" for p in plants)
                )
                break
    took = time.process_time() - began
    done = number - first + 1
    click.echo(
        f"{done} seeds, {failed} failed; {turns} turns in {played:.0f} simulated seconds; "
        f"{took:.1f} s of one core, {done / took:.1f} seeds/s; {dict(sorted(happened.items()))}"
    )
    sys.exit(bool(failed))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # so that sets have the same order when a seed is played again
        arguments = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, arguments, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606  # this same program
    main()
