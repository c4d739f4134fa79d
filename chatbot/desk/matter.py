"""What the desk writes of a document into its front matter: in the file itself, or in the file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from kb.front_matter import FRONT_MATTER, parse_front_matter

HOLDS_ITS_OWN = (".md", ".markdown", ".txt")
REVIEW = ("reviewed_by", "reviewed_on", "review_due")
MAX_CHARS = 50_000  # of front matter: a page of sources and questions has a few thousand
MAX_DEPTH = 10  # the deepest that it knows is a list in a field's field
Matter = dict[str, Any]


def holds_its_own(path: str) -> bool:
    """Whether a document of this path has its front matter in itself."""
    return PurePosixPath(path).suffix.lower() in HOLDS_ITS_OWN


def as_files(path: str, content: bytes, fields: Mapping[str, Any], replaced: Mapping[str, Any]) -> dict[str, bytes]:
    """The files (path → bytes) of a document with these fields in its front matter; one that is None is taken out.

    `replaced` is the front matter of the document in whose place it comes: all of it counts where the new one has none,
    else its id, by which sections are linked and cited. Raises ValueError for front matter that cannot be read.
    """
    if not holds_its_own(path):
        matter = _merged(replaced, fields)
        return {path: content} | ({f"{path}.yaml": _yaml(matter).encode()} if matter else {})
    text = decoded(content)
    found = FRONT_MATTER.match(text)
    own = _fields(found["yaml"]) if found else {}
    handed_on = {name: value for name, value in replaced.items() if name == "id" or not found}
    matter = _merged(handed_on | own, fields)
    if matter == own:
        return {path: content}
    body = text[found.end() :].lstrip() if found else text.lstrip()
    return {path: f"---\n{_yaml(matter)}---\n\n{body}".encode() if matter else body.encode()}


def matter_of(path: str, content: bytes, beside: bytes | None) -> Matter:
    """The front matter of a document's files. Raises ValueError for what cannot be read."""
    if not holds_its_own(path):
        return _fields(decoded(beside)) if beside is not None else {}
    found = FRONT_MATTER.match(decoded(content))
    return _fields(found["yaml"]) if found else {}


def decoded(content: bytes) -> str:
    """Text from UTF-8, or from UTF-16 that says so. Raises ValueError for any other."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return re.sub("\r\n?", "\n", content.decode(encoding))


def _fields(content: str) -> Matter:
    """The fields of front matter, which is read in this process: it must be small, and not grow as it is read."""
    if len(content) > MAX_CHARS:
        raise ValueError(f"its front matter is longer than {MAX_CHARS} characters")
    try:
        _refuse_what_grows(yaml.parse(content))
    except yaml.YAMLError as error:
        raise ValueError(f"its front matter is not valid YAML: {' '.join(str(error).split())}") from error
    parse_front_matter(content)
    fields: Matter = yaml.safe_load(content)
    return fields


def _refuse_what_grows(events: Iterable[yaml.Event]) -> None:
    """Raise ValueError at the first alias, and at the depth from which on reading takes ever longer."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("its front matter has aliases (*name), which are not read: write it out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"its front matter is nested more than {MAX_DEPTH} deep")


def _merged(base: Mapping[str, Any], fields: Mapping[str, Any]) -> Matter:
    merged = {**base, **fields}
    return {name: value for name, value in merged.items() if value is not None}


def _yaml(matter: Matter) -> str:
    written: str = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False, width=1000)
    parse_front_matter(written)
    return written
