"""Entity tags: reading what is new only, and changing only what one has seen.

A prompt document's tag is `"<revision>-<digest>"`: the head's revision and the digest of the
version that is shown. `If-Match` looks at the revision alone; a version, which never changes, has
its digest as its tag. The YAML of a workflow is another representation of it, and has a tag of
its own, with `-yaml` at the end.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Header

MOVING = "private, no-cache"
IMMUTABLE = "private, max-age=31536000, immutable"

NO_SUCH_REVISION = 0
"""Revisions count from 1, so this one never matches."""

_REVISION = re.compile(r'"(\d{1,15})(?:-[0-9a-f]+)?(?:-yaml)?"')


def revision_tag(revision: int, digest: str | None = None) -> str:
    """The tag of what can change."""
    return f'"{revision}-{digest}"' if digest else f'"{revision}"'


def digest_tag(digest: str) -> str:
    """The tag of what cannot."""
    return f'"{digest}"'


def yaml_tag(tag: str) -> str:
    """The tag of the YAML of what has that tag as JSON."""
    return f'{tag[:-1]}-yaml"'


def if_revision(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="Change it only if this is its entity tag, or its revision in quotes.",
        ),
    ] = None,
) -> int | None:
    """The revision that `If-Match` asks for; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _REVISION.fullmatch(if_match.strip())
    return int(found[1]) if found else NO_SUCH_REVISION


def known_tags(
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            description="Answer 304 if this still is its entity tag, or its digest in quotes.",
        ),
    ] = None,
) -> frozenset[str]:
    """The tags that the client has already."""
    if not if_none_match:
        return frozenset()
    return frozenset(tag.strip().removeprefix("W/") for tag in if_none_match.split(","))


IfRevision = Annotated[int | None, Depends(if_revision)]
KnownTags = Annotated[frozenset[str], Depends(known_tags)]


def is_known(known: frozenset[str], tags: Iterable[str]) -> bool:
    """Whether the client has what has one of these tags."""
    return bool(known) and ("*" in known or not known.isdisjoint(tags))
