"""The Faust app: how it is set up, and the one way in which it reads a topic.

What is set here follows what was measured (`KNOWN.md`, faust-streaming): no exception may leave an agent, plain
iteration, one of each agent, a static member of its group, no web server, no `faust.Worker`. It has no tables and no
producer, so that it needs no topics of its own (`docs/decisions/situation.md`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import faust
import structlog
from faust.app.base import BootStrategy
from prometheus_client import Counter

from services.domain.events import Envelope, Unreadable, read_envelope
from services.runtime.kafka import KafkaSettings
from services.runtime.settings import data_dir

SKIPPED = Counter("roeland_situation_skipped_total", "Records that the stream could not use", ["topic", "why"])

SESSION_SECONDS: Final = 10
"""A member that is silent for so long is out of the group."""

Handle = Callable[[Envelope], Awaitable[None]]

log = structlog.get_logger(__name__)


class _ConsumerOnly(BootStrategy):
    enable_kafka_producer = False


class _App(faust.App):
    BootStrategy = _ConsumerOnly
    logger = logging.getLogger("faust.app")


def stream_app(
    kafka: KafkaSettings, instance: str, handlers: Mapping[str, Handle], *, on_revoked: Callable[[], None]
) -> Any:
    """An app that gives every event of these topics (without prefix) to its handler. Not started.

    `instance` names this worker within the group, and must be the same when it comes back.
    """
    loop = asyncio.get_running_loop()
    app = _App(kafka.group("situation"), loop=loop, **_options(kafka, instance))
    for name, handle in handlers.items():
        topic = app.topic(kafka.topic(name), value_type=bytes, value_serializer="raw", key_serializer="raw")
        app.agent(topic, name=f"situation.{name}")(_agent(name, handle))

    async def revoked(*_: Any, **__: Any) -> None:
        on_revoked()

    app.on_partitions_revoked.connect(revoked, weak=False)
    app.finalize()
    app.loop = loop
    return app


def _agent(topic: str, handle: Handle) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for value in stream:
            await _handled(topic, value, handle)

    return agent


async def _handled(topic: str, value: bytes | None, handle: Handle) -> None:
    """Handle a record. What cannot be used is counted and passed over: its dead letter is for who owns the topic."""
    if value is None:
        return
    try:
        await handle(read_envelope(value))
    except Unreadable:
        SKIPPED.labels(topic, "unreadable").inc()
    except Exception as problem:  # an exception that leaves an agent loses the records behind it
        SKIPPED.labels(topic, type(problem).__name__).inc()
        log.error("record_skipped", topic=topic, problem=type(problem).__name__)


def _options(kafka: KafkaSettings, instance: str) -> dict[str, Any]:
    servers = ";".join(f"kafka://{server.strip()}" for server in kafka.bootstrap().split(","))
    return {
        "broker": servers,
        "broker_credentials": _credentials(kafka),
        "consumer_group_instance_id": instance,
        "consumer_auto_offset_reset": "earliest",
        "broker_session_timeout": SESSION_SECONDS,
        "broker_heartbeat_interval": 2,
        "broker_rebalance_timeout": 10,
        "broker_commit_interval": 0.5,
        "consumer_metadata_max_age_ms": 5000,  # topics that are made anew are seen this soon
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "reply_create_topic": False,
        "store": "memory://",
        "web_enabled": False,
        "worker_redirect_stdouts": False,
        "stream_wait_empty": False,
        "datadir": str(data_dir() / "situation"),  # Faust makes it, and keeps nothing in it here
    }


def _credentials(kafka: KafkaSettings) -> Any:
    """The same way in as every other client of ours has (`KafkaSettings.client`)."""
    client = kafka.client()
    context = client.get("ssl_context")
    if "sasl_mechanism" not in client:
        return context
    return faust.SASLCredentials(
        username=client["sasl_plain_username"],
        password=client["sasl_plain_password"],
        mechanism=client["sasl_mechanism"],
        ssl_context=context,
    )
