"""Hearing what a model says while it says it."""

from collections.abc import Callable

from promptpilot.ports.models import OnText

Hear = Callable[[], OnText]
"""To be called before each call of a model: what that call says takes the place of what another has
said.
"""
