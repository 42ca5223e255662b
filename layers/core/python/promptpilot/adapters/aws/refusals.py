"""Answers of AWS that mean something to an adapter, told from a service that cannot answer."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from promptpilot.errors import Unavailable

T = TypeVar("T")


class Refused(Exception):
    """The service answered with an error that the caller has said it understands."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def asking(call: Callable[..., T], understood: Collection[str] = (), /, **parameters: Any) -> T:
    """The answer of a client's method.

    Raises `Refused` for an error whose code is `understood`, `Unavailable` for every other and
    where nothing answers.
    """
    try:
        return call(**parameters)
    except ClientError as error:
        told = error.response["Error"]
        code = told.get("Code", "")
        if code in understood:
            raise Refused(code, told.get("Message", "")) from error
        raise Unavailable from error
    except BotoCoreError as error:  # no connection, no answer in time, no credentials
        raise Unavailable from error
