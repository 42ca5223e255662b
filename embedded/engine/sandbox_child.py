"""The process that evaluates expressions which might run away. Started by `sandbox`.

It reads a line of JSON for each evaluation and answers with one. What it may use is bounded: memory
by the system's limit, time on the processor by the evaluation itself and, where that is stuck in a
built-in function, by the signal that ends the process.
"""

import contextlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

from embedded.engine.expressions import Environment, SpentError
from embedded.engine.failures import QUERY_EVALUATION_ERROR, StateFailed
from embedded.engine.jsonata_functions import Moment
from embedded.engine.payload import MAX_PAYLOAD_BYTES, encode, encode_payload
from embedded.engine.templates import Template, compile_template

MEMORY_BYTES = 512 * 1024 * 1024
ALARM_MARGIN_SECONDS = 0.5


@lru_cache(maxsize=512)
def _template(source: str) -> Template:
    return compile_template(json.loads(source), "", [])


def answer(request: Mapping[str, Any]) -> str:
    """The JSON of one evaluation's value or failure."""
    environment = Environment(
        variables=request["variables"],
        moment=Moment(request["epoch_ms"], request["seed"]),
        seconds=request["seconds"],
        values=MAX_PAYLOAD_BYTES,
        clock=time.process_time,
    )
    try:
        value = _template(request["template"]).evaluate(environment)
        return f'{{"value":{encode_payload(value, "value of an expression")}}}'
    except StateFailed as failure:
        return encode({"error": failure.error, "cause": failure.cause})
    except SpentError:
        cause = "An expression ran too long or built too large a value."
        return encode({"error": QUERY_EVALUATION_ERROR, "cause": cause})


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer until the requests end."""
    answers.write("\n")
    answers.flush()
    for line in requests:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, request["seconds"] + ALARM_MARGIN_SECONDS)
        text = answer(request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(text + "\n")
        answers.flush()


def main() -> None:
    """Serve on stdin and stdout; what a library prints goes to stderr instead."""
    with contextlib.suppress(ValueError, OSError):  # not every system limits it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8") as requests, answers:
        serve(requests, answers)


if __name__ == "__main__":
    main()
