"""Several searches for one question, fused into one ranking."""

from __future__ import annotations

from collections.abc import Sequence

from domain.session.events import Passage

RANK_OFFSET = 60


def fuse(rankings: Sequence[Sequence[Passage]], k: int) -> tuple[Passage, ...]:
    """The `k` best passages of several rankings, by reciprocal rank (Cormack, Clarke and Buettcher, SIGIR 2009), each
    once and with the best score it had. One ranking stays as it is."""
    if len(rankings) == 1:
        return tuple(rankings[0][:k])
    points: dict[str, float] = {}
    best: dict[str, Passage] = {}
    for ranking in rankings:
        for rank, passage in enumerate(ranking, 1):
            key = passage.passage_id
            points[key] = points.get(key, 0.0) + 1 / (RANK_OFFSET + rank)
            if key not in best or best[key].score < passage.score:
                best[key] = passage
    order = sorted(points, key=lambda key: -points[key])
    return tuple(best[key] for key in order[:k])
