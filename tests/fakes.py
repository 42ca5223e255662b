"""Doubles that stand behind the real ports."""

import asyncio
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from threading import Lock
from typing import get_args

from pydantic import SecretStr

from promptpilot.clock import epoch_ms
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.model import Completion, ModelInfo, ModelRequest, Usage
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.model_profile import Input, ModelProfile, ReasoningEffort, SettingName
from promptpilot.domain.price import Price
from promptpilot.errors import ConditionFailed
from promptpilot.ports.egress import OutboundAnswer, OutboundRequest
from promptpilot.ports.models import NO_ATTACHMENTS, Attachments, OnText
from promptpilot.ports.rate_limiter import Take
from promptpilot.ports.table import (
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Page,
    Position,
    Replace,
)
from promptpilot.sort_range import sort_range
from promptpilot.step_errors import ModelError, ModelTimeout, ModelUnknown, StepError
from promptpilot.table_limits import require_few_keys, require_writable

ScriptedAnswer = str | Completion | ModelError
ANYTHING = ModelProfile(
    inputs=get_args(Input),
    settings=get_args(SettingName),
    reasoning_efforts=get_args(ReasoningEffort),
    tools=True,
    structured_output=True,
)
"""The profile of a model that can do everything."""

Script = Callable[[ModelRequest], ScriptedAnswer] | Sequence[ScriptedAnswer]


class ScriptedModel:
    """A `ModelClient` that answers by a script: a function of the request, or a list that is used
    up. `requests` keeps what was asked.

    A text becomes a completion whose usage counts words; an error is raised. Until `gate` is set,
    where there is one, no answer is given.
    """

    def __init__(
        self,
        script: Script = lambda request: f"answer to: {request.messages[-1].content}",
        *,
        price: Price | None = None,
        profile: ModelProfile = ANYTHING,
        gate: asyncio.Event | None = None,
    ) -> None:
        self._answer = script if callable(script) else _one_after_another(script)
        self._gate = gate
        self.price = price
        self.profile = profile
        self.requests: list[ModelRequest] = []
        self.attachments: list[Attachments] = []
        self.arrived = asyncio.Event()
        self.cancelled = 0

    async def complete(
        self,
        request: ModelRequest,
        *,
        on_text: OnText | None = None,
        attachments: Attachments = NO_ATTACHMENTS,
    ) -> Completion:
        self.requests.append(request)
        self.attachments.append(attachments)
        self.arrived.set()
        if self._gate is not None:
            await self._wait(self._gate, request.timeout)
        answer = self._answer(request)
        if isinstance(answer, ModelError):
            raise answer
        completion = answer if isinstance(answer, Completion) else _said(answer, request)
        for piece in re.findall(r"\s*\S+|\s+$", completion.text) if on_text else ():
            on_text(piece)
        return completion

    async def _wait(self, gate: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await gate.wait()
        except TimeoutError as error:
            raise ModelTimeout from error
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class ScriptedModels:
    """`Models` out of scripted ones, by full name (`fake/echo`); without any, one `fake/echo`.

    Keys are checked, and then refused with `key_error` where there is one.
    """

    for_everybody: Mapping[str, bool] = {"openai": False, "anthropic": True}

    def __init__(self, models: Mapping[str, ScriptedModel] | None = None) -> None:
        self.limits: Mapping[str, ModelLimit] = {}
        self.models = dict(models if models is not None else {"fake/echo": ScriptedModel()})
        self.key_error: ModelError | None = None
        self.checked: list[tuple[str, str]] = []
        self.keyed: frozenset[str] = frozenset()

    def client(self, model: str, workspace: str) -> ScriptedModel:
        if model not in self.models:
            raise ModelUnknown(model=model, reason=f"No model {model!r} is configured.")
        return self.models[model]

    def profile(self, model: str) -> ModelProfile:
        return self.models[model].profile if model in self.models else ANYTHING

    def price(self, model: str) -> Price | None:
        return self.models[model].price if model in self.models else None

    @property
    def vendors(self) -> Mapping[str, bool]:
        return self.for_everybody

    async def check_key(self, vendor: str, key: SecretStr) -> None:
        self.checked.append((vendor, key.get_secret_value()))
        error = self.key_error
        if error is not None:
            raise error

    async def shared_limits(self, model: str, workspace: str) -> Mapping[str, ModelLimit]:
        return self.limits

    def catalogue(self, keyed: Collection[str] = ()) -> Sequence[ModelInfo]:
        self.keyed = frozenset(keyed)
        return tuple(
            ModelInfo(id=name, vendor=name.partition("/")[0], available=True, price=model.price)
            for name, model in self.models.items()
        )


MODELS = ScriptedModels({})
"""Models that take whatever they are asked, for who saves what names one."""


class DictCache:
    """A `Cache` in a dict; `now` is the time in seconds, for a test to move."""

    degraded = False

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, float]] = {}
        self.now = 0.0

    async def get(self, key: str) -> bytes | None:
        value, until = self.values.get(key, (None, 0.0))
        return value if self.now < until else None

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        self.values[key] = value, self.now + seconds

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        if await self.get(key) is not None:
            return False
        await self.put(key, value, seconds)
        return True

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


class ScriptedLimiter:
    """A `RateLimiter` that answers `take` with `waits`, one after another, then with 0."""

    degraded = False

    def __init__(self, *waits: float) -> None:
        self._waits = iter(waits)
        self.taken: list[Take] = []
        self.longest: list[float] = []
        self.given_back: list[Take] = []

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        self.taken += takes
        self.longest.append(max_wait)
        return next(self._waits, 0.0)

    async def give_back(self, take: Take) -> None:
        self.given_back.append(take)


class ScriptedEgress:
    """An `Egress` that reaches nobody: it gives the answers it was made with, one after another,
    and keeps what was sent by which rules.
    """

    def __init__(self, answers: Sequence[OutboundAnswer | StepError] = ()) -> None:
        self._left = iter(answers)
        self.sent: list[tuple[OutboundRequest, EgressRules]] = []

    async def send(self, request: OutboundRequest, rules: EgressRules) -> OutboundAnswer:
        self.sent.append((request, rules))
        answer = next(self._left)
        if isinstance(answer, StepError):
            raise answer
        return answer


def _one_after_another(
    answers: Sequence[ScriptedAnswer],
) -> Callable[[ModelRequest], ScriptedAnswer]:
    left: Iterator[ScriptedAnswer] = iter(answers)

    def answer(request: ModelRequest) -> ScriptedAnswer:
        try:
            return next(left)
        except StopIteration:
            message = f"the script of {request.model} has no answer number {len(answers) + 1}"
            raise AssertionError(message) from None

    return answer


def _said(text: str, request: ModelRequest) -> Completion:
    words = sum(len(message.content.split()) for message in request.messages)
    usage = Usage(input_tokens=words, output_tokens=len(text.split()))
    return Completion(text=text, model=request.model, finish_reason="stop", usage=usage)


class MemoryTable:
    """A `Table` in a dictionary. Threads may share it: writes are one after another."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}
        self._lock = Lock()

    def get(self, key: Key) -> Item | None:
        return _unless_expired(self._items.get(key))

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        require_few_keys(keys)
        return [self.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        index: Index = Index.PRIMARY,
        prefix: str = "",
        limit: int = 50,
        after: Position | None = None,
        descending: bool = False,
    ) -> Page:
        sort_range(partition, index, prefix, limit, after)
        with self._lock:
            stored = list(self._items.values())
        placed = [
            (Position(at, item.key), item)
            for item in stored
            if (at := _key_in(index, item)) is not None
            and at.partition == partition
            and at.sort.startswith(prefix)
            and _unless_expired(item)
        ]
        placed.sort(key=lambda entry: _order(entry[0]), reverse=descending)
        if after is not None:
            reached = _order(after)
            placed = [
                (position, item)
                for position, item in placed
                if (_order(position) < reached if descending else _order(position) > reached)
            ]
        page = placed[:limit]
        return Page(
            items=tuple(item for _, item in page),
            next=page[-1][0] if len(placed) > limit else None,
        )

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        require_writable(operations)
        with self._lock:
            for place, operation in enumerate(operations):
                if not self._holds(operation):
                    raise ConditionFailed(operation=place)
            for operation in operations:
                if isinstance(operation, Delete):
                    self._items.pop(operation.key, None)
                elif not isinstance(operation, Check):
                    self._items[operation.item.key] = operation.item

    def _holds(self, operation: Operation) -> bool:
        key = operation.key if isinstance(operation, Delete | Check) else operation.item.key
        stored = self.get(key)
        revision = stored.revision if stored else None
        match operation:
            case Create():
                return stored is None
            case Replace(item):
                return revision == item.revision - 1
            case Check(revision=required):
                return revision == required
            case Delete(revision=int() as required):
                return revision == required
            case _:
                return True

    def of_kind(self, kind: str) -> list[Item]:
        """All items of that kind, for a test to look at, in the order they were first written."""
        with self._lock:
            return [item for item in self._items.values() if item.kind == kind]


def _unless_expired(item: Item | None) -> Item | None:
    expired = item is not None and item.expires_at is not None
    return None if expired and item.expires_at <= epoch_ms() // 1000 else item


def _key_in(index: Index, item: Item) -> Key | None:
    return {Index.PRIMARY: item.key, Index.GSI1: item.gsi1, Index.GSI2: item.gsi2}[index]


def _order(position: Position) -> tuple[bytes, bytes, bytes]:
    """Positions are ordered by UTF-8 bytes."""
    texts = (position.at.sort, position.key.partition, position.key.sort)
    return texts[0].encode(), texts[1].encode(), texts[2].encode()
