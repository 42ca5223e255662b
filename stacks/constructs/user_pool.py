"""The Cognito user pool: credentials, and nothing else of a user."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.settings import Settings

MIN_PASSWORD_LENGTH = 10
"""Long passwords instead of odd ones: NIST SP 800-63B, 3.1.1.2, asks for no mixture of kinds."""


class UserPool(Construct):
    """People sign in by email, and confirm and recover by it. A second factor is their choice."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Users")
        self.pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=settings.prefix,
            self_sign_up_enabled=settings.self_sign_up,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # An address that was not proved yet does not replace the one that was.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=MIN_PASSWORD_LENGTH,
                require_lowercase=False,
                require_uppercase=False,
                require_digits=False,
                require_symbols=False,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            deletion_protection=settings.protected,
            removal_policy=RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY,
            **_threat_protection(settings),
        )
        self.client = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=self.pool,
            user_pool_client_name=f"{settings.prefix}-api",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_password=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
            # A refresh token works once, and for so long again: an answer that got lost, or that
            # the SDK asked for twice, would log somebody out.
            refresh_token_rotation_grace_period=Duration.seconds(30),
            auth_session_validity=Duration.minutes(10),  # a password of their own takes time
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
        )
        _acknowledge(self.pool, settings)


def _threat_protection(settings: Settings) -> dict[str, Any]:
    if not settings.threat_protection:
        # Rotation of refresh tokens needs at least this plan. Free for 10,000 users a month.
        return {"feature_plan": cognito.FeaturePlan.ESSENTIALS}
    return {
        "feature_plan": cognito.FeaturePlan.PLUS,
        "standard_threat_protection_mode": cognito.StandardThreatProtectionMode.FULL_FUNCTION,
    }


def _acknowledge(pool: cognito.UserPool, settings: Settings) -> None:
    reasons = {
        "AwsSolutions-COG1": "Length counts, ten characters at least; rules of composition make "
        "passwords worse (NIST SP 800-63B). The product refuses what is too easy all the same.",
        "AwsSolutions-COG2": "A second factor is each user's choice: the API is used by programs "
        "as well, which have none.",
    }
    if not settings.threat_protection:
        reasons["AwsSolutions-COG8"] = "The PLUS plan costs $0.02 a user and month: a setting."
    acknowledge(pool, reasons)
