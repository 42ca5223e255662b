"""How people sign in."""

from tests.infra.templates import Deployment, Properties


def test_people_sign_in_by_email_however_it_is_written(deployment: Deployment) -> None:
    pool = _pool(deployment)

    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AutoVerifiedAttributes"] == ["email"]


def test_a_new_address_counts_once_it_is_proved(deployment: Deployment) -> None:
    settings = _pool(deployment)["UserAttributeUpdateSettings"]

    assert settings == {"AttributesRequireVerificationBeforeUpdate": ["email"]}


def test_passwords_have_ten_characters_at_least(deployment: Deployment) -> None:
    assert _pool(deployment)["Policies"]["PasswordPolicy"]["MinimumLength"] >= 10


def test_an_account_is_recovered_by_email_alone(deployment: Deployment) -> None:
    mechanisms = _pool(deployment)["AccountRecoverySetting"]["RecoveryMechanisms"]

    assert mechanisms == [{"Name": "verified_email", "Priority": 1}]


def test_a_second_factor_is_an_application_and_optional(deployment: Deployment) -> None:
    pool = _pool(deployment)

    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_threat_protection_is_paid_for_only_where_asked_for(
    dev: Deployment, prod: Deployment
) -> None:
    assert _pool(dev)["UserPoolTier"] == "ESSENTIALS"
    assert "UserPoolAddOns" not in _pool(dev)
    assert _pool(prod)["UserPoolTier"] == "PLUS"
    assert _pool(prod)["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}


def test_the_client_takes_passwords_and_keeps_no_secret(deployment: Deployment) -> None:
    client = _client(deployment)

    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH"]
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlowsUserPoolClient"] is False


def test_the_client_does_not_tell_who_has_an_account(deployment: Deployment) -> None:
    assert _client(deployment)["PreventUserExistenceErrors"] == "ENABLED"


def test_a_refresh_token_works_once_but_for_a_lost_answer_and_can_be_revoked(
    deployment: Deployment,
) -> None:
    client = _client(deployment)

    assert client["RefreshTokenRotation"] == {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30}
    assert client["EnableTokenRevocation"] is True


def test_an_access_token_is_good_for_an_hour(deployment: Deployment) -> None:
    client = _client(deployment)

    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert client["AccessTokenValidity"] == 60


def test_users_write_nothing_but_their_address(deployment: Deployment) -> None:
    assert _client(deployment)["WriteAttributes"] == ["email"]


def _pool(deployment: Deployment) -> Properties:
    return deployment.one("AWS::Cognito::UserPool", "identity").properties


def _client(deployment: Deployment) -> Properties:
    return deployment.one("AWS::Cognito::UserPoolClient", "identity").properties
