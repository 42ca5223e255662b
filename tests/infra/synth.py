"""Runs `app.py` once for each list of arguments, all given as JSON, without a network.

What takes the time is starting, so all is done in one process.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn


def _refuse(_: socket.socket, address: object) -> NoReturn:
    raise ConnectionRefusedError(f"{address}: synthesis asks for a connection")


def main() -> None:
    socket.socket.connect = socket.socket.connect_ex = _refuse  # type: ignore[method-assign]
    os.environ["NODE_OPTIONS"] = f'--require "{Path(__file__).with_name("no_network.cjs")}"'
    import app  # noqa: PLC0415 - starts Node, after the lines above

    for arguments in json.loads(sys.argv[1]):
        app.main(arguments)


if __name__ == "__main__":
    main()
