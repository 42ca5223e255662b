"""One fresh scheduler of every kind, and a look at what it has planned."""

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import boto3

from embedded.database import Database
from embedded.event_bus import LocalEventBus
from embedded.scheduler import SqliteScheduler
from promptpilot.adapters.aws.scheduler import EventBridgeScheduler, schedule_name
from promptpilot.ports.scheduler import Scheduler
from tests.contract.stores import REGION

BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/promptpilot-dev"
ROLE = "arn:aws:iam::123456789012:role/promptpilot-dev-scheduler"
_numbers = itertools.count()


class Rig(Protocol):
    """A scheduler, and how many schedules it holds and what they say."""

    scheduler: Scheduler

    def planned(self) -> int: ...

    def expression(self, workspace: str, id: str) -> str: ...


class SqliteRig:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.scheduler: Scheduler = SqliteScheduler(database, LocalEventBus({}))

    def planned(self) -> int:
        count: int = self._database.rows("SELECT count(*) FROM schedules")[0][0]
        return count

    def expression(self, workspace: str, id: str) -> str:
        sql = "SELECT expression FROM schedules WHERE workspace = ? AND id = ?"
        return str(self._database.rows(sql, (workspace, id))[0][0])


class AwsRig:
    """To be used while AWS is mocked."""

    def __init__(self, **more: Any) -> None:
        self.client = boto3.client("scheduler", REGION)
        self.group = f"group-{next(_numbers)}"
        self.client.create_schedule_group(Name=self.group)
        self.scheduler: Scheduler = EventBridgeScheduler(
            self.client, group=self.group, bus_arn=BUS, role=ROLE, pauses=(0, 0), **more
        )

    def planned(self) -> int:
        return len(self.client.list_schedules(GroupName=self.group)["Schedules"])

    def stored(self, workspace: str, id: str) -> dict[str, Any]:
        name = schedule_name(workspace, id)
        return dict(self.client.get_schedule(GroupName=self.group, Name=name))

    def expression(self, workspace: str, id: str) -> str:
        return str(self.stored(workspace, id)["ScheduleExpression"])


@contextmanager
def sqlite_rig(folder: Path) -> Iterator[Rig]:
    with closing(Database(folder / f"{next(_numbers)}.db")) as database:
        yield SqliteRig(database)


@contextmanager
def aws_rig(folder: Path) -> Iterator[Rig]:
    yield AwsRig()


RIGS = {"sqlite": sqlite_rig, "eventbridge": aws_rig}
