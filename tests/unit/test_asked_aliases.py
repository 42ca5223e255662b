"""Aliases of models in steps."""

from typing import Any

import pytest
from pydantic import ValidationError

from promptpilot.domain.model_alias import ModelAliases
from promptpilot.domain.permissions import Role
from promptpilot.errors import Forbidden
from promptpilot.services.model_aliases import put_aliases
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import ScriptedModel
from tests.unit.prompt_steps import asking, first


class TestAliases:
    @staticmethod
    def world(*steps: dict[str, Any], **aliases: tuple[str, ...]) -> Any:
        world = asking(
            *steps,
            model=ScriptedModel([ModelOverloaded()]),
            second=ScriptedModel(["second"] * 9),
        )
        admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
        put_aliases(admin, ModelAliases(aliases=aliases), table=world.ports.table)
        return world

    async def log(self, world: Any, **job: Any) -> Any:
        execution = world.run()
        await world.do(execution, "first", **job)
        [log] = world.logs(execution)
        return log

    async def test_an_alias_stands_for_a_model(self) -> None:
        world = self.world(first(), cheap=("fake/second",))
        log = await self.log(world, model="alias/cheap")
        assert (log.model, log.text, log.input.model) == ("fake/second", "second", "fake/second")

    async def test_what_stands_after_the_first_is_asked_where_it_fails(self) -> None:
        world = self.world(first(), best=("fake/echo", "fake/second"))
        log = await self.log(world, model="alias/best")
        assert (log.model, log.failed_models[0].model) == ("fake/second", "fake/echo")

    async def test_a_fallback_may_be_an_alias(self) -> None:
        world = self.world(first(fallbacks=["alias/cheap"]), cheap=("fake/second",))
        assert (await self.log(world)).model == "fake/second"

    async def test_a_moved_alias_counts_from_the_next_call_on(self) -> None:
        world = self.world(first(), cheap=("fake/echo",))
        assert (await self.log(world, model="alias/cheap")).error.name == "ModelOverloaded"
        admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
        moved = ModelAliases(aliases={"cheap": ("fake/second",)})
        put_aliases(admin, moved, table=world.ports.table)
        assert (await self.log(world, model="alias/cheap")).text == "second"

    async def test_an_alias_that_there_is_not_is_an_unknown_model(self) -> None:
        log = await self.log(self.world(first()), model="alias/nobody")
        assert log.error.name == "ModelUnknown"
        assert "alias/nobody" in log.error.message

    def test_an_alias_stands_for_no_alias(self) -> None:
        with pytest.raises(ValidationError, match="not for another alias"):
            ModelAliases(aliases={"a": ("alias/b",)})

    def test_only_admins_move_aliases(self) -> None:
        world = self.world(first())
        with pytest.raises(Forbidden):
            put_aliases(world.principal, ModelAliases(), table=world.ports.table)
