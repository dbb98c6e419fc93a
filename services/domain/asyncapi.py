"""The AsyncAPI 3.0 document: which topics there are, what they carry, and who sends and receives.

https://www.asyncapi.com/docs/reference/specification/v3.0.0. The topics are those of the contract in `DESIGN.md`;
`tests/schemas` holds this table against the one by which topics are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.domain.commands import BODIES

PREFIX: Final = "roeland."
RETENTION_MS: Final = 14 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: what its key is, which types it carries, which services send and receive."""

    name: str
    about: str
    key: str
    carries: Sequence[str]
    senders: Sequence[str]
    receivers: Sequence[str]
    partitions: int = 12


def asyncapi(summaries: Mapping[str, str]) -> dict[str, Any]:
    """The document. `summaries`: a line about every type of record."""
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operation(topic, *each) for topic in TOPICS for each in _acts(topic)),
        "components": {"messages": {name: _message(name, summaries[name]) for name in sorted(summaries)}},
    }


def _deliveries(channel: str, lane: str) -> Topic:
    topic = f"deliveries.{channel}.{lane}" if lane else f"deliveries.{channel}"
    return Topic(
        topic, f"Batches that there is work in, for {channel}.", "message number/batch number",
        ["roeland.batch.announced.v1"], ["dispatch", channel], [channel],
    )  # fmt: skip


TOPICS: Final[tuple[Topic, ...]] = (
    Topic("messages", "Commands about messages, and editions made. Outside systems may write signed commands.",
         "incident", [*(body.model_fields["type"].default for body in BODIES), "roeland.edition.made.v1"],
         ["admin", "newsletter"], ["editorial"]),
    Topic("releases", "What may be sent, is held, or goes on.", "incident",
         ["roeland.message.released.v1", "roeland.message.halted.v1", "roeland.message.resumed.v1"],
         ["admin", "editorial"], ["dispatch", "situation"]),
    _deliveries("mail", "urgent"),
    _deliveries("mail", "routine"),
    _deliveries("sms", "urgent"),
    _deliveries("sms", "routine"),
    _deliveries("newsfeed", ""),
    Topic("outcomes", "How batches stand, in absolute counts: the newest version of a batch replaces the others.",
         "message number", ["roeland.batch.settled.v1"],
         ["dispatch", "mail", "newsfeed", "public", "sms"], ["dispatch", "situation"]),
    Topic("dead-letters", "Records that nobody could read.", "topic/partition", ["roeland.record.dead-lettered.v1"],
         ["dispatch", "editorial", "mail", "newsfeed", "sms"], [], partitions=1),
)  # fmt: skip

_INFO: Final = {
    "title": "Roeland",
    "version": "1.0.0",
    "description": (
        "The message broker of a government crisis centre. Every record is a CloudEvents 1.0 event in structured JSON. "
        "No record carries an address or a name of a person, but for what a message itself says. A record may come "
        "more than once; unknown fields are to be ignored; a breaking change gets a new type beside the old one."
    ),
    "license": {"name": "Apache-2.0"},
}


def _channel(topic: Topic) -> dict[str, Any]:
    kafka = {
        "topic": PREFIX + topic.name,
        "partitions": topic.partitions,
        "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": RETENTION_MS},
        "bindingVersion": "0.5.0",
    }
    return {
        "address": PREFIX + topic.name,
        "description": f"{topic.about} Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.carries},
        "bindings": {"kafka": kafka},
    }


def _acts(topic: Topic) -> list[tuple[str, str]]:
    return [("send", service) for service in topic.senders] + [("receive", service) for service in topic.receivers]


def _operation(topic: Topic, action: str, service: str) -> tuple[str, dict[str, Any]]:
    return f"{service}.{action}.{topic.name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in topic.carries],
    }


def _message(name: str, summary: str) -> dict[str, Any]:
    keys = sorted({topic.key for topic in TOPICS if name in topic.carries})
    return {
        "name": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"./events/{name}.schema.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": " or ".join(keys)}, "bindingVersion": "0.5.0"}},
    }
