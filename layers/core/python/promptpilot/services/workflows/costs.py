"""What an execution of a workflow can cost, with the prompts and at the prices of now."""

from dataclasses import dataclass, field

from promptpilot.domain.cost_bounds import Cost, CostedBounds, CostRange, cost_of
from promptpilot.domain.model import Usage
from promptpilot.domain.price import Price
from promptpilot.domain.pricing import cost_micro_usd, most_micro_usd
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.workflow import MAX_LEVELS, WorkflowVersion
from promptpilot.domain.workflow_steps import PromptStep, Step, WorkflowStep
from promptpilot.errors import Conflict, Invalid, NotFound
from promptpilot.ports.models import Models
from promptpilot.ports.table import Table
from promptpilot.services.asking.token_estimate import CHARACTERS_A_TOKEN
from promptpilot.services.model_aliases import ALIASES
from promptpilot.services.prompts.versions import resolve_ref
from promptpilot.services.workflows.versions import resolve_workflow

_REPAIRS = 1
"""So often a model is asked once more for an answer that fits the output schema."""


def costed_bounds(version: WorkflowVersion, *, table: Table, models: Models) -> CostedBounds:
    """The bounds of a version with its cost."""
    book = _Book(table, models)
    cost = book.cost(version)
    unknown = tuple(dict.fromkeys(book.unknown))
    found = CostRange(lowest_micro_usd=cost.lowest, highest_micro_usd=cost.highest)
    return CostedBounds(
        **dict(version.bounds), cost=None if unknown else found, cost_unknown=unknown
    )


@dataclass(frozen=True, slots=True)
class _Book:
    """`unknown` is why the cost of some step is not known, in sentences."""

    table: Table
    models: Models
    unknown: list[str] = field(default_factory=list)

    def cost(self, version: WorkflowVersion, level: int = 1) -> Cost:
        """What one execution costs, as far as that is known."""

        def of_step(path: str, step: Step) -> Cost:
            if isinstance(step, PromptStep):
                return self._of_prompt(version, path, step)
            if isinstance(step, WorkflowStep):
                return self._of_child(version, path, step, level)
            return Cost()

        return cost_of(version.document.steps, of_step)

    def _of_child(
        self, version: WorkflowVersion, path: str, step: WorkflowStep, level: int
    ) -> Cost:
        ref = step.workflow
        try:
            child = resolve_workflow(
                version.workspace, ref.id, version=ref.version, label=ref.label, table=self.table
            )
        except (NotFound, Invalid, Conflict):
            return self._nobody_knows(f"The workflow of {_words(version, path)} is not there.")
        if level == MAX_LEVELS:
            return self._nobody_knows(f"{_words(version, path)} lies too deep.")
        return self.cost(child, level + 1).times(1, step.retry.attempts)

    def _of_prompt(self, version: WorkflowVersion, path: str, step: PromptStep) -> Cost:
        where = _words(version, path)
        try:
            prompt = resolve_ref(version.workspace, step.prompt, table=self.table)
        except (NotFound, Invalid, Conflict):
            return self._nobody_knows(f"The prompt of {where} is not there.")
        first = prompt.model if step.model is None else step.named_model
        if first is None:
            return self._nobody_knows(f"Which model {where} asks is only known when it runs.")
        first, *others = self._meant(version.workspace, (first, *step.fallbacks))
        rounds = step.max_rounds if step.tools else 0
        repairs = _REPAIRS if prompt.output_schema is not None else 0
        calls = step.retry.attempts * (1 + rounds + repairs)
        highest = sum(self._most(name, step, prompt) for name in (first, *others)) * calls
        lowest = 0 if step.cache is not None else self._least(first, prompt)
        return Cost(min(lowest, highest), highest)

    def _meant(self, workspace: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """The models that names stand for, aliases among them, each once."""
        aliases = ALIASES.known(workspace, table=self.table)
        return tuple(
            dict.fromkeys(model for name in names for model in aliases.models(name) or (name,))
        )

    def _least(self, model: str, prompt: PromptVersion) -> int:
        """What it costs to have the model read the prompt's own text."""
        characters = sum(len(text) for _, text in prompt.texts)
        usage = Usage(input_tokens=characters // CHARACTERS_A_TOKEN)
        return cost_micro_usd(usage, self.models.price(model)) or 0

    def _most(self, model: str, step: PromptStep, prompt: PromptVersion) -> int:
        """What one call of the model can cost."""
        price, profile = self.models.price(model), self.models.profile(model)
        if price is None:
            self._nobody_knows(f"The price of {model} is not known.")
            return 0
        if _is_free(price):
            return 0
        asked = step.settings_over(prompt.settings).max_tokens
        answers = [each for each in (asked, profile.max_output_tokens) if each is not None]
        if profile.context_tokens is None:
            self._nobody_knows(f"How much {model} can take in is not known.")
            return 0
        if not answers:
            self._nobody_knows(f"Nothing bounds an answer of {model}: set max_tokens.")
            return 0
        return most_micro_usd(profile.context_tokens, min(answers), price)

    def _nobody_knows(self, why: str) -> Cost:
        self.unknown.append(why)
        return Cost()


def _is_free(price: Price) -> bool:
    return not (price.input_per_million or price.output_per_million or price.tiers)


def _words(version: WorkflowVersion, path: str) -> str:
    return f"the step {path!r} of {version.document.name!r}"
