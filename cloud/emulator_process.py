"""The emulator's process. Runs in its environment (`.venv-cloud`), which has nothing of ours.

It lives as long as its stdin is open, so it dies with its parent however that ends. Before it
serves, what cannot be put right from outside is put right here; like all that the emulator does
otherwise than AWS it is told in `emulator_gaps.py`.
"""

import json
import os
import signal
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.services import (  # type: ignore[import-not-found]
    cloudtrail,
    lambda_svc,
    stepfunctions,
)


def main() -> None:
    """Serve until stdin ends, or until told to end."""
    calls = sys.argv.pop()  # the emulator reads the arguments as well
    _give_every_attempt_its_own_token()
    _give_every_branch_its_own_variables()
    _let_a_parallel_assign()
    _write_down_calls(Path(calls))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    app.main()


def _give_every_attempt_its_own_token() -> None:
    """A task that is tried again has another token on AWS; here it would have the same.

    Arguments are evaluated once before each attempt, with the token in `ctx`.
    """
    evaluate = stepfunctions._apply_jsonata_arguments  # noqa: SLF001 - there is no other way in

    def with_a_new_token(state: Any, given: Any, ctx: Any) -> Any:
        if "Token" in ctx.get("Task", {}):
            ctx["Task"]["Token"] = str(uuid.uuid4())
        return evaluate(state, given, ctx)

    stepfunctions._apply_jsonata_arguments = with_a_new_token  # noqa: SLF001


def _give_every_branch_its_own_variables() -> None:
    """Variables belong to the branch or the iteration that assigns them on AWS; here all would
    share them, also while they run at the same time.
    """
    run = stepfunctions._run_sub_machine  # noqa: SLF001 - as above

    def with_its_own(states: Any, start: Any, given: Any, execution: Any, ctx: Any) -> Any:
        own = {**ctx, "variables": dict(ctx.get("variables") or {})}
        return run(states, start, given, execution, own)

    stepfunctions._run_sub_machine = with_its_own  # noqa: SLF001 - as above


def _let_a_parallel_assign() -> None:
    """`Assign` and `Output` of a Parallel, which the emulator leaves out."""
    run = stepfunctions._run_parallel_branches  # noqa: SLF001 - as above

    def and_assign(state: Any, given: Any, execution: Any, ctx: Any) -> Any:
        results, following = run(state, given, execution, ctx)
        output = stepfunctions._apply_jsonata_output(  # noqa: SLF001 - as above
            state, given, ctx, result=results, default=results
        )
        stepfunctions._apply_state_assign(state, given, ctx, result=results)  # noqa: SLF001
        return output, following

    stepfunctions._run_parallel_branches = and_assign  # noqa: SLF001 - as above


def _write_down_calls(file: Path) -> None:
    """One line of JSON for each call of an API, and for each invocation of a function: what
    `counted_calls.py` reads. The emulator's own trail tells of the last fifty only.
    """
    lines = file.open("a", buffering=1, encoding="utf-8")

    def called(*, service: str, event_name: str, access_key_id: str, **rest: Any) -> None:
        call = {"service": service, "operation": event_name, "by": access_key_id}
        lines.write(json.dumps({**call, "parameters": rest.get("request_params")}) + "\n")

    execute = lambda_svc._execute_function  # noqa: SLF001 - as above

    def executed(function: Any, *given: Any, **more: Any) -> Any:
        start = time.monotonic()
        try:
            return execute(function, *given, **more)
        finally:
            took = round((time.monotonic() - start) * 1000)
            name = function["config"]["FunctionName"]
            call = {"service": "lambda", "operation": "Invoke", "function": name}
            lines.write(json.dumps({**call, "milliseconds": took}) + "\n")

    cloudtrail.record_event = called
    lambda_svc._execute_function = executed  # noqa: SLF001 - as above


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
