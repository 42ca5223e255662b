"""The data on models that ships with the product."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

_FOLDER = "model_data"


@cache
def shipped(file: str) -> Any:
    """The contents of a JSON file of the data, read once."""
    return json.loads((files("promptpilot") / _FOLDER / file).read_text("utf-8"))
