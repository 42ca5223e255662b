"""Going on after a restart."""

from collections.abc import Callable

from embedded.database import Database
from embedded.engine.execution import Services
from embedded.engine.executions import Executions
from embedded.engine.machines import Machines
from embedded.engine.records import forget_old, open_executions, standing_of
from promptpilot.clock import epoch_ms
from promptpilot.errors import DocumentInvalid, NotFound

OnLoop = Callable[..., object]
"""Calls its first argument with the others on the event loop's thread."""


def recover(
    database: Database,
    machines: Machines,
    executions: Executions,
    services: Services,
    on_loop: OnLoop,
) -> None:
    """Go on with what has not ended, and tell the ends that were not told."""
    database.write(lambda connection: forget_old(connection, epoch_ms()))
    for row in open_executions(database):
        if row.status != "RUNNING":
            on_loop(executions.tell, row)
            continue
        try:
            machine = machines.load(row.machine)
        except (DocumentInvalid, NotFound) as error:
            on_loop(executions.give_up, row, f"The state machine cannot be run: {error}")
            continue
        on_loop(executions.begin, row, machine, services, standing_of(database, row.id))
