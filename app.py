"""Writes the AWS templates: `python app.py -c stage=dev`, or by way of the `cdk` command.

Needs no account and no network. With `--build`, and where the `cdk` command asks for it, what the
functions are made of is built as well, which takes packages from the index.
"""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from stacks.application import build
from stacks.settings import SettingsInvalid

DEFAULT_OUTPUT = "cdk.out"
BUILT_STACKS = "aws:cdk:bundling-stacks"
"""CDK's own word for whose assets are built: patterns of stacks' names."""
CDK_JSON = Path(__file__).with_name("cdk.json")


def main(arguments: Sequence[str]) -> None:
    """Synthesise. The context of cdk.json holds here as it does for the `cdk` command."""
    parser = ArgumentParser(description="Write the AWS templates of a deployment.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "-o",
        "--output",
        default=os.environ.get("CDK_OUTDIR", DEFAULT_OUTPUT),  # noqa: TID251 - the `cdk` command's word
        help="the folder to write them to",
    )
    parser.add_argument("--build", action="store_true", help="build the packages, too")
    given = parser.parse_args(arguments)
    context = json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"]
    context[BUILT_STACKS] = ["**"] if given.build else []
    context |= dict(each.partition("=")[::2] for each in given.context)
    try:
        build(context, given.output).synth()
    except SettingsInvalid as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
