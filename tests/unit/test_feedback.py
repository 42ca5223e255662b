"""Opinions on executions."""

import pytest
from pydantic import ValidationError

from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.errors import Forbidden, NotFound
from promptpilot.services.feedback import (
    FeedbackDraft,
    get_feedback,
    give_feedback,
    list_feedback,
)
from promptpilot.services.runs.step_runs import run_workflow_step
from tests.fakes import ScriptedModel
from tests.unit.world import World


async def test_an_opinion_on_a_log_is_kept_and_found() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    other = world.execute({"text": "y"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    [log] = world.logs(execution)
    draft = FeedbackDraft(
        execution_id=execution.id, log_id=log.id, rating=-1, comment="wrong", tags=("tone",)
    )
    table = world.ports.table
    given = give_feedback(world.principal, draft, table=table)
    give_feedback(world.principal, FeedbackDraft(execution_id=other.id, rating=5), table=table)
    assert get_feedback(world.principal, given.id, table=table) == given
    assert given.author == world.principal.user
    of_one = list_feedback(world.principal, execution_id=execution.id, table=table)
    assert of_one.items == (given,)
    assert len(list_feedback(world.principal, table=table).items) == 2


@pytest.mark.parametrize("rating", [0, 6, -2, "good", None])
def test_a_rating_is_a_thumb_or_one_to_five_stars(rating: object) -> None:
    with pytest.raises(ValidationError):
        FeedbackDraft.model_validate({"execution_id": new_id("execution"), "rating": rating})


async def test_a_log_of_another_execution_is_refused() -> None:
    world = World(ScriptedModel())
    execution, other = world.execute({"text": "x"}), world.execute({"text": "y"})
    await run_workflow_step(world.job(other, "first"), 1, world.ports)
    [log] = world.logs(other)
    for log_id in (log.id, "log_x", f"log_{execution.id[10:]}_1"):
        draft = FeedbackDraft(execution_id=execution.id, log_id=log_id, rating=1)
        with pytest.raises(NotFound):
            give_feedback(world.principal, draft, table=world.ports.table)


def test_an_execution_of_another_workspace_is_not_found() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    stranger = Principal(new_id("user"), new_id("ws"), Role.OWNER)
    draft = FeedbackDraft(execution_id=execution.id, rating=1)
    with pytest.raises(NotFound):
        give_feedback(stranger, draft, table=world.ports.table)


def test_a_viewer_may_read_and_not_give() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    viewer = Principal(world.principal.user, world.principal.workspace, Role.VIEWER)
    draft = FeedbackDraft(execution_id=execution.id, rating=1)
    with pytest.raises(Forbidden):
        give_feedback(viewer, draft, table=world.ports.table)
    assert list_feedback(viewer, table=world.ports.table).items == ()
