"""The schemas are what the models say, and other people's tools can read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from services.domain.asyncapi import PREFIX, RETENTION_MS, TOPICS
from services.domain.schemas import FOLDER, differences, documents, main, records
from services.runtime import topics
from services.runtime.kafka import KafkaSettings

SCHEMAS = sorted(FOLDER.rglob("*.schema.json"))
MESSAGE = {"incident": "cyber-2026-014", "kind": "alert", "title": "Stroom weg", "channels": ["mail"]}


def test_the_files_are_what_the_models_say() -> None:
    """Otherwise other teams read of a contract that we do not keep. Mend it: `python -m services.domain.schemas`."""
    assert differences(FOLDER, documents()) == []


def test_the_check_names_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make check` must fail, and say where, when a model changed and nobody thought of the schemas."""
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--folder", str(tmp_path), "--check"]) == 0
    (tmp_path / "message.schema.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").unlink()
    (tmp_path / "events" / "roeland.gone.v1.schema.json").write_text("{}")
    assert main(["--folder", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().out.splitlines()[:3]
    assert said == ["differs: message.schema.json", "missing: asyncapi.yaml",
                    "too many: events/roeland.gone.v1.schema.json"]  # fmt: skip


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_is_valid_and_stands_alone(path: Path) -> None:
    """A validator in a closed network must be able to use it: every reference resolves within the file."""
    schema = json.loads(path.read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:roeland:schema:")
    for reference in _references(schema):
        assert reference.startswith("#/")
        _resolved(schema, reference)


def test_a_record_that_breaks_its_schema_is_found() -> None:
    """A schema that lets everything pass would pass every other test here."""
    schema = json.loads((FOLDER / "events" / "roeland.batch.settled.v1.schema.json").read_bytes())
    record = json.loads((Path(__file__).parent / "corpus" / "roeland.batch.settled.v1.json").read_bytes())
    Draft202012Validator(schema).validate(record)
    for broken in (
        record | {"specversion": "0.3"},
        record | {"type": "roeland.batch.announced.v1"},
        record | {"data": record["data"] | {"counts": {"accepted": "many"}}},
        {key: value for key, value in record.items() if key != "id"},
    ):
        with pytest.raises(ValidationError):
            Draft202012Validator(schema).validate(broken)


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"title": ["Stroom weg", {"text": "Panne", "language": "fr"}]}, True),
        ({"key_messages": ["Bel niet.", {"text": "Blijf binnen.", "facts": "Het stormt."}]}, True),
        ({"audience": ["governors"]}, False),
        ({"kind": "warning"}, False),
        ({"channels": []}, False),
    ],
)
def test_the_schema_of_the_message_file_allows_what_an_author_may_write(change: dict[str, Any], good: bool) -> None:
    """Editors complete and mark by it; it must know the short forms, and a misspelt field."""
    schema = json.loads((FOLDER / "message.schema.json").read_bytes())
    assert Draft202012Validator(schema).is_valid(MESSAGE | change) is good


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    """Within the document and to the schemas beside it."""
    document = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text())
    references = list(_references(document))
    for reference in references:
        if reference.startswith("#/"):
            _resolved(document, reference)
        else:
            assert (FOLDER / reference).is_file()
    payloads = {reference for reference in references if not reference.startswith("#/")}
    assert payloads == {f"./events/{name}.schema.json" for name in records()}


def test_the_asyncapi_document_names_the_topics_that_are_made() -> None:
    """Two tables of topics, one here and one that makes them; they may not part."""
    made = {topic.name: (topic.partitions, topic.owner) for topic in topics.TOPICS}
    assert {topic.name: topic.partitions for topic in TOPICS} == {name: made[name][0] for name in made}
    assert all(owner in topic.receivers for topic in TOPICS if (owner := made[topic.name][1]))
    assert RETENTION_MS == topics.RETENTION_MS
    assert KafkaSettings.model_fields["kafka_topic_prefix"].default == PREFIX


def _references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for value in document.values():
            yield from _references(value)
    elif isinstance(document, list):
        for value in document:
            yield from _references(value)


def _resolved(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document
