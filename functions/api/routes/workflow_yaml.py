"""A workflow document as YAML."""

from promptpilot.compiler.yaml_text import write_yaml
from promptpilot.domain.workflow import WorkflowDocument

_LAST = ("output", "timeout", "triggers")
"""Fields that are read more easily after the steps."""


def document_yaml(document: WorkflowDocument) -> str:
    """The YAML of what the author wrote: read again it gives an equal document. Fields stand in the
    language's own order, the keys of values in theirs.
    """
    values = document.model_dump(mode="json")
    ordered = {name: value for name, value in values.items() if name not in _LAST}
    return write_yaml({**ordered, **values})
