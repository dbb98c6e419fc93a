"""Which topics there are, and making them. May be run again at any time: what exists is left alone."""

from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.runtime.errors import Unavailable
from services.runtime.kafka import KafkaSettings

RETENTION_MS: Final = 14 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its name without prefix, who owns it (writes its dead letters), and how many partitions."""

    name: str
    owner: str
    partitions: int = 12
    flushed: bool = False  # on a single node: to disk with each record


TOPICS: Final = (
    Topic("messages", owner="editorial", flushed=True),
    Topic("releases", owner="dispatch", flushed=True),
    Topic("deliveries.mail.urgent", owner="mail"),
    Topic("deliveries.mail.routine", owner="mail"),
    Topic("deliveries.sms.urgent", owner="sms"),
    Topic("deliveries.sms.routine", owner="sms"),
    Topic("deliveries.newsfeed", owner="newsfeed"),
    Topic("outcomes", owner="dispatch"),
    Topic("dead-letters", owner="", partitions=1),
)


async def create(settings: KafkaSettings) -> list[str]:
    """Make the topics that are missing; returns their whole names. Raises `Unavailable` when Kafka is away."""
    admin = AIOKafkaAdminClient(**settings.client())
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        replicas = min(3, len(cluster["brokers"]))
        answer = await admin.create_topics([_new(topic, settings, replicas) for topic in TOPICS])
        return [name for name, code, *_ in answer.topic_errors if _made(name, code)]
    except (KafkaError, OSError) as problem:
        raise Unavailable(f"Kafka cannot make the topics ({type(problem).__name__}): try `roeland doctor`") from None
    finally:
        await admin.close()


def _new(topic: Topic, settings: KafkaSettings, replicas: int) -> NewTopic:
    configs = {"retention.ms": str(RETENTION_MS), "min.insync.replicas": str(max(1, replicas - 1))}
    if topic.flushed and replicas == 1:
        configs["flush.messages"] = "1"
    return NewTopic(settings.topic(topic.name), topic.partitions, replicas, topic_configs=configs)


def _made(name: str, code: int) -> bool:
    if code == 0:
        return True
    error = for_code(code)
    if error is TopicAlreadyExistsError:
        return False
    raise Unavailable(f"Kafka refused topic {name}: {error.__name__}")
