"""Checks of what stands around Roeland: PostgreSQL, Kafka, the relay, Twilio; and of Roeland's own services."""

import asyncio
from typing import Final, Literal
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.admin.alarms import remedy
from services.admin.alone import on_this_machine_alone
from services.mail.relay import opener
from services.mail.settings import MailSettings
from services.runtime.commands import UNANSWERED_AFTER
from services.runtime.errors import Foreseen
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings, connect
from services.runtime.public_url import PublicUrlSettings
from services.runtime.topics import TOPICS
from services.sms.settings import SinchSettings, TwilioSettings
from services.sms.sinch import open_sinch
from services.sms.twilio import open_twilio
from services.store import workers
from services.store.alarms import CANNOT_SEND, STALLED, rung
from services.store.migrate import pending

Finding = tuple[Literal["ok", "remark", "problem"], str, str]

WORKERS: Final = ("mail", "sms", "newsfeed")
BEAT_SECONDS: Final = 3.0


async def database() -> Finding:
    """It answers, and has this version's tables."""
    settings = DatabaseSettings()
    async with connect(settings) as connection:
        version = connection.info.server_version // 10000
    if lacking := await asyncio.to_thread(pending, settings.url()):
        return "problem", f"lacks the tables of {', '.join(lacking)}", "Run `roeland db migrate`."
    return "ok", f"PostgreSQL {version} answers, its tables are up to date", ""


async def kafka() -> Finding:
    """It answers, and has all topics."""
    settings = KafkaSettings()
    admin = AIOKafkaAdminClient(**settings.client(), request_timeout_ms=5000)
    try:
        await admin.start()
        there = set(await admin.list_topics())
    except (KafkaError, OSError) as problem:
        return (
            "problem",
            f"cannot be reached ({type(problem).__name__})",
            "Is it running? Check ROELAND_KAFKA_BOOTSTRAP.",
        )
    finally:
        await admin.close()
    if lacking := [topic.name for topic in TOPICS if settings.topic(topic.name) not in there]:
        return "problem", f"lacks the topics {', '.join(lacking)}", "Run `roeland topics create`."
    return "ok", "answers, and has all topics", ""


async def relay() -> Finding:
    """It lets us in."""
    settings = MailSettings()
    sender = settings.sender()
    try:
        session = await opener(settings)()
    except Foreseen as problem:
        return "problem", str(problem), "Check ROELAND_SMTP_URL, and whether the relay lets this machine in."
    await session.close()
    return "ok", f"lets us in; mail comes from {sender.domain}", ""


async def twilio() -> Finding:
    """It knows our account."""
    settings = TwilioSettings()
    settings.sender()
    async with open_twilio(settings, 1) as account:
        ruling = await account.ask()
    if ruling is not None:
        return (
            "problem",
            f"does not take our messages: {ruling.reason or ruling.code}",
            "Check ROELAND_TWILIO_ACCOUNT_SID and _AUTH_TOKEN.",
        )
    return "ok", "knows our account", ""


async def sinch() -> Finding:
    """It knows our service plan; or there is no second provider."""
    settings = SinchSettings()
    if not settings.on:
        return "ok", "not set up: SMS wait while Twilio is away (docs/sms.md)", ""
    async with open_sinch(settings, 1) as plan:
        ruling = await plan.ask()
    if ruling is not None:
        return (
            "problem",
            f"does not take our messages: {ruling.reason or ruling.code}",
            "Check ROELAND_SINCH_SERVICE_PLAN_ID, _API_TOKEN and _REGION.",
        )
    return "ok", "knows our service plan", ""


async def public_address() -> Finding:
    """Recipients and providers can find us."""
    url = PublicUrlSettings().public_url
    if url is None:
        return (
            "remark",
            "ROELAND_PUBLIC_URL is not set: no feeds, no newsletters, and no word of SMS that were delivered",
            ("Set it to what the world sees of `services.public`."),
        )
    if (urlsplit(url).hostname or "").startswith("127."):
        if on_this_machine_alone():
            return "ok", f"{url}, for this machine alone", ""
        return (
            "remark",
            f"{url} is this machine: nobody else can read a feed",
            "Set ROELAND_PUBLIC_URL to what they see.",
        )
    if url.startswith("http://"):
        what = "a feed's address is a secret, and mail programs offer no one-click unsubscribing"
        return "remark", f"{url} is not encrypted: {what}", "Put `services.public` behind HTTPS."
    return "ok", url, ""


async def services() -> Finding:
    """The workers beat, and somebody answers commands."""
    async with connect(autocommit=True) as connection:
        before = {name: await workers.beats(connection, name) for name in WORKERS}
        await asyncio.sleep(BEAT_SECONDS)
        dead = [name for name in WORKERS if not _moved(before[name], await workers.beats(connection, name))]
        waiting = await connection.execute(
            "SELECT count(*) FROM command WHERE answer IS NULL AND given_at < now() - %s", (UNANSWERED_AFTER,)
        )
        row = await waiting.fetchone()
    if dead:
        each = ", ".join(f"`python -m services.{name}`" for name in dead)
        return "problem", f"no worker runs for {', '.join(dead)}", f"Start {each}, or `roeland up`."
    if row and row[0]:
        return "problem", f"{row[0]} commands wait for an answer", "Start `python -m services.editorial`, see its log."
    return "ok", f"{', '.join(WORKERS)} are running", ""


async def alarms() -> Finding:
    """None stands. What keeps messages from people now is a problem; what tells of people or promises, a remark."""
    async with connect() as connection:
        standing = await rung(connection)
    if not standing:
        return "ok", "none stands", ""
    blocking = [each for each in standing if each.kind in (CANNOT_SEND, STALLED)]
    first = (blocking or standing)[0]
    found = ", ".join(f"{each.kind} ({each.subject})" for each in standing)
    return "problem" if blocking else "remark", found, f"{remedy(first.kind)} All: `roeland alarms`"


def _moved(before: dict[int, int], after: dict[int, int]) -> bool:
    return any(beat != before.get(epoch) for epoch, beat in after.items())
