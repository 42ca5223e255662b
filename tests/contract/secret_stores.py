"""One fresh store of secrets of every kind."""

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import boto3

from embedded.database import Database
from embedded.secrets import FileSecrets
from promptpilot.adapters.aws.ssm_secrets import SsmSecrets
from promptpilot.ports.secrets import Secrets
from tests.contract.stores import REGION

_numbers = itertools.count()


@contextmanager
def file_secrets(folder: Path) -> Iterator[Secrets]:
    with closing(Database(folder / f"{next(_numbers)}.db")) as database:
        yield FileSecrets(database, folder)


@contextmanager
def ssm_secrets(folder: Path) -> Iterator[Secrets]:
    """To be used while AWS is mocked."""
    yield SsmSecrets(boto3.client("ssm", REGION), f"/promptpilot/{next(_numbers)}")


SECRETS = {"file": file_secrets, "ssm": ssm_secrets}
