"""`python -m services.editorial`: the one place that puts it together."""

from services.domain.configuration import DEFAULT
from services.domain.problems import Refused
from services.editorial import service
from services.editorial.authority import all_local
from services.editorial.desk import Desk
from services.rendering.templates import Templates, load_templates
from services.runtime.errors import Foreseen
from services.runtime.service import Service, run, until


async def start(running: Service) -> None:
    """Run editorial until it is told to stop; whatever it is doing then is a transaction that did not happen."""
    desk = Desk(
        pool=running.pool,
        templates=_templates(),
        configuration=DEFAULT,
        source=running.source,
        trusts_assertions=all_local(running.kafka.bootstrap(), running.database.url()),
    )
    await until(running.stopping, service.serve(running, desk))


def _templates() -> Templates:
    try:
        return load_templates()
    except Refused as refused:
        raise Foreseen(str(refused)) from None


if __name__ == "__main__":
    run("editorial", start)
