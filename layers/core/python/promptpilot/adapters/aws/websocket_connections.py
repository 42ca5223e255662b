"""The `Live` of the AWS platform: the connections of an API Gateway WebSocket API."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from promptpilot.errors import PromptPilotError, TooLarge, Unavailable
from promptpilot.live_message import MAX_MESSAGE_BYTES, message_bytes

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

_GONE = frozenset({"GoneException", "410", "BadRequestException", "400"})
"""Closed, or never there: API Gateway calls an id that it never gave out a bad request."""

_TOO_LARGE = frozenset({"PayloadTooLargeException", "413"})


class WebSocketConnections:
    """A `Live` over the client of one stage's `@connections`.

    Throttled requests are retried by the client (botocore's standard mode).
    """

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client

    def send(self, connection: str, message: str) -> bool:
        """See `Live.send`. Raises `TooLarge` for a message of more than 128 KiB."""
        data = message_bytes(message)
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=data)
        except (ClientError, BotoCoreError) as error:
            if _code(error) in _GONE:
                return False
            raise _translated(error, len(data)) from error
        return True

    def close(self, connection: str) -> None:
        """See `Live.close`. Raises `Unavailable` where it may still be open."""
        try:
            self._client.delete_connection(ConnectionId=connection)
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in _GONE:
                raise _translated(error, 0) from error


def _translated(error: Exception, size: int) -> PromptPilotError:
    if _code(error) in _TOO_LARGE:
        return TooLarge("A live message", MAX_MESSAGE_BYTES, size)
    return Unavailable(reason="The live connection cannot be reached for now.")


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
