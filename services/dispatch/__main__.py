"""`python -m services.dispatch`: the one place that puts it together."""

from services.dispatch import service
from services.dispatch.settings import DispatchSettings
from services.runtime.service import Service, run, until


async def start(running: Service) -> None:
    """Run dispatch until it is told to stop; whatever it is doing then is a transaction that did not happen."""
    await until(running.stopping, service.serve(running, DispatchSettings()))


if __name__ == "__main__":
    run("dispatch", start)
