"""What the fields of workflow documents are for, in the words that an editor shows.

They stand apart from the models, which every process imports: few are ever asked for them.
"""

from collections.abc import Mapping

_ID = "The step's name, and the variable that holds its result. Unique in the document."
_KIND = "What kind of step this is."
_RETRY = "When to try again."
_ON_ERROR = (
    "What becomes of the execution where the step has failed for good: `fail`, a value to go on "
    "with, or steps to run."
)
_WITH_NAMES = "{}: values with expressions in them, by name."
_STEP = {"id": _ID, "kind": _KIND}

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "Step": {"": "One step. Its `kind` says which fields it has."},
    "WorkflowDocument": {
        "name": "What the workflow is called: one line.",
        "description": "What it is for.",
        "version": "The number of this version. Without it the smallest that the change allows.",
        "message": "A note about this version.",
        "input": "JSON Schema of an execution's input. Without it any object.",
        "output": "What an execution answers: a value with expressions in it. Without it the "
        "result of the last step.",
        "triggers": "How executions are started.",
        "timeout": "The longest that an execution may take, up to 30d.",
        "budget": "What an execution may spend on models. Without it nothing but the workspace's "
        "own budget stops it.",
        "steps": "The steps, in the order they run.",
    },
    "ManualTrigger": {"kind": "Somebody starts it."},
    "WorkflowBudget": {
        "per_run_micro_usd": "The most that the model calls of one execution may cost, those of "
        "workflows that it runs included, in millionths of a US dollar.",
    },
    "PromptStep": {
        **_STEP,
        "prompt": "The prompt to render.",
        "with": _WITH_NAMES.format("The prompt's variables"),
        "model": "The model to call: `vendor/model`, or an expression that gives one. Without it "
        "that of the prompt version.",
        "fallbacks": "Models that are asked in turn where the model fails.",
        "settings": "Settings that override those of the prompt version, one by one.",
        "tools": "Actions that the model may use before it answers.",
        "max_rounds": "How many rounds of tools there may be; then it has to answer.",
        "cache": "How long the answer to a request stands for equal ones.",
        "select": "An expression on `$output`, the model's answer, that takes its place.",
        "timeout": "The longest that one try may take, 1s to 14m.",
        "retry": _RETRY,
        "on_error": _ON_ERROR,
    },
    "StepTool": {
        "name": "What the model knows it by. Where the prompt declares a tool of that name, that "
        "says what it is for.",
        "action": "The action's name, such as `http.request`.",
        "description": "What it is for, in words for the model.",
        "with": "Arguments that the model neither gives nor sees.",
        "parameters": "JSON Schema of the arguments that the model gives. Without it, those of the "
        "action that `with` leaves.",
    },
    "StepPrompt": {
        "id": "The prompt's id.",
        "name": "The prompt's name, where only one has it.",
        "version": "This version.",
        "label": "The version that this label points to when an execution starts.",
    },
    "StepSettings": {
        "temperature": "How much chance there is in the answer.",
        "top_p": "Only the most likely words that make up this share are considered.",
        "max_tokens": "The longest answer, in tokens.",
        "stop": "Texts that end the answer.",
        "seed": "The same seed makes chance repeat itself, where the model allows it.",
        "reasoning_effort": "How hard the model may think before it answers.",
        "reasoning_tokens": "The most tokens that it may think, for models that count them.",
        "drop_unsupported": "Leave out, and log, settings that the model does not take.",
    },
    "ActionStep": {
        **_STEP,
        "action": "The action's name, such as `http.request`.",
        "connection": "The connection to use: an address and a key, kept apart from workflows.",
        "with": _WITH_NAMES.format("What the action is given"),
        "timeout": "The longest that one try may take, 1s to 14m.",
        "retry": _RETRY,
        "on_error": _ON_ERROR,
    },
    "ApprovalStep": {
        **_STEP,
        "message": "What whoever decides is told; may be an expression.",
        "role": "The lowest role that may decide. Without it editor, unless users are named.",
        "users": "Who may decide: emails or user ids.",
        "form": "JSON Schema of an object that is filled in with the decision.",
        "timeout": "How long there is to decide, up to 30d.",
        "on_timeout": "What is taken for the decision where nobody decides in time.",
        "on_error": _ON_ERROR,
    },
    "WorkflowStep": {
        **_STEP,
        "workflow": "The workflow to run.",
        "with": _WITH_NAMES.format("The other execution's input"),
        "timeout": "The longest that the other execution may take, up to 30d.",
        "retry": _RETRY,
        "on_error": _ON_ERROR,
    },
    "WorkflowRef": {
        "id": "The workflow's id.",
        "version": "This version.",
        "label": "The version that this label points to when an execution starts.",
    },
    "TransformStep": {**_STEP, "value": "The result: a value with expressions in it."},
    "WaitStep": {
        **_STEP,
        "for": "How long to wait, 1s to 365d.",
        "until": "A time (ISO 8601), or an expression that gives one.",
    },
    "FailStep": {
        **_STEP,
        "error": "The error's name; may be an expression.",
        "message": "Why the execution failed; may be an expression.",
    },
    "BranchStep": {
        **_STEP,
        "cases": "The paths, of which the first is taken whose condition holds.",
        "otherwise": "The steps to run where no condition holds.",
    },
    "Case": {
        "when": "An expression that is true or false.",
        "steps": "The steps to run where it is true.",
    },
    "ParallelStep": {
        **_STEP,
        "branches": "Steps by the name of their branch; all branches run at the same time.",
        "on_error": _ON_ERROR,
    },
    "MapStep": {
        **_STEP,
        "items": "A list, or an expression that gives one.",
        "as": "The variable that holds the item; with `_index` after it, the item's place from 0.",
        "steps": "The steps to run for every item.",
        "concurrency": "How many items are worked on at the same time.",
        "max_items": "A longer list fails the step.",
        "on_error": _ON_ERROR,
    },
    "LoopStep": {
        **_STEP,
        "steps": "The steps of a round.",
        "while": "An expression, tested before each round: whether to go on.",
        "until": "An expression, tested after each round: whether to end.",
        "max_iterations": "The most rounds.",
    },
    "CaughtValue": {"value": "What later steps have for the failed step's result."},
    "CaughtSteps": {
        "steps": "The steps to run; the last one's result is the failed step's. They have `$error`."
    },
    "Retry": {
        "attempts": "All tries together: 1 is no retry.",
        "interval": "The first pause.",
        "backoff": "How many times as long each further pause is.",
        "max_interval": "The longest pause.",
        "jitter": "`full`: each pause is random between nothing and its length.",
        "on": "The errors to try again upon; the name of a class stands for all errors of it.",
    },
}
"""By the name of a model, its fields as documents call them."""
