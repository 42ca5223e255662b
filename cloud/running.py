"""The product on an emulated cloud, deployed and ready for use."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.account import Account, bootstrap
from cloud.assembly import Stack
from cloud.deploy import Outputs, deploy
from cloud.edge import Edge, running_edge
from cloud.emulator import Emulator, running_emulator
from cloud.emulator_gaps import put_right, within_emulator
from cloud.upload_web import WEB, upload_web, web_bucket


@dataclass(frozen=True)
class Cloud:
    """What runs: the emulator, its account, and where clients find the product."""

    emulator: Emulator
    account: Account
    outputs: Outputs
    edge_url: str
    """The web app; the API is below `/api`."""

    @property
    def api_url(self) -> str:
        """The HTTP API itself, as API Gateway serves it."""
        return within_emulator(self.emulator.url, self.output("ApiUrl"))

    @property
    def live_url(self) -> str:
        """The WebSocket API."""
        within = within_emulator(self.emulator.url, self.output("LiveUrl"))
        return within.replace("http://", "ws://", 1)

    def output(self, name: str) -> str:
        """An output of whichever stack has it. Raises `KeyError`."""
        return _output(self.outputs, name)


@contextmanager
def running_cloud(
    folder: Path, stacks: Sequence[Stack], *, auth: bool = True, port: int = 0
) -> Iterator[Cloud]:
    """Start an emulator in `folder`, deploy `stacks` to it, and serve it on `port` until the end of
    the block.
    """
    with ExitStack() as started:
        emulator = started.enter_context(running_emulator(folder, auth=auth))
        account = Account(emulator.url)
        bootstrap(account)
        outputs = deploy(stacks, account)
        put_right(account)
        (folder / "outputs.json").write_text(json.dumps(outputs, indent=2))
        edge = _edge(account, outputs, port)
        started.enter_context(running_edge(edge))
        yield Cloud(emulator, account, outputs, edge.url)


def _edge(account: Account, outputs: Outputs, port: int) -> Edge:
    bucket = web_bucket(outputs)
    upload_web(WEB, bucket, account.s3)
    api = within_emulator(account.url, _output(outputs, "ApiUrl"))
    return Edge(port, bucket=bucket, s3=account.s3, api_url=api)


def _output(outputs: Mapping[str, Mapping[str, str]], name: str) -> str:
    for stack in outputs.values():
        if name in stack:
            return stack[name]
    raise KeyError(name)
