"""The API with all of its routes, ready to answer."""

from functions.api.docs_page import add_documentation
from functions.api.resolver import Resolver
from functions.api.routes import (
    accounts,
    approvals,
    auth,
    budgets,
    egress,
    execution_control,
    execution_events,
    executions,
    feedback,
    files,
    health,
    labels,
    limits,
    logs,
    me,
    model_aliases,
    model_keys,
    models,
    playground,
    prompt_runs,
    prompt_versions,
    prompts,
    suspensions,
    workflow_checks,
    workflow_drafts,
    workflow_labels,
    workflow_runs,
    workflow_versions,
    workflows,
)

ROUTES = (
    accounts,
    auth,
    me,
    prompts,
    prompt_versions,
    labels,
    prompt_runs,
    files,
    playground,
    workflows,
    workflow_versions,
    workflow_labels,
    workflow_drafts,
    workflow_checks,
    workflow_runs,
    suspensions,
    executions,
    execution_events,
    execution_control,
    approvals,
    limits,
    model_aliases,
    budgets,
    egress,
    model_keys,
    logs,
    feedback,
    models,
    health,
)

api = Resolver()
for _routes in ROUTES:
    api.include_router(_routes.router)
add_documentation(api)
api.prepare()
