"""Running a step that calls a model."""

from dataclasses import dataclass

from promptpilot.domain.duration import seconds_of
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.model import ModelRequest
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.ports.table import Table
from promptpilot.services.live.text_pushes import TextPushes
from promptpilot.services.prompts.versions import load_version
from promptpilot.services.steps.answer_cache import Caching
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.model_asking import ask_models
from promptpilot.services.steps.model_calls import model_request
from promptpilot.services.steps.outcomes import failed, succeeded
from promptpilot.services.steps.ports import Ports
from promptpilot.services.steps.streamed_texts import Hear, Tell, streamed
from promptpilot.step_errors import StepInvalid


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked, which others may be asked instead, and how long an answer stands."""

    request: ModelRequest
    fallbacks: tuple[str, ...] = ()
    caching: Caching | None = None


async def run_prompt_step(step: ClaimedStep, ports: Ports) -> ExecutionLog:
    """Render the prompt and ask for an answer, which is streamed where somebody wants that."""
    log, question = step.log, await ports.offload(_question, step, ports.table)
    texts = ports.partial_texts
    if not (step.execution.stream or texts.wanted(step.execution.id)):
        return await answer_log(log, question, ports)
    async with streamed(log, texts=texts, tell=_tell(log, ports), offload=ports.offload) as hear:
        return await answer_log(log, question, ports, hear)


async def answer_log(
    log: ExecutionLog, question: Question, ports: Ports, hear: Hear | None = None
) -> ExecutionLog:
    """The log as the models' answer, or their failing, ends it."""
    asked = await ask_models(
        question.request,
        question.fallbacks,
        log.workspace,
        models=ports.models,
        caching=question.caching,
        hear=hear,
        table=ports.table,
        blobs=ports.blobs,
        offload=ports.offload,
    )
    known = {
        "input": asked.request,
        "model": asked.request.model,
        "failed_models": asked.failed,
        "cached": asked.cached,
    }
    if asked.answer is not None:
        return succeeded(log, asked.answer, **known)
    assert asked.error is not None
    return failed(log.model_copy(update=known), asked.error)


def _tell(log: ExecutionLog, ports: Ports) -> Tell | None:
    if ports.live is None:
        return None
    return TextPushes(log, table=ports.table, live=ports.live(), offload=ports.offload)


def _question(step: ClaimedStep, table: Table) -> Question:
    """What the step asks; a replay may ask another model, or with another version of the prompt."""
    job, log = step.job, step.log
    config = step.config(PromptStep, table=table)
    if log.prompt_id is None or log.prompt_version is None:
        raise StepInvalid(reason=f"The execution pins no prompt for the step {job.path!r}.")
    prompt = load_version(job.workspace, log.prompt_id, log.prompt_version, table=table)
    override = step.execution.overrides.get(job.step)
    request = model_request(
        prompt,
        job.variables,
        model=(override.model if override else None) or job.model,
        settings=config.settings,
        timeout=float(config.timeout_seconds),
        table=table,
    )
    caching = None
    if config.cache is not None:
        caching = Caching(job.workspace, prompt.digest, seconds_of(config.cache))
    return Question(request, config.fallbacks, caching)
