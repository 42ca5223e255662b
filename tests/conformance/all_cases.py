"""Every case."""

from collections.abc import Iterable, Mapping, Sequence

import pytest

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


def marked(cases: Iterable[Case], differs: Mapping[str, str]) -> list[object]:
    """The cases as a test's parameters; those that an interpreter gets wrong have to come out
    wrong, which is not the same as never to end.
    """
    return [
        pytest.param(
            case,
            id=case.name,
            marks=pytest.mark.xfail(
                case.name in differs,
                reason=differs.get(case.name, ""),
                raises=AssertionError,
                strict=True,
            ),
        )
        for case in cases
    ]
