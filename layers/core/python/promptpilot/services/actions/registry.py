"""The actions that there are, by name."""

from collections.abc import Mapping

from promptpilot.services.actions.action import Action
from promptpilot.services.actions.http_request import HttpRequest

_BUILT_IN: tuple[Action, ...] = (HttpRequest(),)

ACTIONS: Mapping[str, Action] = {action.name: action for action in _BUILT_IN}
