"""`python -m services.newsfeed`: put released messages in their audiences' feeds."""

import asyncio

from services.fanout.worker import run_worker
from services.newsfeed.service import FeedCarrier
from services.runtime.service import Service, run


async def start(service: Service) -> None:
    """Carry out batches until told to stop; publish what the ledger says of them meanwhile."""
    publishing = asyncio.create_task(service.publish_outbox())
    try:
        await run_worker(service, FeedCarrier(service.pool))
    finally:
        publishing.cancel()


if __name__ == "__main__":
    run("newsfeed", start)
