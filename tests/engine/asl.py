"""Small state machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot.domain.base import digest_of
from promptpilot.ports.orchestrator import Machine

RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
TOKEN = "{% $states.context.Task.Token %}"

State = dict[str, Any]


def machine(states: Mapping[str, State], **fields: Any) -> Machine:
    """The machine of these states, which begins with the first."""
    asl = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
    return Machine("ws_1", "wf_1", "1.0.0", digest_of(asl), asl)


def then(following: str | None) -> State:
    return {"Next": following} if following else {"End": True}


def task(step: str, following: str | None = None, /, *, job: Any = None, **fields: Any) -> State:
    """A Task whose job names its step and its token."""
    body = {
        "step": step,
        "token": TOKEN,
        "attempt": "{% $states.context.State.RetryCount %}",
        **(job or {}),
    }
    arguments = {"QueueUrl": "${StepQueueUrl}", "MessageBody": body}
    return {
        "Type": "Task",
        "Resource": RESOURCE,
        "Arguments": arguments,
        **then(following),
        **fields,
    }


def pass_(following: str | None = None, /, **fields: Any) -> State:
    return {"Type": "Pass", **then(following), **fields}


def scope(states: Mapping[str, State], **fields: Any) -> State:
    """A branch or an item processor of these states, which begins with the first."""
    return {"StartAt": next(iter(states)), "States": states, **fields}


def parallel(
    branches: Sequence[Mapping[str, State]], following: str | None = None, /, **fields: Any
) -> State:
    """A Parallel of these branches."""
    each = [scope(states) for states in branches]
    return {"Type": "Parallel", "Branches": each, **then(following), **fields}


def map_(states: Mapping[str, State], following: str | None = None, /, **fields: Any) -> State:
    """An inline Map whose iterations have these states."""
    processor = scope(states, ProcessorConfig={"Mode": "INLINE"})
    return {"Type": "Map", "ItemProcessor": processor, **then(following), **fields}


def output_of(expression: Any, **before: Any) -> Machine:
    """A machine that only gives the value of an expression, after assigning some variables."""
    states = {"assign": pass_("give", Assign=before), "give": pass_(Output=expression)}
    return machine(states if before else {"give": states["give"]})
