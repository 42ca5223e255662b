"""What the bodies and answers of `/auth` have in common."""

from typing import Annotated

from pydantic import Field, StringConstraints

from promptpilot.errors import Unavailable

TAGS = ["auth"]
BUSY = Unavailable(reason="Too many people are logging in at this moment.")

Email = Annotated[str, Field(min_length=1, max_length=320)]

Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^\S+$")
]
"""A code as it came by mail or stands in an app, with what copying it brought along."""
