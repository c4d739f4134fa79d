"""What a document says about itself: YAML between `---` lines, or in a file of the same name plus `.yaml`."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from kb.document import Audience, SourceKind

FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*\r?\n?", re.DOTALL | re.MULTILINE)


def _none_if_blank(value: str | None) -> str | None:
    return value or None


OptionalText = Annotated[str | None, AfterValidator(_none_if_blank)]


class SourceMatter(BaseModel):
    """A source as front matter writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    name: str
    address: OptionalText = None
    kind: SourceKind | None = None


class FrontMatter(BaseModel):
    """The fields of front matter; every one may be left out, an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    id: OptionalText = None
    title: OptionalText = None
    treatment: OptionalText = None
    other_names: tuple[str, ...] = ()
    audience: Audience = "patient"
    sources: dict[str, SourceMatter] = {}
    questions: dict[str, tuple[str, ...]] = {}
    reviewed_by: OptionalText = None
    reviewed_on: date | None = None
    review_due: date | None = None


def split_front_matter(text: str) -> tuple[FrontMatter | None, str]:
    """(front matter or None, the text after it).

    Raises ValueError, with the field and the reason, when the front matter is no valid YAML or has a wrong field.
    """
    found = FRONT_MATTER.match(text)
    if not found:
        return None, text
    return parse_front_matter(found["yaml"]), text[found.end() :]


def parse_front_matter(content: str) -> FrontMatter:
    """Front matter from its YAML; raises ValueError as `split_front_matter` does."""
    try:
        fields: Any = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-13-45
        raise ValueError(f"front matter is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(fields, dict):
        raise ValueError("front matter must be a list of `field: value` lines")
    try:
        return FrontMatter.model_validate(fields)
    except ValidationError as error:
        reasons = [f"{'.'.join(str(step) for step in e['loc'])}: {e['msg'].lower()}" for e in error.errors()]
        raise ValueError(f"front matter has a wrong field ({'; '.join(reasons)})") from error
