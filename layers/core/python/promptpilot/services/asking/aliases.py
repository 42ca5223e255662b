"""The models that a question means, where it names them by aliases."""

from dataclasses import replace

from promptpilot.domain.model_alias import ALIAS_PREFIX
from promptpilot.ports.table import Table
from promptpilot.services.asking.question import Question
from promptpilot.services.model_aliases import ALIASES


def names_aliases(question: Question) -> bool:
    """Whether it names any."""
    names = (question.request.model, *question.fallbacks)
    return any(name.startswith(ALIAS_PREFIX) for name in names)


def meant(question: Question, *, table: Table) -> Question:
    """The question with the models that its aliases stand for, as of some seconds ago. An alias
    that there is not stays, and is unknown when it is its turn.
    """
    aliases = ALIASES.known(question.workspace, table=table)
    names = (question.request.model, *question.fallbacks)
    first, *others = dict.fromkeys(
        model for name in names for model in aliases.models(name) or (name,)
    )
    request = question.request.model_copy(update={"model": first})
    return replace(question, request=request, fallbacks=tuple(others))
