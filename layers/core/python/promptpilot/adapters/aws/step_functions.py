"""The `Orchestrator` of the AWS platform, in Step Functions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from promptpilot.adapters.aws.execution_history import events_of
from promptpilot.adapters.aws.idle_machines import delete_idle
from promptpilot.adapters.aws.machine_definition import definition_of, machine_name
from promptpilot.adapters.aws.refusals import Refused, asking
from promptpilot.adapters.aws.state_payload import failure, json_text
from promptpilot.errors import Conflict, DocumentInvalid, NotFound, Problem, Unavailable
from promptpilot.ports.orchestrator import HistoryEvent, Machine

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

HISTORY_PAGE = 1_000
"""The most events that Step Functions tells at once."""

NOBODY_WAITS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctions:
    """An `Orchestrator` whose machines' ARNs begin with `machines`, and all have one role.

    Every method raises `Unavailable` when Step Functions throttles, is out of reach or refuses
    what is right in itself, such as one more execution than the account may have.
    """

    def __init__(
        self,
        client: "SFNClient",
        *,
        machines: str,
        role: str,
        log_group: str,
        step_queue_url: str,
    ) -> None:
        """`machines` and `log_group` are ARNs, the former without a name's rest."""
        self._client = client
        self._machines = machines
        self._executions = machines.replace(":stateMachine:", ":execution:", 1)
        self._role = role
        self._log_group = log_group.removesuffix(":*") + ":*"  # the form that the API takes
        self._step_queue_url = step_queue_url
        self._published: set[str] = set()

    def publish(self, machine: Machine) -> None:
        """See `Orchestrator.publish`. What this process has published is not asked for again."""
        if self._name(machine) not in self._published:
            self._create(machine)

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        """See `Orchestrator.start`. A machine that is not there is published first: nearly always
        it is, and Step Functions creates only one or two a second.
        """
        text = json_text(input, "An execution's input")
        if not self._started(machine, name, text):
            self._create(machine)
            if not self._started(machine, name, text):
                raise Unavailable(reason="The state machine is not ready yet.")

    def stop(self, machine: Machine, name: str, *, error: str, cause: str) -> None:
        """See `Orchestrator.stop`."""
        try:
            asking(
                self._client.stop_execution,
                {"ExecutionDoesNotExist"},
                executionArn=self._execution(machine, name),
                **failure(error, cause),
            )
        except Refused:
            return

    def resume(self, machine: Machine, name: str, *, times: int) -> None:
        """See `Orchestrator.resume`."""
        execution = self._execution(machine, name)
        if self._redrives(execution, name) >= times:
            return
        try:
            asking(
                self._client.redrive_execution,
                {"ExecutionDoesNotExist", "ExecutionNotRedrivable"},
                executionArn=execution,
            )
        except Refused as refused:
            if refused.code == "ExecutionDoesNotExist":
                raise NotFound(kind="execution", id=name) from refused
            told = asking(self._client.describe_execution, executionArn=execution)
            if told["status"] != "RUNNING":
                raise Conflict(reason="The execution cannot be resumed.") from refused

    def _redrives(self, execution: str, name: str) -> int:
        """How often it went on. Raises `NotFound`."""
        try:
            told = asking(
                self._client.describe_execution,
                {"ExecutionDoesNotExist"},
                executionArn=execution,
            )
        except Refused as refused:
            raise NotFound(kind="execution", id=name) from refused
        return int(told.get("redriveCount", 0))

    def history(
        self, machine: Machine, name: str, *, after: int, limit: int
    ) -> Sequence[HistoryEvent]:
        """See `Orchestrator.history`. What Step Functions keeps is read from its beginning on,
        since only there an event's number can be known.
        """
        events = events_of(self._history(self._execution(machine, name)))
        return tuple(islice(events, after, after + max(0, limit)))

    def _history(self, execution: str) -> Iterator[Mapping[str, Any]]:
        page: dict[str, Any] = {}
        while True:
            try:
                told = asking(
                    self._client.get_execution_history,
                    {"ExecutionDoesNotExist"},
                    executionArn=execution,
                    maxResults=HISTORY_PAGE,
                    includeExecutionData=False,
                    **page,
                )
            except Refused:
                return
            yield from told["events"]
            if "nextToken" not in told:
                return
            page = {"nextToken": told["nextToken"]}

    def output(self, arn: str) -> str | None:
        """See `Orchestrator.output`."""
        try:
            told = asking(
                self._client.describe_execution, {"ExecutionDoesNotExist"}, executionArn=arn
            )
        except Refused:
            return None
        if told["status"] == "RUNNING":
            raise Unavailable(reason="The execution's end is not to be read yet.")
        return told.get("output")

    def forget_idle(self, since: datetime) -> int:
        """See `Orchestrator.forget_idle`."""
        return delete_idle(self._client, self._machines, since)

    def succeed_task(self, token: str, output: Any) -> bool:
        """See `Orchestrator.succeed_task`."""
        text = json_text(output, "A task's output")
        return _somebody_waits(self._client.send_task_success, taskToken=token, output=text)

    def fail_task(self, token: str, error: str, cause: str) -> bool:
        """See `Orchestrator.fail_task`."""
        told = failure(error, cause)
        return _somebody_waits(self._client.send_task_failure, taskToken=token, **told)

    def heartbeat_task(self, token: str) -> bool:
        """See `Orchestrator.heartbeat_task`."""
        return _somebody_waits(self._client.send_task_heartbeat, taskToken=token)

    def _started(self, machine: Machine, name: str, input: str) -> bool:
        """False where there is no such machine."""
        try:
            asking(
                self._client.start_execution,
                {"ExecutionAlreadyExists", "StateMachineDoesNotExist"},
                stateMachineArn=self._arn(machine),
                name=name,
                input=input,
            )
        except Refused as refused:
            return refused.code == "ExecutionAlreadyExists"
        return True

    def _create(self, machine: Machine) -> None:
        """Creating what is there does nothing; of another deployment's it becomes ours."""
        name = self._name(machine)
        settings = self._settings(machine)
        try:
            asking(
                self._client.create_state_machine,
                {"InvalidDefinition", "StateMachineAlreadyExists"},
                name=name,
                type="STANDARD",
                tags=_tags(machine),
                **settings,
            )
        except Refused as refused:
            if refused.code == "InvalidDefinition":
                raise _rejected(refused) from refused
            self._update(machine, settings)
        self._published.add(name)

    def _update(self, machine: Machine, settings: Mapping[str, Any]) -> None:
        try:
            asking(
                self._client.update_state_machine,
                {"InvalidDefinition"},
                stateMachineArn=self._arn(machine),
                **settings,
            )
        except Refused as refused:
            raise _rejected(refused) from refused

    def _settings(self, machine: Machine) -> dict[str, Any]:
        log_group = {"cloudWatchLogsLogGroup": {"logGroupArn": self._log_group}}
        return {
            "definition": definition_of(machine, self._step_queue_url),
            "roleArn": self._role,
            "loggingConfiguration": {
                "level": "ERROR",
                "includeExecutionData": False,
                "destinations": [log_group],
            },
            "tracingConfiguration": {"enabled": True},
        }

    def _name(self, machine: Machine) -> str:
        return machine_name(self._machines.rpartition(":")[2], machine)

    def _arn(self, machine: Machine) -> str:
        return machine_name(self._machines, machine)

    def _execution(self, machine: Machine, name: str) -> str:
        return f"{machine_name(self._executions, machine)}:{name}"


def _tags(machine: Machine) -> list[dict[str, str]]:
    told = {
        "workspace": machine.workspace,
        "workflow": machine.workflow,
        "version": machine.version,
    }
    return [{"key": key, "value": value} for key, value in told.items()]


def _rejected(refused: Refused) -> DocumentInvalid:
    return DocumentInvalid(problems=(Problem("", "definition_rejected", refused.message),))


def _somebody_waits(call: Callable[..., object], **parameters: Any) -> bool:
    try:
        asking(call, NOBODY_WAITS, **parameters)
    except Refused:
        return False
    return True
