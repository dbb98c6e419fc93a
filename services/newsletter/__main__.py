"""`python -m services.newsletter`: the one place that puts it together."""

from services.newsletter import service
from services.newsletter.clock import Clock
from services.rendering.centre import zone_in_force
from services.runtime.service import Service, run, until


async def start(running: Service) -> None:
    """Run the clock until it is told to stop; whatever it decides then is a transaction that did not happen."""
    running.kafka.client()  # a wrong setting is told now, and not at the first edition
    clock = Clock(running.pool, zone_in_force(), running.source)
    await until(running.stopping, service.serve(running, clock))


if __name__ == "__main__":
    run("newsletter", start, needs=("postgres",))  # editorial asks PostgreSQL for what Kafka does not bring
