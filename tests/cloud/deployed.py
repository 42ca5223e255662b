"""The deployment's secrets and functions, as its operators see and change them."""

from cloud.running import Cloud

PREFIX = "promptpilot-test"
SECRETS = "/promptpilot/test"


def keep_secret(cloud: Cloud, name: str, value: str) -> None:
    cloud.account.client("ssm").put_parameter(
        Name=f"{SECRETS}/{name}", Value=value, Type="SecureString"
    )


def secret_names(cloud: Cloud) -> set[str]:
    """Of all secrets, below the deployment's prefix."""
    pages = cloud.account.client("ssm").get_paginator("describe_parameters").paginate()
    names = {each["Name"] for page in pages for each in page["Parameters"]}
    return {name.removeprefix(f"{SECRETS}/") for name in names if name.startswith(SECRETS)}


def tell_function(cloud: Cloud, name: str, **variables: str) -> None:
    """Add variables to a function's."""
    functions = cloud.account.client("lambda")
    function = f"{PREFIX}-{name}"
    told = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**told, **variables}}
    )
