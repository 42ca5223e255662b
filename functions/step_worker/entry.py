"""Lambda's entry."""

# The vendor's SDK takes a second of processor time, of which a starting process has more.
import promptpilot.adapters.models.openai_connection  # noqa: F401
from functions import on_lambda
from functions.step_worker.handler import handler

__all__ = ["handler"]

on_lambda.start()
