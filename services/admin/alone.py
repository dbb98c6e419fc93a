"""Whether this machine has Kafka and PostgreSQL to itself, so that who says who they are is believed (DESIGN)."""

from typing import Final

from services.editorial.authority import all_local
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings

NOT_SET: Final = "localhost:9092"  # `roeland up` will start one here


def on_this_machine_alone() -> bool:
    """As this machine's settings have it; editorial decides by its own."""
    return all_local(KafkaSettings().kafka_bootstrap or NOT_SET, DatabaseSettings().url())
