"""Every case."""

from collections.abc import Sequence

from tests.conformance.case import Case
from tests.conformance.cases import (
    errors,
    expressions,
    flow,
    limits,
    maps,
    parallels,
    tasks,
    variables,
)

ALL: Sequence[Case] = (
    *flow.CASES,
    *tasks.CASES,
    *errors.CASES,
    *parallels.CASES,
    *maps.CASES,
    *variables.CASES,
    *expressions.CASES,
    *limits.CASES,
)
