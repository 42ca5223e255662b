"""Once a day: the state machines that nobody uses any more."""

from collections.abc import Mapping
from typing import Any

from promptpilot import platform
from promptpilot.services.idle_machines import forget_idle_machines


def handler(event: Mapping[str, Any], context: object) -> None:
    """Lambda's entry; the event says only that it is time."""
    forget_idle_machines(orchestrator=platform.current().orchestrator)
