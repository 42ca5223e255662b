"""The HTTP API, which is all that clients and the web app talk to."""

from constructs import Construct

from stacks.constructs import models, secrets, traces
from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.function import Function
from stacks.constructs.http_api import HttpApi
from stacks.constructs.layers import Layers
from stacks.data import DataStack
from stacks.execution import ExecutionStack
from stacks.identity import IdentityStack
from stacks.settings import Settings


class ApiStack(CapabilityStack):
    """One function for all routes. It never calls a model, and cannot: what does is not in it."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        data: DataStack,
        identity: IdentityStack,
        execution: ExecutionStack,
    ) -> None:
        super().__init__(scope, "api", settings=settings, description="The HTTP API")
        function = Function(
            self,
            "api",
            settings=settings,
            layers=Layers(self, settings, traces=True).traced,
            description="All routes of the HTTP API",
            environment={
                **data.storage.variables,
                **identity.variables,
                **execution.machines.variables,
                **secrets.variables(settings),
                **models.variables(settings),
                **traces.variables(settings),
            },
            snap_start=settings.snap_start,
        )
        data.storage.allow(function)
        identity.allow_ending_sessions(function)
        execution.machines.allow_starting(function)
        execution.machines.allow_stopping(function)
        execution.machines.allow_resuming(function)
        execution.machines.allow_answering(function)
        execution.machines.allow_reading(function)
        execution.queues.allow_sending(function)
        secrets.allow_cursor_key(function, settings)
        traces.allow_sending(function, settings)
        secrets.allow_keeping_models_keys(function, settings)
        self.http = HttpApi(self, settings, function=function, authorizer=identity.authorizer)
        self.output("ApiUrl", self.http.api.api_endpoint, "The API without CloudFront")
