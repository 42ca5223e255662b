"""The labels of prompts."""

from promptpilot.domain.event import EventType
from promptpilot.domain.prompt import Prompt, PromptVersion
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.services.labels import Labels
from promptpilot.services.prompts.heads import PROMPTS
from promptpilot.services.prompts.version_store import load_version

_LABELS: Labels[Prompt, PromptVersion, PromptDocument] = Labels(
    PROMPTS,
    moved=EventType.PROMPT_LABEL_MOVED,
    deleted=EventType.PROMPT_LABEL_DELETED,
    load=load_version,
    document=PromptDocument.of,
)
move_label = _LABELS.move
delete_label = _LABELS.delete
