"""Lambda's entry."""

from functions import on_lambda
from functions.machine_collector.handler import handler

__all__ = ["handler"]

on_lambda.start()
