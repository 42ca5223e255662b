"""A state machine, what its worker does with the jobs, and what has to come of an execution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.conformance.acts import Act
from tests.engine.asl import State

Runner = Literal["engine", "moto", "ministack"]


@dataclass(frozen=True)
class End:
    """How an execution ends. `cause` is a regular expression, None for any."""

    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT"]
    output: Any = None
    error: str | None = None
    cause: str | None = None


def succeeds(output: Any, /) -> End:
    return End("SUCCEEDED", output)


def fails_with(error: str, cause: str | None = None) -> End:
    return End("FAILED", error=error, cause=cause)


TIMED_OUT = End("TIMED_OUT")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One rule of the Amazon States Language, and its proof.

    `entered` has the names of the states entered, in order; "|" parts what runs side by side, and
    "@1.0" says in which iterations. `jobs` counts the jobs of a step, `given` has their arguments
    in any order, `most` says how many of its jobs are in hand at most. `lost` are the steps whose
    answers, given when the execution has ended, are refused.

    `unfit` says why an interpreter is not asked.
    """

    name: str
    why: str
    states: Mapping[str, State]
    ends: End
    entered: str
    input: Any = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    work: Mapping[str, Sequence[Act]] = field(default_factory=dict)
    jobs: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    lost: Sequence[str] = ()
    unfit: Mapping[Runner, str] = field(default_factory=dict)

    @property
    def asl(self) -> dict[str, Any]:
        """The definition."""
        return {
            "QueryLanguage": "JSONata",
            "StartAt": next(iter(self.states)),
            "States": dict(self.states),
            **self.machine,
        }
