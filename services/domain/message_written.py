"""A message's content in the shape of a file again: to judge it anew, or to begin another one from it."""

from collections.abc import Iterator
from typing import Any

from services.domain.content import MessageContent
from services.domain.release_order import as_written


def as_file(content: MessageContent) -> dict[str, Any]:
    """Plain values that `MessageFile` takes, and that make the same content."""
    plain = content.model_dump(mode="json")
    for text in _texts(plain):
        if not text["text"]:
            del text["text"]  # it is a fact's statement
    titles = [{name: each for name, each in text.items() if name != "audiences"} for text in plain["title"]]
    order = [as_written(step) for step in content.release_order]
    if not plain["channels"]:
        del plain["channels"]  # left out, as in a correction's file
    left_out = {name: plain[name] or None for name in ("sms", "recipients")}
    return plain | left_out | {"title": titles, "release_order": order}


def _texts(plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in plain["key_messages"]:
        yield from (*each["text"], *each["facts"])
    for value in plain.values():
        if isinstance(value, list | tuple):
            yield from (each for each in value if isinstance(each, dict) and "fact" in each)
