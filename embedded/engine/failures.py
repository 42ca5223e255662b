"""How a state fails, and which error names of the Amazon States Language match it."""

from collections.abc import Collection

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
RUNTIME = "States.Runtime"
STEP_ABANDONED = "StepAbandoned"
"""A job on which its worker failed every time; on AWS the dead-letter redrive reports it."""

MAX_ERROR_CHARACTERS = 256
MAX_CAUSE_CHARACTERS = 32_768
"""Step Functions' own limits of an error's name and cause."""


class StateFailed(Exception):
    """The state that is running failed: `error` is the name that Retry and Catch look for."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error = _storable(error[:MAX_ERROR_CHARACTERS])
        self.cause = _storable(cause[:MAX_CAUSE_CHARACTERS])


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which UTF-8 has no bytes for."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def matches(names: Collection[str], error: str) -> bool:
    """Whether a retrier or catcher for `names` takes `error`.

    `States.ALL` and `States.TaskFailed` are wildcards: neither takes the terminal
    `States.DataLimitExceeded`, which only its own name does, and the latter no `States.Timeout`.
    A missed heartbeat is a kind of timeout. Nothing takes `States.Runtime`.
    """
    if error == RUNTIME:
        return False
    if error in names or (error == HEARTBEAT_TIMEOUT and TIMEOUT in names):
        return True
    if error == DATA_LIMIT_EXCEEDED:
        return False
    return ALL in names or (TASK_FAILED in names and error != TIMEOUT)
