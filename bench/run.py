"""The one driver of the benchmarks: runs the suites asked for, prints tables, keeps the results."""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    approvals,
    chain,
    cold_imports,
    cold_start,
    http_load,
    model_call,
    peers,
    shared_cache,
    streams,
    vendor_imports,
    wide,
)
from bench.figures import RESULTS, Figure, save, show

Suite = Callable[[Path, int], list[Figure]]

SUITES: dict[str, tuple[str, Suite]] = {
    "cold": ("Cold start, no model", cold_start.measure),
    "cold-imports": ("Imports of the Lambda functions", cold_imports.measure),
    "http": ("HTTP, 16 clients", http_load.measure),
    "chain": ("A chain of five prompts", chain.measure),
    "fan-out": ("Parallel steps", wide.measure_fan_out),
    "map": ("A map over many items", wide.measure_map),
    "model-call": ("Model calls that are answered at once, 50 at once", model_call.measure),
    "vendor-imports": ("Imports of the worker by vendor", vendor_imports.measure),
    "streams": ("Many streams at once", streams.measure),
    "cache": ("Caches and rate limits, one call at a time", shared_cache.measure),
    "approvals": ("Executions that wait", approvals.measure),
}
PEERS = ("The same kind of chain by a peer", peers.measure)


def main() -> None:
    """Run from the command line; see `--help`."""
    arguments = _arguments()
    names = SUITES if "all" in arguments.suites else arguments.suites
    chosen = {name: SUITES[name] for name in names}
    if arguments.peers:
        chosen["peers"] = PEERS
    RESULTS.mkdir(exist_ok=True)
    for name, (title, suite) in chosen.items():
        # On the disk: the system's temporary folder may lie in memory, where syncing is free.
        with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
            figures = suite(Path(folder), arguments.rounds)
        if figures:
            show(f"{title} (medians of {arguments.rounds} rounds)", figures)
            print(f"Kept in bench/results/{save(name, figures).name}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, "all"], default="all")
    parser.add_argument("--peers", action="store_true", help="also a peer, in its own environment")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    return parser.parse_args()
