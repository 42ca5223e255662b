"""What moto's interpreter does otherwise, by the name of the case that shows it, and why it is
moto that is wrong, or beside the point.
"""

from collections.abc import Mapping

SAME_TOKEN = (
    "A task that is tried again keeps its token, and takes the answer to the first attempt for the "
    "one to the second, if that came in time. In Step Functions an attempt has a token of its own."
)
_RUNTIME = "What goes wrong in its evaluation it calls States.Runtime."
_NO_CATCH_OF_RUNTIME = (
    "It stumbles over its own States.Runtime: a name of its own beginning with `States.`"
)
_NOT_CAUGHT = "It does not ask Catch and Retry when an Output fails."

DIFFERS: Mapping[str, str] = {
    "choice: a rule's Assign and Output, not the state's": (
        "It also assigns what stands at the state, and evaluates Output after that; the Guide says "
        "that a rule's Assign counts, and that Assign and Output see the same values."
    ),
    "choice: no rule and no default": _RUNTIME,
    "choice: no rule and no default, within what catches": _NO_CATCH_OF_RUNTIME,
    "choice: a condition that is no boolean": _RUNTIME,
    "wait: seconds below 0": "It takes them for none.",
    "wait: a time with an offset": "It refuses the offset, which RFC 3339 allows.",
    "wait: no time": _RUNTIME,
    "fail: neither error nor cause": "It tells no error; ours is an empty one.",
    "fail: a cause that is no text": "It drops the cause.",
    "task: the error of a missed heartbeat": (
        "It calls it States.Timeout. The Guide lists both names for it, so a machine has to take "
        "either."
    ),
    "catch: States.Timeout is a missed heartbeat too": "It calls it States.Timeout.",
    "error: uncaught": "SendTaskFailure does not pass the cause on.",
    "catch: the error's name and cause, in Output and Assign": (
        "SendTaskFailure does not pass the cause on."
    ),
    "catch: an output that cannot be evaluated": _NOT_CAUGHT,
    "catch: back to the same state": "It ends with the error output instead.",
    "retry: until it succeeds": SAME_TOKEN,
    "retry: each counts for itself": SAME_TOKEN,
    "retry: States.ALL": SAME_TOKEN,
    "retry: a timeout": SAME_TOKEN,
    "retry: MaxDelaySeconds bounds the growth": SAME_TOKEN,
    "retry: full jitter waits no longer": SAME_TOKEN,
    "retry: an output that cannot be evaluated": _NOT_CAUGHT,
    "retry: the context counts": SAME_TOKEN,
    "retry: counts begin anew when a state is entered again": SAME_TOKEN,
    "parallel: caught by its state, siblings ended": (
        "It takes the answer to a job of a branch that was stopped."
    ),
    "parallel: a result that cannot be evaluated": _NOT_CAUGHT,
    "map: an iteration tries its own task again": SAME_TOKEN,
    "map: a parallel in every iteration": "Its context of an item is not seen in the branches.",
    "expression: the context of an execution": "It has no State.RetryCount but in tasks.",
    "expression: no error where nothing failed": _RUNTIME,
    "expression: a function is no value": _RUNTIME,
}
