"""DynamoDB's errors in the product's words."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from promptpilot.errors import ConditionFailed, PromptPilotError, StoreUnavailable, TooLarge
from promptpilot.ports.table import MAX_ITEM_BYTES

T = TypeVar("T")

Reason = Mapping[str, str]

_CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException"})
"""Another transaction is at the same item: over in milliseconds, but not retried by the SDK."""


def calling(call: Callable[..., T], **parameters: Any) -> T:
    """The answer of a client's method.

    Raises `ConditionFailed`, `TooLarge`, `StoreUnavailable`, and `ValueError` for a request that is
    wrong in itself.
    """
    try:
        return call(**parameters)
    except ClientError as error:
        raise _translated(error) from error
    except BotoCoreError as error:  # no connection, no answer in time, no credentials
        raise StoreUnavailable from error


def is_conflict(error: StoreUnavailable) -> bool:
    """Whether the write was refused because of another that was under way."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and not _CONFLICTS.isdisjoint(
        [cause.response["Error"]["Code"], *(reason.get("Code") for reason in _reasons(cause))]
    )


def _translated(error: ClientError) -> PromptPilotError | ValueError:
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return ConditionFailed()
    if code == "TransactionCanceledException":
        return _cancelled(_reasons(error))
    if code == "ValidationException":
        return _invalid(error.response["Error"].get("Message", ""))
    return StoreUnavailable()


def _cancelled(reasons: list[Reason]) -> PromptPilotError | ValueError:
    codes = [reason.get("Code") for reason in reasons]
    if "ConditionalCheckFailed" in codes:
        return ConditionFailed(operation=codes.index("ConditionalCheckFailed"))
    if "ValidationError" in codes:
        return _invalid(reasons[codes.index("ValidationError")].get("Message", ""))
    return StoreUnavailable()


def _invalid(message: str) -> PromptPilotError | ValueError:
    return TooLarge("An item", MAX_ITEM_BYTES) if "size" in message.lower() else ValueError(message)


def _reasons(error: ClientError) -> list[Reason]:
    """For each operation of a cancelled transaction, why it was refused; code "None" if not."""
    reasons: list[Reason] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return reasons
