"""The emulated cloud runs state machines as the States Language says, but for what is listed: so it
is known what the other tests of this folder prove.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.account import Account
from cloud.emulator import running_emulator
from tests.conformance.all_cases import ALL, marked
from tests.conformance.case import Case
from tests.conformance.ministack_differs import DIFFERS
from tests.conformance.on_step_functions import StatesRuns
from tests.conformance.outcome import differences

FOLDER = Path("build/cloud-conformance")
FIT = [case for case in ALL if "ministack" not in case.unfit]


@pytest.fixture(scope="module")
def runs() -> Iterator[StatesRuns]:
    with running_emulator(FOLDER, auth=False) as emulator:
        account = Account(emulator.url)
        runs = StatesRuns(account.client("stepfunctions"), account.client("sqs"), has_history=False)
        try:
            runs.start(case for case in FIT if not _is_hurried(case))
            runs.wait()
            runs.start(case for case in FIT if _is_hurried(case))
            yield runs
        finally:
            runs.close()


def _is_hurried(case: Case) -> bool:
    """Its times are in seconds, which the others would take up."""
    return any(f"{name}Seconds" in json.dumps(case.asl) for name in ("Timeout", "Heartbeat"))


def test_every_difference_is_of_a_case() -> None:
    assert DIFFERS.keys() <= {case.name for case in FIT}


@pytest.mark.parametrize("case", marked(FIT, DIFFERS))
def test_the_emulator_keeps_the_rule(case: Case, runs: StatesRuns) -> None:
    assert differences(case, runs.outcome(case)) == [], case.why
