"""Who somebody is: the user pool, and the authorizer of both APIs."""

from constructs import Construct

from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.user_pool import UserPool
from stacks.settings import Settings


class IdentityStack(CapabilityStack):
    """Where data is protected, the pool cannot be deleted by mistake."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, "identity", settings=settings, description="Users and tokens")
        users = UserPool(self, settings)
        self.pool = users.pool
        self.client = users.client
        self.authorizer = Function(
            self,
            "authorizer",
            settings=settings,
            layers=Layers(self, settings).plain,
            description="Whose token is it?",
            environment=self.variables,  # the pool's keys are public: it needs no further right
            snap_start=settings.snap_start,
        )
        self.output("UserPoolId", self.pool.user_pool_id, "The Cognito user pool")
        self.output("UserPoolClientId", self.client.user_pool_client_id, "Its client, the API")

    def allow_ending_sessions(self, function: Function) -> None:
        """Let `function` log somebody out everywhere, as a reset of the password does. All else
        that it asks of the pool anybody may ask.
        """
        function.allow(["cognito-idp:AdminUserGlobalSignOut"], self.pool.user_pool_arn)

    @property
    def variables(self) -> dict[str, str]:
        """For functions that log people in or verify their tokens."""
        return {
            "PROMPTPILOT_USER_POOL_ID": self.pool.user_pool_id,
            "PROMPTPILOT_USER_POOL_CLIENT_ID": self.client.user_pool_client_id,
        }
