"""Deleting the state machines that nobody uses any more."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from promptpilot.adapters.aws.refusals import Refused, asking

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import StateMachineListItemTypeDef

GOING_ON = frozenset({"RUNNING", "PENDING_REDRIVE"})
LOOKED_AT = 100
"""How many of a machine's executions are looked at: the latest started. One that was started
before so many others and yet ended later than all of them is not worth a further request."""


def delete_idle(client: "SFNClient", machines: str, since: datetime) -> int:
    """Delete every machine whose ARN begins with `machines`, that was created before `since`, and
    of which no execution goes on or has started, ended or been resumed since then; how many.

    Deleting a machine ends its executions, so one that is started between the look and the deletion
    is told as cancelled: a window of milliseconds for a machine idle for weeks.
    """
    deleted = 0
    for machine in _all(client):
        arn = machine["stateMachineArn"]
        ours = arn.startswith(machines) and machine["creationDate"] < since
        if ours and _is_idle(client, arn, since):
            asking(client.delete_state_machine, stateMachineArn=arn)
            deleted += 1
    return deleted


def _all(client: "SFNClient") -> "Iterator[StateMachineListItemTypeDef]":
    token: dict[str, str] = {}
    while True:
        page = asking(client.list_state_machines, maxResults=1000, **token)
        yield from page["stateMachines"]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def _is_idle(client: "SFNClient", arn: str, since: datetime) -> bool:
    try:
        page = asking(
            client.list_executions,
            {"StateMachineDoesNotExist"},
            stateMachineArn=arn,
            maxResults=LOOKED_AT,
        )
    except Refused:  # it is being deleted already
        return False
    return all(
        each["status"] not in GOING_ON
        and max(
            each["startDate"],
            each.get("stopDate", each["startDate"]),
            each.get("redriveDate", each["startDate"]),
        )
        < since
        for each in page["executions"]
    )
