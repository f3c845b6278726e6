"""Vectors as parameters in pgvector's binary form: ten kilobytes of text are a tenth of a small search."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from pgvector import HalfVector
from pgvector.psycopg.halfvec import HalfVectorBinaryDumper

# Without the type's number, which is another one in each database: the statement's cast says what it is.
psycopg.adapters.register_dumper(HalfVector, HalfVectorBinaryDumper)


def half_vector(vector: Sequence[float]) -> HalfVector:
    """A vector for a parameter that the statement casts to `halfvec`."""
    return HalfVector(list(vector))
