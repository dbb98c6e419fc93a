"""`python -m services.newsfeed`: put released messages in their audiences' feeds."""

from services.fanout.worker import run_worker
from services.newsfeed.service import FeedCarrier
from services.newsfeed.settings import NewsfeedSettings
from services.runtime.service import Service, run


async def start(service: Service) -> None:
    """Carry out batches until told to stop."""
    await run_worker(service, FeedCarrier(service.pool, NewsfeedSettings().authority()))


if __name__ == "__main__":
    run("newsfeed", start, by_key=True)
