"""A setting of a workspace as asynchronous code knows it."""

from collections.abc import Callable
from typing import Any

from promptpilot import keys
from promptpilot.domain.budget import Budget
from promptpilot.domain.ids import new_id
from promptpilot.services.setting import Setting
from tests.fakes import MemoryTable


async def test_what_is_known_is_not_handed_over() -> None:
    setting = Setting("budget", keys.budget, Budget())
    table, workspace = MemoryTable(), new_id("ws")
    handed_over = []

    async def offload(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        handed_over.append(args)
        return call(*args, **kwargs)

    for _ in range(2):
        known = await setting.known_soon(workspace, table=table, offload=offload)
        assert known == Budget()
    assert handed_over == [(workspace,)]

    changed = setting.changed(workspace, Budget(monthly_micro_usd=1))
    assert await setting.known_soon(workspace, table=table, offload=offload) == changed
    assert handed_over == [(workspace,)]
