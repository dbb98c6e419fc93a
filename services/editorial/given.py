"""The content of a submitted message, judged again: a command may come from outside, past every door.

It must hold to all that a message file must: the same shape, the same limits, the same rules.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import MessageContent
from services.domain.message_fields import ModelContext
from services.domain.message_model import MessageFile
from services.domain.message_rules import RULES, Judged
from services.domain.message_written import as_file
from services.domain.open_holes import open_holes
from services.domain.problems import Problem, Refused
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Path, dotted


def read_content(given: dict[str, Any], configuration: Configuration) -> MessageContent:
    """The content in its one form, each field right by itself. Raises Refused with every problem."""
    try:
        content = MessageContent.model_validate(given)
        file = MessageFile.model_validate(as_file(content), context=ModelContext(configuration))
    except ValidationError as error:
        raise Refused(list(dict.fromkeys(_problems(error)))) from None
    if holes := [Problem(dotted(path), *rest) for path, *rest in open_holes(content.model_dump(mode="json"), {})]:
        raise Refused(holes)
    order = {"audiences": configuration.in_order(content.audiences), "area": tuple(dict.fromkeys(file.area))}
    return content.model_copy(update=order | {"channels": tuple(c for c in CHANNELS if c in content.channels)})


def judge(
    content: MessageContent,
    audiences: tuple[str, ...],
    configuration: Configuration,
    now: datetime,
    origin: Callable[[Path], Path] = lambda path: path,
) -> None:
    """Refuse what its fields say together, for all whom it will reach. Raises Refused with every problem.

    `content` has no references to facts any more; `origin` says where a text of it stood as it was written.
    """
    addressed = content.model_copy(update={"audiences": audiences})
    judged = Judged(addressed, set(MessageFile.model_fields), configuration, now, content.audiences)
    problems = {path: Problem(dotted(origin(path)), *rest) for _, rule in RULES for path, *rest in rule(judged)}
    if problems:
        raise Refused(list(problems.values()))


def _problems(error: ValidationError) -> Iterator[Problem]:
    for each in error.errors(include_url=False):
        yield Problem(dotted(tuple(each["loc"])), *in_our_words(each, see="See *A message* in the documentation."))
