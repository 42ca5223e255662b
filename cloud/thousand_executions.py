"""What 1,000 executions of the chain cost, from the counted calls of some."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud.bill import Item
from cloud.chain import STEPS, Chain
from cloud.unit_prices import Prices

EXECUTIONS = 1_000
MODEL_SECONDS = 2.0
"""How long a model is waited for, in each step; what it is paid for its answer is not counted."""
SHARING = 1
"""How many jobs share one invocation of the worker, and so one waiting: with traffic up to ten. One
is the dearest case: executions that come alone.
"""
TRANSITIONS = STEPS + 1
"""Each state, and the end."""
REQUESTS_A_MESSAGE = 3
"""Sent, received, deleted."""
STATUSES = 3
"""Messages about an execution: that it is queued, runs, and has ended."""
SAMPLED = 0.05
"""Of requests, beyond the first in each second: X-Ray's rule where nobody made another."""
TRACES = 1 + 1 + STEPS
"""Requests, the execution, and the worker for each of its steps."""
READS = {"GetItem": 1.0, "Query": 0.5, "TransactGetItems": 2.0}
"""Read units of a call, for items of up to 4 KB; queries are eventually consistent."""
WORKER = "step-worker"


def thousand_executions(
    chain: Chain, memory_mb: Mapping[str, int], prices: Prices, *, sharing: int = SHARING
) -> list[Item]:
    """Item by item, before free tiers, without what models cost. `memory_mb` is by function."""
    times = EXECUTIONS / chain.executions
    return list(_items(chain, memory_mb, prices, times, sharing))


def memory_of(templates: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The memory of every function, by its name."""
    return {
        each["Properties"]["FunctionName"]: each["Properties"]["MemorySize"]
        for template in templates
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    }


def _items(
    chain: Chain, memory_mb: Mapping[str, int], prices: Prices, times: float, sharing: int
) -> Iterator[Item]:
    counted = chain.counted
    yield Item("Step Functions: transitions", TRANSITIONS * EXECUTIONS, prices.state_transition)
    waiting = STEPS * MODEL_SECONDS * _gb(WORKER, memory_mb) * EXECUTIONS / sharing
    yield Item(f"Lambda: waiting for models, GB-s (by {sharing})", waiting, prices.lambda_gb_second)
    working = sum(took / 1000 * _gb(name, memory_mb) for name, took in counted.milliseconds.items())
    yield Item("Lambda: working, GB-s (as long as here)", working * times, prices.lambda_gb_second)
    invocations = sum(counted.invocations.values()) * times
    yield Item("Lambda: invocations", invocations, prices.lambda_request)
    yield Item("DynamoDB: write units", counted.write_units * times, prices.dynamodb_write_unit)
    yield Item("DynamoDB: read units", read_units(chain) * times, prices.dynamodb_read_unit)
    messages = (STEPS + STATUSES) * REQUESTS_A_MESSAGE * EXECUTIONS
    yield Item("SQS: requests", messages, prices.sqs_request)
    yield Item("EventBridge: events", counted.published * times, prices.event)
    yield Item("API Gateway: requests", _requests(chain) * times, prices.http_api_request)
    yield Item("CloudWatch: logs, GB", chain.logged_bytes * times / 1e9, prices.logs_gb)
    yield Item("X-Ray: traces", TRACES * EXECUTIONS * SAMPLED, prices.trace)


def _gb(function: str, memory_mb: Mapping[str, int]) -> float:
    return next(mb for name, mb in memory_mb.items() if name.endswith(function)) / 1024


def read_units(chain: Chain) -> float:
    """What all runs of the chain took."""
    calls, batched = chain.counted.calls, chain.counted.batched_reads
    return batched + sum(calls[f"dynamodb {name}"] * units for name, units in READS.items())


def _requests(chain: Chain) -> int:
    named = chain.counted.invocations.items()
    return sum(count for name, count in named if name.endswith("-api"))
