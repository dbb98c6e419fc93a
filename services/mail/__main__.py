"""`python -m services.mail`: the worker that carries mail to the relay."""

from services.domain.problems import Refused
from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.worker import run_worker
from services.mail.readers import read_readers
from services.mail.service import MailCarrier
from services.mail.settings import MailSettings
from services.rendering.centre import Logo, RenderingSettings, read_logo
from services.runtime.errors import Foreseen
from services.runtime.priority import give_way
from services.runtime.service import Service, run


async def start(service: Service) -> None:
    """Carry mail until the service is told to stop."""
    settings = MailSettings()
    give_way(settings.mail_nice)
    carrier = MailCarrier(
        settings,
        service.health,
        logo=_logo(),
        bell=Bell(service.pool, MailCarrier.channel),
        bucket=_bucket(service, settings),
        readers=await read_readers(service.pool),
    )
    try:
        await run_worker(service, carrier)
    finally:
        await carrier.close()


def _bucket(service: Service, settings: MailSettings) -> Bucket | None:
    """The relay's own limit, shared by all who send to it."""
    if not settings.smtp_per_second:
        return None
    relay = settings.relay()
    return Bucket(service.pool, f"smtp:{relay.host}:{relay.port}", settings.smtp_per_second)


def _logo() -> Logo | None:
    try:
        return read_logo(RenderingSettings().centre_logo)
    except Refused as refused:
        raise Foreseen("; ".join(map(str, refused.problems))) from None


if __name__ == "__main__":
    run("mail", start, needs=("postgres", "kafka", "relay"), by_key=True)
