"""Running a step that calls a model."""

from collections.abc import Sequence
from typing import Any

from promptpilot.domain.budget import RunBudget
from promptpilot.domain.duration import seconds_of
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.model_call import ModelCall
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.ports.models import NO_ATTACHMENTS
from promptpilot.services.asking.aliases import meant, names_aliases
from promptpilot.services.asking.attachments import load_attachments
from promptpilot.services.asking.calls import Caller, Calls
from promptpilot.services.asking.chain import Asked, ask_models
from promptpilot.services.asking.hearing import Hear
from promptpilot.services.asking.limits_of import limits_of
from promptpilot.services.asking.question import Caching, Question, model_request
from promptpilot.services.budgets.spending import Spender
from promptpilot.services.latencies.kept import keep
from promptpilot.services.live.text_pushes import Piece, TextPushes, step_piece
from promptpilot.services.prompts.versions import load_version
from promptpilot.services.runs.step_tools import toolbox_of
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.outcomes import failed, succeeded
from promptpilot.services.steps.ports import Ports
from promptpilot.services.steps.streamed_texts import streamed
from promptpilot.step_errors import StepInvalid


async def run_prompt_step(step: ClaimedStep, ports: Ports) -> ExecutionLog:
    """Render the prompt and ask for an answer, which is streamed where somebody wants that."""
    log, question = step.log, await ports.offload(_question, step, ports)
    texts, watched = ports.partial_texts, step.execution.id
    if not (step.execution.stream or texts.wanted(watched)):
        return await answer_log(log, question, ports, budgets=step.execution.budgets)
    tell = None
    if not ports.followed:
        tell = pushes(log.workspace, watched, step_piece(log), ports)
    async with streamed(log, watched, texts=texts, tell=tell, offload=ports.offload) as hear:
        return await answer_log(log, question, ports, hear, step.execution.budgets)


def pushes(workspace: str, watched: str, piece: Piece, ports: Ports) -> TextPushes:
    """Tells live connections what is said."""
    return TextPushes(
        workspace,
        watched,
        piece,
        table=ports.table,
        live=ports.live(),
        offload=ports.offload,
    )


def calls_before(log: ExecutionLog) -> Calls:
    """What earlier tries of a step have paid for, to go on with."""
    return Calls(list(log.calls))


async def answer_log(
    log: ExecutionLog,
    question: Question,
    ports: Ports,
    hear: Hear | None = None,
    budgets: Sequence[RunBudget] = (),
    calls: Calls | None = None,
) -> ExecutionLog:
    """The log as the models' answer, or their failing, ends it. `budgets` are what the calls are
    taken from besides the workspace's own. `calls` gets them while they are made.
    """
    if names_aliases(question):
        question = await ports.offload(meant, question, table=ports.table)
    caller = Caller(
        spender=Spender(log.workspace, log.id, log.attempt, budgets),
        limits=await ports.offload(limits_of, log.workspace, table=ports.table),
        models=ports.models,
        rate_limiter=ports.rate_limiter,
        breakers=ports.breakers,
        table=ports.table,
        offload=ports.offload,
        calls=calls_before(log) if calls is None else calls,
    )
    attachments = NO_ATTACHMENTS
    if question.request.attachments:
        attachments = await ports.offload(load_attachments, question, blobs=ports.blobs)
    asked = await ask_models(
        question, caller, cache=ports.cache, attachments=attachments, hear=hear
    )
    measured = ports.measured.add(log.workspace, caller.calls.made[len(log.calls) :])
    if measured is not None:
        await ports.offload(keep, log.workspace, measured, table=ports.table)
    known = {
        "input": asked.request,
        "model": asked.request.model,
        "failed_models": asked.failed,
        "dropped_settings": asked.dropped,
        "cached": asked.cached,
        "tool_uses": tuple(question.toolbox.uses) if question.toolbox else (),
        **_took(asked, caller.calls),
    }
    if asked.answer is not None:
        return succeeded(log, asked.answer, **known)
    assert asked.error is not None
    return failed(log, asked.error, **known)


def _took(asked: Asked, calls: Calls) -> dict[str, Any]:
    """What the calls took. An answer of before costs nothing, and shows what it took then."""
    took = {
        "usage": calls.usage,
        "cost_micro_usd": calls.cost_micro_usd,
        "latency_ms": calls.latency_ms,
        "calls": () if _is_told(asked, calls.made) else tuple(calls.made),
    }
    if asked.cached and asked.answer is not None:
        was_answered = any(each.error is None for each in calls.made)
        cost = calls.cost_micro_usd if was_answered else 0
        return {**took, "usage": asked.answer.completion.usage, "cost_micro_usd": cost}
    return took


def _is_told(asked: Asked, made: Sequence[ModelCall]) -> bool:
    """Whether the log's own fields tell all about the calls: of none, and of one that was just made
    of the model that the log names.
    """
    if len(made) != 1:
        return not made
    return made[0].model == asked.request.model and not (asked.cached or made[0].waited_ms)


def _question(step: ClaimedStep, ports: Ports) -> Question:
    """What the step asks; a replay may ask another model, or with another version of the prompt."""
    job, log, table = step.job, step.log, ports.table
    config = step.config(PromptStep, table=table)
    if log.prompt_id is None or log.prompt_version is None:
        raise StepInvalid(reason=f"The execution pins no prompt for the step {job.path!r}.")
    prompt = load_version(job.workspace, log.prompt_id, log.prompt_version, table=table)
    toolbox = toolbox_of(step, config, prompt.tools, ports) if config.tools else None
    override = step.execution.overrides.get(job.step)
    request = model_request(
        prompt,
        job.variables,
        model=(override.model if override else None) or job.model,
        settings=config.settings,
        tools=toolbox.undeclared if toolbox else (),
        timeout=float(config.timeout_seconds),
        table=table,
    )
    caching = None
    if config.cache is not None:
        caching = Caching(job.workspace, prompt.digest, seconds_of(config.cache))
    return Question(job.workspace, request, config.fallbacks, caching, toolbox=toolbox)
