"""One stack after another through CloudFormation, and why one failed."""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType

WAIT_SECONDS = 120
CAPABILITIES: list["CapabilityType"] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
NOTHING_TO_DO = "No updates are to be performed"


class StackError(Exception):
    """A stack that was not deployed, with the reason of every resource that failed."""


def deploy_stack(name: str, template_url: str, cloudformation: "CloudFormationClient") -> None:
    """Create the stack, or update it where it is. Raises `StackError` where that fails or takes
    longer than two minutes.
    """
    try:
        if _exists(name, cloudformation):
            cloudformation.update_stack(
                StackName=name, TemplateURL=template_url, Capabilities=CAPABILITIES
            )
        else:
            cloudformation.create_stack(
                StackName=name, TemplateURL=template_url, Capabilities=CAPABILITIES
            )
    except ClientError as error:
        if NOTHING_TO_DO in str(error):
            return
        raise StackError(f"{name}: {error}") from error
    status = _settled_status(name, cloudformation)
    if status not in GOOD:
        raise StackError("\n".join([f"{name}: {status}", *_reasons(name, cloudformation)]))


def stack_outputs(name: str, cloudformation: "CloudFormationClient") -> Mapping[str, str]:
    """What the stack tells the outside."""
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _exists(name: str, cloudformation: "CloudFormationClient") -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        return False
    return True


def _settled_status(name: str, cloudformation: "CloudFormationClient") -> str:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack["StackStatus"]
        time.sleep(0.2)
    return f"still in progress after {WAIT_SECONDS} s"


def _reasons(name: str, cloudformation: "CloudFormationClient") -> Iterator[str]:
    events: list[Any] = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    for event in events:
        if "FAILED" in event["ResourceStatus"]:
            reason = event.get("ResourceStatusReason", "no reason given")
            yield f"  {event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
