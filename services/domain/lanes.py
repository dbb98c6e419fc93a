"""Which messages go first.

Lanes are separate roads (own topics, consumers and connections); priority orders what shares a road.
"""

from typing import Final, Literal

Lane = Literal["urgent", "routine"]
LANES: Final[tuple[Lane, ...]] = ("urgent", "routine")

Channel = Literal["mail", "sms", "newsfeed"]
CHANNELS: Final[tuple[Channel, ...]] = ("mail", "sms", "newsfeed")

Kind = Literal["alert", "update", "correction", "all-clear"]
PRIORITY: Final[dict[str, int]] = {"correction": 0, "all-clear": 1, "alert": 2, "update": 3, "edition": 4}
"""Lower goes first. What puts an error right must overtake what spreads it (Hawaii, 2018)."""


def deliveries_topic(channel: str, lane: str) -> str:
    """Topic name without prefix of the batches of a channel and lane; the newsfeed has one lane only."""
    return "deliveries.newsfeed" if channel == "newsfeed" else f"deliveries.{channel}.{lane}"
