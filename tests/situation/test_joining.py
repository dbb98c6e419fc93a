"""How the stream is let into Kafka, and as whom."""

from pathlib import Path

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from faust.types.auth import to_credentials

from services.runtime.kafka import KafkaSettings
from services.situation.instance import take_instance
from services.situation.stream import _credentials


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_faust_is_let_in_the_way_every_other_client_is(protocol: str, mechanism: str) -> None:
    """One set of settings for all services: a centre that secures its Kafka must not find one that cannot join."""
    kafka = KafkaSettings.model_validate(
        {
            "kafka_bootstrap": "kafka.example:9093",
            "kafka_security_protocol": protocol,
            "kafka_sasl_mechanism": mechanism,
            "kafka_username": "roeland",
            "kafka_password": "geheim",
        }
    )
    ours, theirs = kafka.client(), credentials_to_aiokafka_auth(to_credentials(_credentials(kafka)))
    assert ("ssl_context" in ours) is (theirs.pop("ssl_context", None) is not None)
    assert theirs.items() >= {
        (key, value) for key, value in ours.items() if key not in {"bootstrap_servers", "ssl_context"}
    }


def test_a_worker_that_comes_back_has_its_name_again_and_a_peer_another(tmp_path: Path) -> None:
    """Two members under one name throw each other out; a new name after each crash leaves partitions unread."""
    first, held = take_instance(tmp_path)
    second, also_held = take_instance(tmp_path)
    assert first != second
    held.close()
    again, held_again = take_instance(tmp_path)
    assert again == first
    also_held.close()
    held_again.close()
