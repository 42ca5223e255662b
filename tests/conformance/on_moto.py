"""Cases on moto's interpreter of the States Language, which is independent of ours.

It knows all of JSONata's fields but leaves the evaluation of an expression, a text with `$states`
and all variables bound in it, to a library that it does not bring along. So it is given one.
"""

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils
from moto import mock_aws
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluation
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from tests.conformance.case import Case
from tests.conformance.on_step_functions import StatesRuns

PLACE = {"region_name": "us-east-1"}


def evaluate(expression: str) -> Any:
    """The value of an expression that stands alone."""
    try:
        value = Jsonata(expression).evaluate(None)
        return json.loads(json.dumps(value, default=_null))
    except Exception as error:
        raise evaluation.JSONataException("UNKNOWN", str(error)) from error


def _null(value: Any) -> None:
    """What jsonata-python has for null; all else that is no JSON is refused."""
    if value is not Utils.NULL_VALUE:
        raise TypeError(f"{value!r} is no JSON")


@contextmanager
def moto_runs(cases: Iterable[Case]) -> Iterator[StatesRuns]:
    """All cases, started."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # moto's own
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        patch.setattr(evaluation, "_eval_jsonata", evaluate)
        # It is the class's, and is not put right after a definition that was refused.
        patch.setattr(Preprocessor, "_query_language_per_scope", [])
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            states, queue = boto3.client("stepfunctions", **PLACE), boto3.client("sqs", **PLACE)
            runs = StatesRuns(states, queue, has_history=True)
            try:
                runs.start(cases)
                yield runs
            finally:
                runs.close()
