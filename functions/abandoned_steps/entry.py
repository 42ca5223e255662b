"""Lambda's entry."""

from functions import on_lambda
from functions.abandoned_steps.handler import handler

__all__ = ["handler"]

on_lambda.start()
