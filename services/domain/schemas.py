"""What other teams read of us: JSON Schemas of every record and of the message file, and an AsyncAPI document.

Made from the models, so that they cannot say anything else than the code does:
`python -m services.domain.schemas` writes `schemas/`, with `--check` it only says what differs (`make check`).
Nothing in them refers to the network; `$id` is a URN.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, create_model

from services.domain.asyncapi import asyncapi
from services.domain.commands import BODIES, Command, SubmitMessage
from services.domain.content import MessageContent
from services.domain.events import EVENTS, Envelope
from services.domain.message_file import MessageFile

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path(__file__).parents[2] / "schemas"


def records() -> dict[str, type[BaseModel]]:
    """The model of `data`, by type, of every event and command that may stand in a record."""
    events: dict[str, type[BaseModel]] = {event.TYPE: event for event in EVENTS}
    return events | dict(_commands())


def documents() -> dict[str, str]:
    """The text of every file in `schemas/`, by its path in there. The same models give the same bytes."""
    models = records()
    files = {f"events/{name}.schema.json": _json(_record_schema(name, model)) for name, model in models.items()}
    files["message.schema.json"] = _json(_named("message", MessageFile.model_json_schema()))
    summaries = {name: _first_line(model) for name, model in models.items()}
    files["asyncapi.yaml"] = _MADE_BY + yaml.safe_dump(
        asyncapi(summaries), sort_keys=False, allow_unicode=True, width=120
    )
    return files


def differences(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """What must happen to this folder to hold just these files: a line for each that is missing, other or too many."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.suffix in {".json", ".yaml"}}
    changed = [f"differs: {name}" for name in wanted if name in found and found[name].read_text() != wanted[name]]
    missing = [f"missing: {name}" for name in wanted if name not in found]
    return sorted(changed + missing + [f"too many: {name}" for name in found if name not in wanted])


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write these files, and take away the schemas that are no longer made."""
    for line in differences(folder, wanted):
        if line.startswith("too many: "):
            (folder / line.removeprefix("too many: ")).unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def main(arguments: list[str] | None = None) -> int:
    """Write `schemas/`, or with `--check` say what differs and return 1."""
    parser = argparse.ArgumentParser(prog="python -m services.domain.schemas", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something differs")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked, wanted = parser.parse_args(arguments), documents()
    if not asked.check:
        write(asked.folder, wanted)
        return 0
    found = differences(asked.folder, wanted)
    if found:
        found.append("Run `python -m services.domain.schemas`; a breaking change needs a new type instead.")
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def _commands() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every command: who gives it, with one kind of body. What a default leaves open in the code is required here."""
    for body in BODIES:
        name = body.model_fields["type"].default
        exact: dict[str, Any] = {"type": (Literal[name], ...)}
        if body is SubmitMessage:
            exact["content"] = (MessageContent, ...)
        typed = create_model(body.__name__, __base__=body, __doc__=body.__doc__, **exact)
        fields: dict[str, Any] = {"body": (typed, ...)}
        yield name, create_model("Command", __base__=Command, __doc__=body.__doc__, **fields)


def _record_schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    exact: dict[str, Any] = {
        "specversion": (Literal["1.0"], ...),
        "type": (Literal[name], ...),
        "data": (model, ...),
    }
    record = create_model("Record", __base__=Envelope, __doc__=f"{_first_line(model)} CloudEvents 1.0.", **exact)
    return _named(name, record.model_json_schema())


def _named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:roeland:schema:{name}", **schema}


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


_MADE_BY: Final = "# Made by `python -m services.domain.schemas`. Change the models, not this file.\n"


if __name__ == "__main__":
    sys.exit(main())
