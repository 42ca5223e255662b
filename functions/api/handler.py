"""The HTTP API: one Lambda function behind API Gateway, and behind the embedded gateway."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.api import problems
from functions.api.app import api
from functions.api.operation import Answer
from functions.api.request_spans import request_span, tell_answer
from promptpilot.errors import PromptPilotError

logger = logging.getLogger(__name__)

REQUEST_ID = "X-Request-Id"


def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer one API Gateway v2 event. Every error becomes a problem document."""
    with request_span(event) as told:
        answer = _answer(event, context)
        tell_answer(answer, told)
    return answer


def _answer(event: Mapping[str, Any], context: object) -> Answer:
    request_id: str = event["requestContext"]["requestId"]
    try:
        answer = api.resolve(event, context)
    except PromptPilotError as error:
        answer = problems.problem(error, request_id)
    except Exception:
        # The boundary: what is not one of our errors is a defect. It is told here, in full, and to
        # the client by the request's id alone.
        logger.exception("request failed", extra={"request_id": request_id})
        answer = problems.problem(PromptPilotError(), request_id)
    answer["headers"][REQUEST_ID] = request_id
    return answer
