"""What the emulated cloud's interpreter does otherwise, by the name of the case that shows it."""

from collections.abc import Mapping

_NO_OUTPUT = "It knows no Output of this state."

DIFFERS: Mapping[str, str] = {
    "choice: default, with Assign and Output of the state": _NO_OUTPUT,
    "choice: a condition that is no boolean": "It takes it for false.",
    "succeed: with an output": _NO_OUTPUT,
    "fail: neither error nor cause": "It makes up a name.",
    "task: over its time, from an expression": "It knows no expression there.",
    "task: the error of a missed heartbeat": "It calls it States.Timeout, as the Guide allows.",
    "catch: States.Timeout is a missed heartbeat too": "It calls it States.Timeout.",
    "parallel: Arguments are the branches' input": "It knows no Arguments there.",
    "parallel: a Succeed in a branch ends the branch": _NO_OUTPUT,
    "map: after a failure no iteration begins": "It goes through all items first.",
    "variables: seen from the next state on": "One Assign sees what another has set.",
    "expression: no error where nothing failed": "It is there as an empty object.",
    "expression: a function is no value": "It calls it States.Runtime.",
}
