"""The API with all of its routes, ready to answer."""

from functions.api.docs_page import add_documentation
from functions.api.resolver import Resolver
from functions.api.routes import (
    accounts,
    auth,
    executions,
    feedback,
    health,
    labels,
    logs,
    me,
    models,
    prompt_runs,
    prompt_versions,
    prompts,
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
    workflows,
    executions,
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
