"""What every Lambda function does once, before its first event."""

import logging
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

from promptpilot import platform
from promptpilot.adapters.aws.platform import AwsPlatform
from promptpilot.adapters.tracing import start_tracing
from promptpilot.observability import log_as_json
from promptpilot.settings import Settings
from promptpilot.telemetry.spans import flush, tracer

Handler = Callable[[Mapping[str, Any], Any], Any]

SNAP_START = "snap-start"


def start() -> None:
    """Log as JSON lines, and serve every port from AWS. Nothing is connected before its first use,
    but what it needs is imported now, while Lambda gives a starting process a whole processor.

    Raises `Invalid` for settings that cannot be read.
    """
    logging.getLogger().handlers.clear()  # Lambda's own would write every line a second time
    log_as_json(sys.stdout)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # tells every start
    settings = Settings.read()
    here = AwsPlatform(settings)
    here.load()
    platform.install(here)
    start_tracing(settings, here.otlp_headers)
    if settings.initialization == SNAP_START:
        _prepare_for_snapshot(here)


def flushed(handler: Handler) -> Handler:
    """The handler, which sends the spans of an invocation before it answers: Lambda freezes the
    process afterwards, for minutes or for ever.
    """
    if tracer() is None:
        return handler

    def flushing(event: Mapping[str, Any], context: Any) -> Any:
        try:
            return handler(event, context)
        finally:
            flush()

    return flushing


def _prepare_for_snapshot(here: AwsPlatform) -> None:
    """Let the snapshot hold the clients ready-made, and every process that starts from it have
    chances of its own: `random` would give all of them the same. Ids come from the system.
    """
    # A part of Lambda's runtime, not of ours.
    from snapshot_restore_py import (  # noqa: PLC0415
        register_after_restore,
        register_before_snapshot,
    )

    register_before_snapshot(here.prepare)
    register_after_restore(random.seed)
