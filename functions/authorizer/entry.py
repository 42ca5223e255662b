"""Lambda's entry."""

import promptpilot.adapters.aws.cognito_tokens  # noqa: F401  nobody else checks signatures
from functions import on_lambda
from functions.authorizer.handler import handler

__all__ = ["handler"]

on_lambda.start()
