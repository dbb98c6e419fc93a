"""The fixtures themselves: every other test stands on them."""

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

pytestmark = pytest.mark.stack


async def test_a_record_goes_round(kafka: str, topic_prefix: str) -> None:
    """What is produced to Kafka is consumed from it: the broker answers for real, and with one node."""
    topic = f"{topic_prefix}round"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"storm in Vlaenderland")
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        assert (await consumer.getone()).value == b"storm in Vlaenderland"


async def test_each_test_has_a_database_of_its_own(database_url: str, postgres: str) -> None:
    """It is migrated, empty, and owned by a role that is no superuser; as in production."""
    assert database_url != postgres
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        role = await (await connection.execute("select rolsuper from pg_roles where rolname = current_user")).fetchone()
        revision = await (await connection.execute("select count(*) from alembic_version")).fetchone()
    assert role == (False,)
    assert revision == (1,)
