"""Lambda's entry."""

from functions import on_lambda
from functions.execution_events import handler as unflushed

on_lambda.start()

handler = on_lambda.flushed(unflushed.handler)
