"""The Python and the processor that functions and layers are built for."""

from aws_cdk import aws_lambda as lambda_

from stacks.settings import Settings

_PYTHONS = {"3.13": lambda_.Runtime.PYTHON_3_13}
_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
_PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}


def python(settings: Settings) -> lambda_.Runtime:
    """Lambda's runtime."""
    return _PYTHONS[settings.python]


def architecture(settings: Settings) -> lambda_.Architecture:
    """Lambda's processor."""
    return _ARCHITECTURES[settings.architecture]


def wheel_platform(settings: Settings) -> str:
    """The tag of the wheels that run on it."""
    return _PLATFORMS[settings.architecture]
