"""What the engine's things are called, in the form of AWS's own names."""

import itertools
import uuid

ACCOUNT = "000000000000"
REGION = "local"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/embedded"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:steps"
_STATES = f"arn:aws:states:{REGION}:{ACCOUNT}"


class Serial:
    """Makes ids in the form of a UUID, unique among all, with randomness asked for only once."""

    def __init__(self) -> None:
        self._prefix = str(uuid.uuid4())[: -len("0123456789ab")]
        self._count = itertools.count(1)

    def next(self) -> str:
        """Another id."""
        return f"{self._prefix}{next(self._count):012x}"


def machine_arn(workflow: str) -> str:
    """The state machine of a workflow."""
    return f"{_STATES}:stateMachine:{workflow}"


def execution_arn(workflow: str, name: str) -> str:
    """An execution by its name."""
    return f"{_STATES}:execution:{workflow}:{name}"


def name_in(arn: str) -> str:
    """The name of the execution that `arn` stands for."""
    return arn.rpartition(":")[2]
