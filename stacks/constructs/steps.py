"""The step queue, the worker behind it, and what becomes of jobs that are given up."""

from aws_cdk import Duration
from constructs import Construct

from stacks.constructs import models, secrets, traces
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.machines import Machines
from stacks.constructs.queue import DEFAULT_RECEIVES, DeadLetters, WorkQueue
from stacks.constructs.queue_consumer import consume
from stacks.constructs.storage import Storage
from stacks.constructs.web_socket import WebSocket
from stacks.settings import Settings


class StepQueues(Construct):
    """Jobs, jobs that were tried too often, and those of which not even that could be told."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Queues")
        name = f"{settings.prefix}-steps"
        self.parked = DeadLetters(self, "Parked", name=f"{name}-parked")
        self.abandoned = WorkQueue(
            self,
            "Abandoned",
            name=f"{name}-abandoned",
            timeout=_time_limit(settings, "abandoned_steps"),
            dead=self.parked,
            # A message may bring along how often it was received before.
            receives=settings.step_queue.receives + DEFAULT_RECEIVES,
        )
        self.steps = WorkQueue(
            self,
            "Steps",
            name=name,
            timeout=_time_limit(settings, "step_worker"),
            dead=self.abandoned,
            receives=settings.step_queue.receives,
        )

    def allow_sending(self, function: Function) -> None:
        """Let `function` queue jobs."""
        function.allow(["sqs:SendMessage"], self.steps.queue_arn)


def make_worker(
    scope: Construct,
    settings: Settings,
    *,
    layers: Layers,
    queues: StepQueues,
    machines: Machines,
    storage: Storage,
    socket: WebSocket,
) -> Function:
    """The only function that calls models: a batch of jobs at once, so that waiting is shared."""
    opened = {"PROMPTPILOT_EGRESS_ALLOW": ",".join(settings.egress_allow)}
    valkey = {"PROMPTPILOT_VALKEY_URL": settings.valkey.url} if settings.valkey else {}
    worker = Function(
        scope,
        "step_worker",
        settings=settings,
        layers=layers.with_vendors,
        description="Runs step jobs: renders prompts and calls models",
        environment={
            **storage.variables,
            **machines.variables,
            **secrets.variables(settings),
            **socket.variables,
            **models.variables(settings),
            **(opened if settings.egress_allow else {}),
            **valkey,
            **traces.variables(settings),
        },
    )
    if settings.valkey is not None:
        worker.join(settings.valkey.subnets, settings.valkey.security_groups)
    storage.allow(worker)
    socket.allow_pushing(worker)
    secrets.allow_reading(worker, settings)
    secrets.allow_keeping_models_keys(worker, settings)
    models.allow_bedrock(worker, settings)
    machines.allow_answering(worker)
    # A step may run another workflow, as an execution of its own.
    machines.allow_starting(worker)
    machines.allow_stopping(worker)
    machines.allow_resuming(worker)
    worker.allow(["sqs:ChangeMessageVisibility"], queues.steps.queue_arn)
    consume(
        worker,
        queues.steps,
        batch_size=settings.step_queue.batch_size,
        maximum_concurrency=settings.step_queue.maximum_concurrency,
    )
    return worker


def make_abandoned_steps(
    scope: Construct,
    settings: Settings,
    *,
    layers: Layers,
    queues: StepQueues,
    machines: Machines,
    storage: Storage,
) -> Function:
    """Fails what waits for a job that was given up, so that nothing waits until its timeout."""
    function = Function(
        scope,
        "abandoned_steps",
        settings=settings,
        layers=layers.plain,
        description="Fails steps whose jobs were tried too often",
        environment={**storage.variables, **machines.variables},
    )
    storage.allow(function)
    machines.allow_answering(function)
    consume(function, queues.abandoned)
    return function


def _time_limit(settings: Settings, name: str) -> Duration:
    return Duration.seconds(settings.functions[name].timeout_seconds)
