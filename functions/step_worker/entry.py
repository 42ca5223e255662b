"""Lambda's entry."""

# The client of the models takes processor time to load, of which a starting process has more.
import promptpilot.adapters.models.http.connection  # noqa: F401
from functions import on_lambda
from functions.step_worker import handler as unflushed

on_lambda.start()

handler = on_lambda.flushed(unflushed.handler)
