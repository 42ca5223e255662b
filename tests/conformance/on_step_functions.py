"""Cases on an interpreter that has Step Functions' API."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.case import Case
from tests.conformance.outcome import Outcome
from tests.conformance.worker import Worker

PATIENCE_SECONDS = 120
"""How long all cases may take together."""
PAUSE_SECONDS = 0.02
ROLE = "arn:aws:iam::123456789012:role/any"
QUEUE_URL = "${StepQueueUrl}"

Event = dict[str, Any]


class StatesDesk:
    """Hands answers in to Step Functions."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def succeed(self, token: str, output: Any) -> bool:
        return self._hand_in("send_task_success", taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str, cause: str) -> bool:
        return self._hand_in("send_task_failure", taskToken=token, error=error, cause=cause)

    def beat(self, token: str) -> bool:
        return self._hand_in("send_task_heartbeat", taskToken=token)

    def _hand_in(self, call: str, **arguments: str) -> bool:
        try:
            getattr(self._client, call)(**arguments)
        except ClientError:  # what emulators say of such a token has no code to rely on
            return False
        return True


class StatesRuns:
    """One execution of each case in Step Functions, and the worker of its queue."""

    def __init__(self, states: Any, queue: Any, *, has_history: bool) -> None:
        """Without `has_history`, its histories are not complete enough to be looked at."""
        self._has_history = has_history
        self._states = states
        self._queue = queue
        self._queue_url = queue.create_queue(QueueName="conformance")["QueueUrl"]
        self._workers: dict[str, Worker] = {}
        self._executions: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self, cases: Iterable[Case]) -> None:
        for number, case in enumerate(cases, len(self._workers)):
            name = f"case-{number}"
            self._workers[name] = Worker(case, StatesDesk(self._states))
            try:
                self._executions[name] = self._begin(name, case)
            except ClientError as error:
                self._refused[name] = str(error)
        if not self._thread.is_alive():
            self._thread.start()

    def wait(self) -> None:
        """Until all that have been started have ended."""
        for name in self._executions:
            self._end_of(name)

    def _begin(self, name: str, case: Case) -> str:
        definition = json.dumps(case.asl).replace(QUEUE_URL, self._queue_url)
        machine = self._states.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        started = self._states.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(case.input)
        )
        arn: str = started["executionArn"]
        return arn

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        """Work off the queue."""
        while not self._closed.wait(PAUSE_SECONDS):
            got = self._queue.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
            for message in got.get("Messages", []):
                job = json.loads(message["Body"])
                self._queue.delete_message(
                    QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                self._workers[job["execution"]].take(job)

    def outcome(self, case: Case) -> Outcome:
        """What came of the case, once its execution has ended."""
        name = self._name_of(case)
        worker = self._workers[name]
        if name in self._refused:
            return Outcome("REFUSED", None, None, self._refused[name], [], {}, worker)
        end = self._end_of(name)
        worker.end()
        history = self.history(case) if self._has_history else []
        return Outcome(
            status=end["status"],
            output=_value(end["output"]) if end["status"] == "SUCCEEDED" else None,
            error=end.get("error"),
            cause=end.get("cause"),
            entered=[state for each in history if (state := _entered(each))] or None,
            jobs=_jobs(history) if history else Counter(job["step"] for job in worker.jobs),
            worker=worker,
        )

    def _end_of(self, name: str) -> Any:
        pause = threading.Event()
        while time.monotonic() < self._deadline:
            end = self._states.describe_execution(executionArn=self._executions[name])
            if end["status"] != "RUNNING":
                return end
            pause.wait(PAUSE_SECONDS)
        pytest.fail(f"{name} has not ended")

    def _name_of(self, case: Case) -> str:
        return next(name for name, worker in self._workers.items() if worker.case is case)

    def history(self, case: Case) -> list[Event]:
        """The events of the case's execution."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self._executions[self._name_of(case)]
        )
        return [event for page in pages for event in page["events"]]


def _entered(event: Event) -> str | None:
    details = event.get("stateEnteredEventDetails")
    return details["name"] if details else None


def _jobs(history: Sequence[Event]) -> Counter[str]:
    """The attempts of each state's task. An event names the one before it, not its state."""
    by_id = {event["id"]: event for event in history}
    jobs: Counter[str] = Counter()
    for event in history:
        if event["type"] == "TaskScheduled":
            while not (state := _entered(event)):
                event = by_id[event["previousEventId"]]  # noqa: PLW2901
            jobs[state] += 1
    return jobs


def _value(text: str) -> Any:
    """The output. One that is a text may come without its quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text
