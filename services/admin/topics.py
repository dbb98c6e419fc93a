"""`roeland topics …`: the topics in Kafka."""

from services.admin.answers import Answer, lines
from services.admin.command import command, group

app = group("topics", "The topics in Kafka.")


@command(app, "create", examples=["topics create"])
async def create() -> Answer:
    """Make the topics that are missing. May be run again at any time: what exists is left alone."""
    from services.runtime import topics
    from services.runtime.kafka import KafkaSettings

    created = await topics.create(KafkaSettings())
    told = f"created {', '.join(created)}" if created else "all topics exist"
    return Answer({"created": created}, lines(told))
