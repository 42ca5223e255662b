"""What an execution of a workflow can cost at most, known before it runs."""

from promptpilot.domain.base import Model

MAX_HISTORY_EVENTS = 25_000
MAX_DEFINITION_BYTES = 1_048_576
MAX_PAYLOAD_BYTES = 262_144
"""Step Functions' quotas: events of one execution's history, size of a definition, size of what a
state hands on.
"""

MAX_EXPRESSION_CHARACTERS = 32_768
"""Of one compiled expression; the embedded engine takes no longer one."""


class Bounds(Model):
    """The most that one execution can do, every step tried as often as its `retry` allows.

    Transitions are what Step Functions bills: each state entered and each retry.
    """

    model_calls: int
    transitions: int
    history_events: int
    definition_bytes: int
