"""`make cloud`: the product on an emulated cloud, kept running until Ctrl-C."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from cloud.emulator import EmulatorError
from cloud.running import Cloud, running_cloud
from cloud.stacks import StackError
from cloud.synthesis import SynthesisError, synthesise

FOLDER = Path("build/cloud")
STAGE = "local"


def main() -> None:
    """Start, deploy, tell where everything is, and wait."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _tell(f"Synthesising; layers are built for this machine the first time ({FOLDER}).")
        stacks = synthesise(FOLDER, _settings(options.settings))
        _tell(f"Deploying {len(stacks)} stacks.")
        with running_cloud(
            FOLDER / "emulator", stacks, auth=not options.no_auth, port=options.port
        ) as cloud:
            _tell(_told(cloud))
            threading.Event().wait()
    except KeyboardInterrupt:
        _tell("\nStopped. Nothing was kept.")
    except (EmulatorError, StackError, SynthesisError) as error:
        sys.exit(str(error))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make cloud ARGS=", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the web app and API")
    parser.add_argument("--settings", type=Path, help="a settings file, as `make deploy` takes")
    parser.add_argument("--no-auth", action="store_true", help="do not hold functions to roles")
    return parser.parse_args()


def _settings(file: Path | None) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(file.read_text()) if file else {}
    return {"stage": STAGE, **given}


def _told(cloud: Cloud) -> str:
    return f"""
Web app    {cloud.edge_url}/
API        {cloud.edge_url}/api
Live       {cloud.live_url}
AWS        {cloud.emulator.url}   (any credentials; region us-east-1)
Mail       {cloud.emulator.url}/_ministack/ses/messages   (codes that confirm an account)
Log        {cloud.emulator.log}

Ctrl-C stops it; nothing is kept."""


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
