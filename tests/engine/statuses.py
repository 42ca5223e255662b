"""What an engine tells of its executions, kept for a test to look at."""

import json
import threading
from typing import Any

from tests.engine.patience import PATIENCE

Detail = dict[str, Any]


class Statuses:
    """`on_status` of a test. It refuses the first `refusals` ends."""

    def __init__(self, refusals: int = 0) -> None:
        self.details: list[Detail] = []
        self.events: list[dict[str, Any]] = []
        self.refused = 0
        self._refusals = refusals
        self._changed = threading.Condition()

    def __call__(self, event: dict[str, Any]) -> None:
        detail = event["detail"]
        with self._changed:
            if detail["status"] != "RUNNING" and self.refused < self._refusals:
                self.refused += 1
                self._changed.notify_all()
                raise OSError("not now")
            self.events.append(event)
            self.details.append(detail)
            self._changed.notify_all()

    def ends_of(self, name: str) -> list[Detail]:
        return [each for each in self.details if each["name"] == name and each["stopDate"]]

    def end_of(self, name: str) -> Detail:
        """How the execution ended, once it has."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self.ends_of(name), PATIENCE)
        assert ended, f"{name} has not ended"
        return self.ends_of(name)[0]

    def wait_for(self, status: str, name: str) -> Detail:
        with self._changed:
            came = self._changed.wait_for(
                lambda: [e for e in self.details if (e["status"], e["name"]) == (status, name)],
                PATIENCE,
            )
        assert came, f"{name} was never {status}"
        return came[0]

    def wait_for_refusals(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.refused >= count, PATIENCE)

    def output_of(self, name: str) -> Any:
        """The output of the execution, once it has succeeded."""
        end = self.end_of(name)
        assert end["status"] == "SUCCEEDED", end
        return json.loads(end["output"])

    def error_of(self, name: str) -> tuple[str, str]:
        """The error and the cause of the execution, once it has failed."""
        end = self.end_of(name)
        assert end["status"] == "FAILED", end
        return end["error"], end["cause"]
