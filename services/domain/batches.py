"""How a plan is cut into batches: contiguous ranges of sequence numbers, each on one road."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BATCH_SIZE: Final = 200
"""Deliveries in a batch: enough to make the database's share small, few enough to stop within a second."""


@dataclass(frozen=True, slots=True, order=True)
class BatchRef:
    """Names a batch: message number and batch number. Says nothing about who it is for."""

    message: int
    number: int

    def __str__(self) -> str:
        return f"{self.message}/{self.number}"


def ranges(first: int, count: int, size: int = BATCH_SIZE) -> Iterator[tuple[int, int]]:
    """Cut `count` sequence numbers from `first` on into (first, last) pairs of at most `size`, both inclusive."""
    for start in range(first, first + count, size):
        yield start, min(start + size, first + count) - 1
