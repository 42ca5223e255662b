"""What came of an execution of a case, and what is wrong with it."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conformance.case import Case
from tests.conformance.worker import Worker


@dataclass(frozen=True)
class Outcome:
    """`entered` has the states' names in order, with "@1.0" for iterations where they are known,
    and is None where nothing is; `jobs` are the attempts of tasks by state.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    entered: Sequence[str] | None
    jobs: Mapping[str, int]
    worker: Worker


def differences(case: Case, outcome: Outcome) -> list[str]:
    """Everything in which the outcome is not what the case says."""
    found = [*_of_end(case, outcome), *_of_entered(case, outcome)]
    worker = outcome.worker
    for step, jobs in case.jobs.items():
        if (came := outcome.jobs.get(step, 0)) != jobs:
            found.append(f"{step} had {came} jobs, not {jobs}")
    for step, given in case.given.items():
        got = [job.get("given") for job in worker.jobs if job["step"] == step]
        if sorted(map(json.dumps, got)) != sorted(map(json.dumps, given)):
            found.append(f"{step} was given {got}, not {given}")
    for step, most in case.most.items():
        if worker.most[step] != most:
            found.append(f"{worker.most[step]} jobs of {step} were in hand at once, not {most}")
    found += [
        f"{s}: {worker.accepted[s]} late" for s in case.lost if worker.accepted[s][-1:] != [False]
    ]
    return found


def _of_end(case: Case, outcome: Outcome) -> list[str]:
    expected = case.ends
    if outcome.status != expected.status:
        return [f"ended {outcome.status} ({outcome.error}: {outcome.cause}): {outcome.output}"]
    found = []
    if json.dumps(outcome.output) != json.dumps(expected.output):
        found.append(f"gave {outcome.output!r}, not {expected.output!r}")
    if expected.error is not None and outcome.error != expected.error:
        found.append(f"failed with {outcome.error!r}, not {expected.error!r}")
    if expected.cause is not None and not re.search(expected.cause, outcome.cause or ""):
        found.append(f"has the cause {outcome.cause!r}, not {expected.cause!r}")
    return found


def _of_entered(case: Case, outcome: Outcome) -> list[str]:
    if outcome.entered is None:
        return []
    threads = [thread.split() for thread in case.entered.split("|")]
    entered = list(outcome.entered)
    if not any("@" in state for state in entered):
        threads = [[state.partition("@")[0] for state in thread] for thread in threads]
    if Counter(entered) != Counter(state for thread in threads for state in thread):
        return [f"entered {len(entered)}: {entered}, not {case.entered!r}"]
    return [
        f"entered {entered}, with {thread} out of order"
        for thread in threads
        if not _in_order(thread, entered)
    ]


def _in_order(thread: Sequence[str], entered: Sequence[str]) -> bool:
    rest = iter(entered)
    return all(state in rest for state in thread)
