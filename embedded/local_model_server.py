"""The child process that runs the model that ships; `LocalModel` starts it.

Its parent writes one line of JSON to its stdin, `{"weights": path, "alias": the model's name,
"context_tokens": of one call, "api_key": key}`, and reads one line from its stdout when it is
ready: the address it listens on. It lives as long as its stdin is open, so it dies with its parent
however that ends, and the key is on no command line. It imports nothing of ours, which would cost
memory.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import xllamacpp  # type: ignore[import-untyped]  # a native module without stubs

SLOTS = 4
"""Calls that are answered at once; more wait their turn."""
THREADS = 1
"""Two threads on a busy machine of two cores wait for each other more than they compute."""
HTTP_THREADS = 64
"""Open connections, idle ones included, that the server can attend to."""
LONGEST_ANSWER = 512
"""Tokens of an answer to a request without `max_tokens`: a small model may never come to an end."""
BATCH = 512
SMALL_BATCH = 128
"""Tokens computed at once: larger ones are no faster on one thread and take more memory."""
ERRORS_ONLY = 1


def main() -> None:
    """Serve until stdin ends."""
    announce = _take_stdout()
    server = xllamacpp.Server(_parameters(json.loads(sys.stdin.readline())))
    with os.fdopen(announce, "w") as parent:
        parent.write(f"{server.listening_address}\n")
    sys.stdin.buffer.read()
    os._exit(0)  # what native threads still compute is for nobody


def _take_stdout() -> int:
    """Keep stdout for the one line, and send what native code prints there to stderr."""
    announce = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return announce


def _parameters(config: Mapping[str, Any]) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = config["weights"]
    params.model_alias = {config["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [config["api_key"]]
    params.cpuparams.n_threads = THREADS
    params.cpuparams_batch.n_threads = THREADS
    params.n_threads_http = HTTP_THREADS
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * config["context_tokens"]
    params.n_batch = BATCH
    params.n_ubatch = SMALL_BATCH
    params.n_predict = LONGEST_ANSWER
    params.cache_ram_mib = 0  # its default is 8 GiB
    params.ui = False
    params.endpoint_slots = False  # they would show prompts
    params.verbosity = ERRORS_ONLY  # more would make the log grow with every call
    return params


if __name__ == "__main__":
    main()
