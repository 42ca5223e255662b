"""What a package is built for."""

import sys
from dataclasses import dataclass

HOST = "host"
HOST_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Target:
    """A platform and a version of Python ("3.13")."""

    platform: str
    """The tag of its wheels, such as "manylinux2014_aarch64", or "host" for this machine."""
    python: str

    @classmethod
    def host(cls) -> "Target":
        """This machine and this Python: for tests, and for an emulated cloud."""
        return cls(HOST, HOST_PYTHON)

    @property
    def is_host(self) -> bool:
        """Whether the wheels are those of this machine."""
        return self.platform == HOST
