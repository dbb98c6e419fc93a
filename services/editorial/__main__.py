"""`python -m services.editorial`: the one place that puts it together."""

from services.domain.configuration import Configuration
from services.domain.problems import Refused
from services.editorial import service
from services.editorial.authority import all_local
from services.editorial.desk import Desk
from services.editorial.settings import EditorialSettings
from services.editorial.warm import warm
from services.rendering.centre import RenderingSettings
from services.rendering.shelf import Shelf
from services.runtime.configuration import configuration_in_force
from services.runtime.errors import Foreseen
from services.runtime.service import Service, run, until


async def start(running: Service) -> None:
    """Run editorial until it is told to stop; whatever it is doing then is a transaction that did not happen."""
    configuration = configuration_in_force()
    desk = Desk(
        pool=running.pool,
        shelf=_shelf(configuration),
        configuration=configuration,
        source=running.source,
        trusts_assertions=all_local(running.kafka.bootstrap(), running.database.url()),
        take_back=EditorialSettings().take_back,
    )
    await until(running.stopping, service.serve(running, desk))


def _shelf(configuration: Configuration) -> Shelf:
    """Read and compiled, so that the first message of a crisis does not wait for that."""
    try:
        return Shelf(RenderingSettings(), lambda templates: warm(templates, configuration))
    except Refused as refused:
        raise Foreseen(str(refused)) from None


if __name__ == "__main__":
    run("editorial", start)
