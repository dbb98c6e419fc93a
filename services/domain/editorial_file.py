"""What the cell writes above an edition, as a file: plain paragraphs, or YAML with languages, audiences and dates.

```yaml
language: nl                          # of every text that does not say its own
text:
  - Vandaag komt het crisisteam om 14 uur samen.
  - {text: "The crisis team meets at 2 pm.", language: en}
dates:
  - {at: 2026-11-27T14:00:00+01:00, text: Overleg met de gouverneurs}
```
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.content import Text
from services.domain.editions import EditionDate, Editorial
from services.domain.message_fields import LanguageId, ModelContext, Moment, as_texts
from services.domain.message_model import Texts
from services.domain.problems import Problem, Refused
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Located, read_yaml

PARAGRAPHS: Final = 12
"""For one reader: a column that is longer is a message of its own."""


def parse_editorial(text: str, *, name: str, language: str, configuration: Configuration) -> Editorial:
    """The editorial in `text`. Plain text is in `language`, a paragraph after each empty line. Raises Refused."""
    if name.endswith((".yaml", ".yml", ".json")):
        located = read_yaml(text, name=name)
        given = located.data
    else:
        paragraphs = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
        given, located = {"text": [" ".join(part.split()) for part in paragraphs]}, None
    if not isinstance(given, dict):
        raise Refused([Problem(name, "An editorial has paragraphs.", "Write `text:` and a list of them.")])
    return read_editorial(given, name=name, located=located, language=language, configuration=configuration)


def read_editorial(
    given: dict[str, Any], *, name: str, located: Located | None = None, language: str, configuration: Configuration
) -> Editorial:
    """The same from values, judged as strictly: it may come from anywhere. Raises Refused with every problem."""
    try:
        file = _File.model_validate({"language": language, **given}, context=ModelContext(configuration))
    except ValidationError as error:
        raise Refused([_problem(each, name, located) for each in error.errors(include_url=False)]) from None
    if not file.text and not file.dates:
        raise Refused([Problem(name, "It says nothing.", "Write a paragraph or a date; `--remove` takes one out.")])
    if len(file.text) > PARAGRAPHS * len(configuration.languages):
        raise Refused([Problem(name, f"It has more than {PARAGRAPHS} paragraphs.", "Submit a message of its own.")])
    return Editorial(
        text=_texts(file.text, file.language),
        dates=tuple(EditionDate(at=each.at, text=_texts(each.text, file.language)) for each in file.dates),
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Date(_Strict):
    at: Moment
    text: Annotated[Texts, Field(min_length=1)]


class _File(_Strict):
    language: LanguageId
    text: Annotated[Texts, BeforeValidator(as_texts)] = Field(default_factory=list)
    dates: list[_Date] = Field(default_factory=list, max_length=limits.LIST_ITEMS)


def _texts(items: Texts, language: str) -> tuple[Text, ...]:
    return tuple(
        Text(
            text=item.text,
            audiences=tuple(item.audiences) if item.audiences else None,
            language=item.language or language,
        )
        for item in items
        if item.text
    )


def _problem(each: ErrorDetails, name: str, located: Located | None) -> Problem:
    place = located.place(each["loc"]) if located else f"{name}: {'.'.join(map(str, each['loc']))}"
    return Problem(place, *in_our_words(each, see="See docs/editions.md, *The editorial*.", model=_File))
