"""All stacks of one deployment, and how they hang together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.api import ApiStack
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.execution import ExecutionStack
from stacks.identity import IdentityStack
from stacks.live import LiveStack
from stacks.observability import ObservabilityStack
from stacks.settings import PRODUCT, Settings
from stacks.web import WebStack


def build(context: Mapping[str, Any], outdir: str | None = None) -> App:
    """The application of the `stage`, and of the `settings` file, that the context names. What
    the `cdk` command says in its environment comes before `context` and `outdir`.

    Raises `SettingsInvalid`.
    """
    app = App(
        context=context,
        outdir=outdir,
        analytics_reporting=False,
        # cfn-lint checks the same and more, once, in the tests.
        builtin_cloud_formation_validation=False,
    )
    _add_stacks(app, _settings(app))
    return app


def _settings(app: App) -> Settings:
    file = app.node.try_get_context("settings")
    return Settings.read(app.node.try_get_context("stage"), Path(file) if file else None)


def _add_stacks(app: App, settings: Settings) -> None:
    data = DataStack(app, settings=settings)
    identity = IdentityStack(app, settings=settings)
    events = EventsStack(app, settings=settings, data=data)
    live = LiveStack(app, settings=settings, data=data, events=events, identity=identity)
    execution = ExecutionStack(app, settings=settings, data=data, events=events, live=live)
    api = ApiStack(app, settings=settings, data=data, identity=identity, execution=execution)
    WebStack(app, settings=settings, api=api, live=live)
    ObservabilityStack(app, settings=settings, api=api, events=events, execution=execution)
    Tags.of(app).add("application", PRODUCT)
    Tags.of(app).add("stage", settings.stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
