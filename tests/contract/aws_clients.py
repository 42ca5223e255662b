"""Clients whose answers are canned (`Stubber`), or that reach nobody: moto has no bad days."""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

from tests.contract.stores import REGION


@cache
def _session() -> Session:
    session = Session()
    session.set_credentials("testing", "testing")
    return session


def client(service: str) -> Any:
    """A client that makes every request once."""
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return _session().create_client(service, REGION, config=config)


def cut_off_client(service: str, error: type[Exception]) -> Any:
    """A client whose every request ends in that error of the network."""

    def fail(**_: Any) -> None:
        raise error(endpoint_url="https://aws.example")

    cut_off = client(service)
    cut_off.meta.events.register("before-send", fail)
    return cut_off
