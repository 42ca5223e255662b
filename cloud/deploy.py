"""Deploys the templates that `app.py` synthesises to the emulated cloud."""

import json
from collections.abc import Iterable, Mapping

from cloud.account import BOOTSTRAP_BUCKET, Account
from cloud.assembly import Stack
from cloud.assets import upload_assets
from cloud.emulator_gaps import without_gaps
from cloud.stacks import deploy_stack, stack_outputs

Outputs = Mapping[str, Mapping[str, str]]
"""What each stack tells the outside, by the stack's name: the form of `cdk deploy`'s own file."""


def deploy(stacks: Iterable[Stack], account: Account) -> Outputs:
    """Deploy the stacks in their order; again is an update. Raises `StackError`."""
    s3, cloudformation = account.s3, account.cloudformation
    known: set[str] = set()
    outputs = {}
    for stack in stacks:
        upload_assets(stack.assets, s3, known=known)
        key = f"{stack.name}.template.json"
        body = json.dumps(without_gaps(stack.read())).encode()
        s3.put_object(Bucket=BOOTSTRAP_BUCKET, Key=key, Body=body)
        deploy_stack(stack.name, f"{account.url}/{BOOTSTRAP_BUCKET}/{key}", cloudformation)
        outputs[stack.name] = stack_outputs(stack.name, cloudformation)
    return outputs
