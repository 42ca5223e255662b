"""Steps that ask people: who may decide, and what a decision does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from promptpilot.clock import now
from promptpilot.domain.approval import ApprovalStatus, Decision
from promptpilot.domain.execution import ExecutionStatus, LogStatus
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.errors import Conflict, DocumentInvalid, Forbidden, NotFound, Unavailable
from promptpilot.ports.table import Page
from promptpilot.services.executions import approval_lists
from promptpilot.services.executions.approval_lists import ApprovalFilters, list_approvals
from promptpilot.services.executions.approvals import (
    get_approval,
    settle_approval,
)
from promptpilot.services.runs import approval_steps
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.steps.waiting_tasks import waiting_tasks
from tests.unit.asking import APPROVE, FORM, REJECT, Asking
from tests.unit.world import RecordingOrchestrator


async def test_a_step_that_asks_waits_and_holds_no_worker() -> None:
    world = Asking(users=["two@example.com"], form=FORM, timeout="2d")
    approval = await world.ask()
    assert (approval.status, approval.message, approval.form) == ("pending", "Well?", FORM)
    assert (approval.role, approval.users) == (None, ("two@example.com",))
    assert timedelta(days=1, hours=23) < approval.expires_at - now() <= timedelta(days=2)
    assert world.log().status is LogStatus.WAITING
    assert world.log().input["message"] == "Well?"
    execution = world.stored(world.execution)
    assert execution.status is ExecutionStatus.WAITING
    assert execution.started_at is not None
    assert len(world.events("execution.started")) == 1
    assert world.orchestrator.succeeded == world.orchestrator.failed == {}
    [event] = world.events("approval.requested")
    assert (event["subject"], event["data"]["execution"]) == (approval.id, world.execution.id)


async def test_the_time_that_its_job_was_queued_counts_as_asked() -> None:
    world = Asking(timeout="1h")
    job = world.job_of(world.execution, "ask", message="Well?")
    await run_workflow_step(job, 1, world.ports, waited_seconds=600)
    left = world.approval().expires_at - now()
    assert timedelta(minutes=49) < left <= timedelta(minutes=50)


@pytest.mark.parametrize(("decision", "status"), [(APPROVE, "approved"), (REJECT, "rejected")])
async def test_a_decision_is_the_steps_result(decision: Decision, status: str) -> None:
    world = Asking()
    await world.ask()
    told = decision.model_copy(update={"comment": "Because."})
    decided = world.decide(told)
    result = world.orchestrator.succeeded["token ask"]
    assert result == {
        "decision": status,
        "comment": "Because.",
        "form": None,
        "by": world.principal.user,
        "at": decided.model_dump(mode="json")["decided_at"],
    }
    log = world.log()
    assert (log.status, log.output, log.cost_micro_usd) == (LogStatus.SUCCEEDED, result, 0)
    assert world.stored(world.execution).status is ExecutionStatus.RUNNING
    assert world.approval().status == status
    assert len(world.events("approval.decided")) == 1
    assert len(world.events("execution.step.succeeded")) == 1
    assert list(waiting_tasks(decided.workspace, world.execution.id, table=world.ports.table)) == []


async def test_the_execution_waits_until_the_last_one_is_decided() -> None:
    world = Asking()
    await world.ask()
    await world.ask("also")
    world.decide(APPROVE)
    assert world.stored(world.execution).status is ExecutionStatus.WAITING
    world.decide(APPROVE, step="also")
    assert world.stored(world.execution).status is ExecutionStatus.RUNNING


@pytest.mark.parametrize(
    ("fields", "role", "email", "may"),
    [
        ({}, Role.EDITOR, None, True),
        ({}, Role.RUNNER, None, False),
        ({"role": "admin"}, Role.EDITOR, None, False),
        ({"role": "admin"}, Role.OWNER, None, True),
        ({"role": "viewer"}, Role.VIEWER, None, True),
        ({"users": ["two@example.com"]}, Role.VIEWER, "Two@Example.com", True),
        ({"users": ["two@example.com"]}, Role.OWNER, "one@example.com", False),
        ({"users": ["two@example.com"], "role": "admin"}, Role.ADMIN, None, True),
    ],
)
async def test_the_role_or_a_named_user_may_decide_and_nobody_else(
    fields: dict[str, Any], role: Role, email: str | None, may: bool
) -> None:
    world = Asking(**fields)
    await world.ask()
    who = world.somebody(role, email)
    mine = list_approvals(who, filters=ApprovalFilters(mine=True), table=world.ports.table)
    assert len(mine.items) == may
    if may:
        assert world.decide(APPROVE, who).decided_by == who.user
    else:
        with pytest.raises(Forbidden):
            world.decide(APPROVE, who)
        assert world.approval().status is ApprovalStatus.PENDING


async def test_a_user_may_be_named_by_their_id() -> None:
    world = Asking()
    who = world.somebody(Role.VIEWER)
    world.workflow = world.made({"id": "ask", "kind": "approval", "users": [who.user]})
    world.execution = world.run()
    await world.ask()
    assert world.decide(REJECT, who).status is ApprovalStatus.REJECTED


async def test_an_approval_of_another_workspace_is_not_found() -> None:
    world = Asking()
    approval = await world.ask()
    elsewhere = replace(world.principal, workspace=new_id("ws"))
    with pytest.raises(NotFound):
        get_approval(elsewhere, approval.id, table=world.ports.table)
    assert not list_approvals(elsewhere, filters=ApprovalFilters(), table=world.ports.table).items


@pytest.mark.parametrize(
    ("form", "places"),
    [
        (None, {"/form/audience"}),
        ({}, {"/form/audience"}),
        ({"audience": "all"}, {"/form/audience"}),
        ({"audience": "team", "more": 1}, {"/form/more"}),
        ({"more": 1}, {"/form/audience", "/form/more"}),
    ],
)
async def test_a_form_that_does_not_fit_is_refused_with_every_problem(
    form: dict[str, Any] | None, places: set[str]
) -> None:
    world = Asking(form=FORM)
    await world.ask()
    with pytest.raises(DocumentInvalid) as caught:
        world.decide(Decision(decision="approve", form=form))
    assert {problem.at for problem in caught.value.problems} == places
    assert world.approval().status is ApprovalStatus.PENDING


async def test_a_form_is_filled_in_and_whoever_rejects_may_leave_it_out() -> None:
    world = Asking(form=FORM)
    await world.ask()
    decided = world.decide(Decision(decision="approve", form={"audience": "team"}))
    assert decided.form_values == {"audience": "team"}
    assert world.orchestrator.succeeded["token ask"]["form"] == {"audience": "team"}
    again = Asking(form=FORM)
    await again.ask()
    assert again.decide(REJECT).form_values is None


async def test_values_for_a_form_that_is_not_there_are_refused() -> None:
    world = Asking()
    await world.ask()
    with pytest.raises(DocumentInvalid):
        world.decide(Decision(decision="approve", form={"a": 1}))


async def test_what_is_decided_is_decided_and_the_same_again_changes_nothing() -> None:
    world = Asking(role="viewer")
    await world.ask()
    first = world.decide(APPROVE)
    assert world.decide(APPROVE) == first
    assert len(world.events("approval.decided")) == 1
    with pytest.raises(Conflict):
        world.decide(REJECT)
    with pytest.raises(Conflict):
        world.decide(APPROVE, world.somebody(Role.OWNER))


async def test_a_job_that_comes_again_asks_nobody_twice_and_both_tokens_are_told() -> None:
    world = Asking()
    first = await world.ask()
    again = await world.ask(token="a new token")
    assert again == first
    assert len(world.events("approval.requested")) == 1
    assert world.log().attempt == 1
    world.decide(APPROVE)
    assert set(world.orchestrator.succeeded) == {"token ask", "a new token"}


async def test_a_job_that_comes_again_when_it_is_decided_is_answered_at_once() -> None:
    world = Asking()
    await world.ask()
    world.decide(APPROVE)
    await world.ask(token="a new token")
    assert world.orchestrator.succeeded["a new token"]["decision"] == "approved"


async def test_a_decision_that_nobody_could_be_told_is_told_by_its_event() -> None:
    world = Asking()
    await world.ask()

    class OutOfReach(RecordingOrchestrator):
        def succeed_task(self, token: str, output: Any) -> bool:
            raise Unavailable

    reachable, world.orchestrator = world.orchestrator, OutOfReach()
    decided = world.decide(APPROVE)
    assert decided.status is ApprovalStatus.APPROVED
    ports = {"table": world.ports.table, "blobs": world.ports.blobs, "orchestrator": reachable}
    for _ in range(2):
        settle_approval(decided.workspace, decided.id, **ports)
    assert reachable.succeeded["token ask"]["decision"] == "approved"
    assert len(world.events("execution.step.succeeded")) == 1


async def test_a_decision_and_a_job_that_comes_again_at_the_same_time_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking()
    await world.ask()
    begin = approval_steps.begin_waiting

    def decided_meanwhile(*args: Any, **kwargs: Any) -> Any:
        world.decide(APPROVE)
        return begin(*args, **kwargs)

    monkeypatch.setattr(approval_steps, "begin_waiting", decided_meanwhile)
    await world.ask(token="again")
    assert set(world.orchestrator.succeeded) == {"token ask", "again"}
    assert world.log().status is LogStatus.SUCCEEDED


async def test_every_iteration_asks_for_itself() -> None:
    world = Asking()
    await world.ask(iteration="0", token="zero")
    await world.ask(iteration="1", token="one")
    page = list_approvals(world.principal, filters=ApprovalFilters(), table=world.ports.table)
    assert len({each.id for each in page.items}) == len(page.items) == 2
    assert {each.iteration for each in page.items} == {"0", "1"}


async def test_lists_are_newest_first_by_status_and_in_pages() -> None:
    world = Asking()
    await world.ask()
    world.decide(REJECT)
    await world.ask("also")

    def listed(**filters: Any) -> list[str]:
        found = ApprovalFilters(**filters)
        items, after = [], None
        while True:
            page = list_approvals(
                world.principal, filters=found, limit=1, after=after, table=world.ports.table
            )
            items += [each.step for each in page.items]
            after = page.next
            if after is None:
                return items

    assert listed() == ["also", "ask"]
    assert listed(status="pending") == ["also"]
    assert listed(status="rejected") == ["ask"]
    assert listed(status="approved") == []


async def test_a_list_of_long_approvals_is_told_in_smaller_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking()
    await world.ask()
    await world.ask("also")
    query = world.ports.table.query

    def as_much_as_fits(partition: str, **asked: Any) -> Page:
        """As DynamoDB does: a page of what is large has fewer items than asked for."""
        return query(partition, **{**asked, "limit": 1})

    monkeypatch.setattr(world.ports.table, "query", as_much_as_fits)
    monkeypatch.setattr(approval_lists, "PAGE_BYTES", 1)
    first = list_approvals(world.principal, filters=ApprovalFilters(), table=world.ports.table)
    assert [each.step for each in first.items] == ["also"]
    rest = list_approvals(
        world.principal, filters=ApprovalFilters(), after=first.next, table=world.ports.table
    )
    assert [each.step for each in rest.items] == ["ask"]
