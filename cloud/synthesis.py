"""Runs `app.py` for the emulated cloud: the same templates, with layers for this machine."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud.assembly import Stack, read_assembly

SYNTHESIS_SECONDS = 180
"""Most of it is for the layers, which are built for this machine the first time."""
WITHOUT_VALIDATION = ("/usr/bin/env", "CDK_VALIDATION=false")
"""The checks of cdk-nag take longer than all the rest. The tests of the stacks make them."""
HOST_LAYERS = {"layers:platform": "host"}


class SynthesisError(Exception):
    """`app.py` ended with an error, which it tells."""


def synthesise(folder: Path, settings: Mapping[str, Any]) -> tuple[Stack, ...]:
    """The stacks for `settings` (the fields of `stacks.settings.Settings`), written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "settings.json"
    file.write_text(json.dumps(settings))
    assembly = folder / "cdk.out"
    context = {**HOST_LAYERS, "stage": settings["stage"], "settings": str(file)}
    chosen = [word for pair in context.items() for word in ("-c", "=".join(pair))]
    done = subprocess.run(  # noqa: S603 - our own program
        [*WITHOUT_VALIDATION, sys.executable, "app.py", "--build", *chosen, "-o", str(assembly)],
        check=False,
        capture_output=True,
        text=True,
        timeout=SYNTHESIS_SECONDS,
    )
    if done.returncode:
        raise SynthesisError(f"app.py failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return read_assembly(assembly)
