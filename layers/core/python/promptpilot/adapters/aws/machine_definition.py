"""A compiled state machine as Step Functions takes it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.ports.orchestrator import Machine

NAMED_BY = 24
"""How many characters of the digest are in a machine's name, which has 80 at most."""

_QUEUE_URL = "${StepQueueUrl}"


def machine_name(prefix: str, machine: Machine) -> str:
    """The name of a machine: the deployment's prefix, the workflow's ULID, what it does."""
    ulid = machine.workflow.rpartition("_")[2]
    return f"{prefix}{ulid}-{machine.digest[:NAMED_BY]}"


def definition_of(machine: Machine, step_queue_url: str) -> str:
    """The machine's definition as JSON text, its step jobs sent to that queue.

    Only the `QueueUrl` argument of a Task is filled in; the same text elsewhere is a user's.
    """
    definition = json.loads(json.dumps(machine.asl))
    for state in _states_of(definition):
        arguments = state.get("Arguments")
        if isinstance(arguments, dict) and arguments.get("QueueUrl") == _QUEUE_URL:
            arguments["QueueUrl"] = step_queue_url
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def _states_of(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All states of a machine, of a map's processor or of a branch, and of the blocks in them."""
    for state in block["States"].values():
        yield state
        inner = [*state.get("Branches", ()), state.get("ItemProcessor")]
        for each in filter(None, inner):
            yield from _states_of(each)
