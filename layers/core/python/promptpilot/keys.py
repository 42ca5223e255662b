"""Every key shape of the table. Every partition begins with its workspace, so that no key reaches
into another; what is cached or limited has its workspace within its own key.

| access pattern                              | index   | partition                   | sort
|
|---------------------------------------------|---------|-----------------------------|-----------------------------|
| a user by id                                | primary | user/{user}                 | META
|
| a workspace; its members                    | primary | {ws}                        | META;
member/{user}         |
| the workspaces of a user                    | gsi1    | user/{user}/workspaces      | {ws}
|
| a prompt's head (name, labels, draft)       | primary | {ws}/prompt/{prompt}        | META
|
| a prompt's version; its versions in order   | primary | {ws}/prompt/{prompt}        |
version/{padded version}    |
| prompts, newest first                       | gsi1    | {ws}/prompts                | {prompt}
|
| prompts of a name                           | gsi2    | {ws}/prompts/{name}         | {prompt}
|
| a workflow's head                           | primary | {ws}/workflow/{workflow}    | META
|
| a workflow's version; in order              | primary | {ws}/workflow/{workflow}    |
version/{padded version}    |
| a workflow's draft                          | primary | {ws}/workflow/{workflow}    | DRAFT
|
| workflows, newest first                     | gsi1    | {ws}/workflows              | {workflow}
|
| an execution                                | primary | {ws}/execution/{execution}  | META
|
| executions, newest first                    | gsi1    | {ws}/executions             | {execution}
|
| executions of a workflow, newest first      | gsi2    | {ws}/executions/{workflow}  | {execution}
|
| an execution that a step of one began       | primary | {ws}/execution/{parent}     |
child/{execution}           |
| how many executions may run at once         | primary | {ws}                        | limits
|
| what may be spent on models                 | primary | {ws}                        | budget
|
| what is spent of a month's budget, or a run's| primary | {ws}/budget/{month or execution}| META
|
| what is set aside for a call of a model     | primary | {ws}/reserved/{root ULID}   | as its
log/{attempt}/{call}    |
| what models cost in a month, by what        | primary | {ws}/costs/{month}          |
sum/{by}/{of}; entry/{entry}|
| how long models took, by day and model      | primary | {ws}/latencies              |
{day}/{model}               |
| how many executions run, by workflow        | primary | {ws}/slots                  | META
|
| an execution that counts as running         | primary | {ws}/slots                  |
held/{execution}            |
| executions to be let in, oldest first       | primary | {ws}/slots                  |
queued/{workflow}/{execution}|
| a log; an execution's logs in step order    | primary | {ws}/logs/{root ULID}       | {padded
ordinal}/{iteration}|
| what models say in steps that run           | primary | {ws}/texts/{root ULID}      | as its logs
|
| a run of a prompt that can be followed      | primary | {ws}/run/{run}              | META
|
| the names that a workspace has for models   | primary | {ws}                        | aliases
|
| an approval                                 | primary | {ws}/approval/{approval}    | META
|
| approvals, newest first                     | gsi1    | {ws}/approvals              |
{asked at}/{approval}       |
| approvals that are pending, newest first    | gsi2    | {ws}/approvals/pending      |
{asked at}/{approval}       |
| steps of an execution that wait             | primary | {ws}/waiting/{root ULID}    | as its logs
|
| the answer to a model request, for a while  | primary | {ws}/answers/{digest}       | META
|
| a file that was sent, beside its contents   | primary | {ws}/file/{blob}            | META
|
| which hosts actions may call                | primary | {ws}                        | egress
|
| the keys of models that are kept            | primary | {ws}/model_keys             | {vendor}
|
| the last check of a key                     | primary | {ws}/model_key_checks       | {vendor}
|
| feedback by id                              | primary | {ws}/feedback/{feedback}    | META
|
| feedback, newest first                      | gsi1    | {ws}/feedbacks              | {feedback}
|
| feedback of an execution                    | gsi2    | {ws}/feedbacks/{execution}  | {feedback}
|
| the outcome of an idempotent request        | primary | {ws}/idempotency/{user}     | {sha256 of
the key}         |
| outbox: events in order of a subject        | primary | {ws}/outbox/{subject}       | {event}
|
| a live connection                           | primary | connection/{connection}     | META
|
| live connections of a user, oldest first    | gsi1    | user/{user}/connections     |
{connected at}/{connection} |
| what is listened to live in a workspace     | primary | {ws}/live                   |
{connection}/{execution}    |
| what a live connection listens to           | gsi1    | connection/{connection}/live|
{ws}/{execution}            |
| what is cached for a while                  | primary | cache/{key}                 | META
|
| a token bucket                              | primary | bucket/{key}                | META
|
"""

import re

from promptpilot.ports.table import Key

META = "META"
DRAFT = "DRAFT"


def user(id: str) -> Key:
    return Key(f"user/{id}", META)


def user_workspaces(user: str, workspace: str = "") -> Key:
    return Key(f"user/{user}/workspaces", workspace)


def workspace(id: str) -> Key:
    return Key(id, META)


def member(workspace: str, user: str) -> Key:
    return Key(workspace, f"member/{user}")


def prompt(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/prompt/{id}", META)


def prompt_version(workspace: str, prompt: str, padded_version: str = "") -> Key:
    return Key(f"{workspace}/prompt/{prompt}", f"version/{padded_version}")


def prompts(workspace: str, id: str = "") -> Key:
    return Key(f"{workspace}/prompts", id)


def prompts_named(workspace: str, name: str, id: str = "") -> Key:
    return Key(f"{workspace}/prompts/{name}", id)


def workflow(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/workflow/{id}", META)


def workflow_version(workspace: str, workflow: str, padded_version: str = "") -> Key:
    return Key(f"{workspace}/workflow/{workflow}", f"version/{padded_version}")


def workflow_draft(workspace: str, workflow: str) -> Key:
    return Key(f"{workspace}/workflow/{workflow}", DRAFT)


def workflows(workspace: str, id: str = "") -> Key:
    return Key(f"{workspace}/workflows", id)


def execution(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/execution/{id}", META)


def execution_child(workspace: str, parent: str, child: str = "") -> Key:
    return Key(f"{workspace}/execution/{parent}", f"child/{child}")


def workspace_limits(workspace: str) -> Key:
    return Key(workspace, "limits")


def model_aliases(workspace: str) -> Key:
    return Key(workspace, "aliases")


def budget(workspace: str) -> Key:
    return Key(workspace, "budget")


def budget_account(workspace: str, of: str) -> Key:
    """Where the sums of a budget are: `of` is a month (`2026-11`) or an execution."""
    return Key(f"{workspace}/budget/{of}", META)


def reserved(workspace: str, log: str, attempt: int, call: int) -> Key:
    """Where is kept what is set aside for a call of the step of that log."""
    root, sort = _log_place(log)
    return Key(f"{workspace}/reserved/{root}", f"{sort}/{attempt}/{call}")


def costs(workspace: str, month: str) -> Key:
    """What keeps the sums of a month together; they change when this does."""
    return Key(f"{workspace}/costs/{month}", META)


def cost_sum(workspace: str, month: str, by: str = "", of: str = "") -> Key:
    return Key(f"{workspace}/costs/{month}", f"sum/{by}/{of}" if by else "sum/")


def cost_entry(workspace: str, month: str, entry: str = "") -> Key:
    return Key(f"{workspace}/costs/{month}", f"entry/{entry}")


def latency(workspace: str, day: str = "", model: str = "") -> Key:
    return Key(f"{workspace}/latencies", f"{day}/{model}")


def slots(workspace: str) -> Key:
    return Key(f"{workspace}/slots", META)


def slot_held(workspace: str, execution: str = "") -> Key:
    return Key(f"{workspace}/slots", f"held/{execution}")


def slot_queued(workspace: str, workflow: str, execution: str = "") -> Key:
    return Key(f"{workspace}/slots", f"queued/{workflow}/{execution}")


def slots_queued(workspace: str) -> Key:
    return Key(f"{workspace}/slots", "queued/")


def executions(workspace: str, id: str = "") -> Key:
    return Key(f"{workspace}/executions", id)


def executions_of(workspace: str, workflow: str, id: str = "") -> Key:
    return Key(f"{workspace}/executions/{workflow}", id)


_LOG_ID = re.compile(r"log_[0-9A-HJKMNP-TV-Z]{26}_[1-9]\d{0,4}(_\d{1,5}(\.\d{1,5})*)?")


def is_log_id(id: str) -> bool:
    return _LOG_ID.fullmatch(id) is not None


def log(workspace: str, id: str) -> Key:
    """Where the log of that id is: its id (see `domain.execution.log_id`) holds all that the key
    needs.
    """
    root, sort = _log_place(id)
    return Key(f"{workspace}/logs/{root}", sort)


def _log_place(id: str) -> tuple[str, str]:
    _, root, ordinal, *iteration = id.split("_")
    indexes = ".".join(index.zfill(5) for index in iteration[0].split(".")) if iteration else ""
    return root, f"{ordinal.zfill(5)}/{indexes}"


def logs(workspace: str, execution: str) -> Key:
    return Key(f"{workspace}/logs/{execution.partition('_')[2]}", "")


def waiting(workspace: str, log: str) -> Key:
    """Where the task is kept that waits for the step of that log."""
    root, sort = _log_place(log)
    return Key(f"{workspace}/waiting/{root}", sort)


def waiting_of(workspace: str, execution: str) -> Key:
    return Key(f"{workspace}/waiting/{execution.partition('_')[2]}", "")


def partial_text(workspace: str, log: str) -> Key:
    """Where is kept what a model has said so far in the step of that log."""
    root, sort = _log_place(log)
    return Key(f"{workspace}/texts/{root}", sort)


def run(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/run/{id}", META)


def partial_texts(workspace: str, execution: str) -> Key:
    return Key(f"{workspace}/texts/{execution.partition('_')[2]}", "")


def approval(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/approval/{id}", META)


def approvals(workspace: str, asked_at: str = "", id: str = "") -> Key:
    return Key(f"{workspace}/approvals", f"{asked_at}/{id}")


def approvals_pending(workspace: str, asked_at: str = "", id: str = "") -> Key:
    return Key(f"{workspace}/approvals/pending", f"{asked_at}/{id}")


def answer(workspace: str, digest: str) -> Key:
    return Key(f"{workspace}/answers/{digest}", META)


def file(workspace: str, blob: str) -> Key:
    return Key(f"{workspace}/file/{blob}", META)


def egress(workspace: str) -> Key:
    return Key(workspace, "egress")


def model_key(workspace: str, vendor: str = "") -> Key:
    return Key(f"{workspace}/model_keys", vendor)


def model_key_check(workspace: str, vendor: str) -> Key:
    return Key(f"{workspace}/model_key_checks", vendor)


def feedback(workspace: str, id: str) -> Key:
    return Key(f"{workspace}/feedback/{id}", META)


def feedbacks(workspace: str, id: str = "") -> Key:
    return Key(f"{workspace}/feedbacks", id)


def feedbacks_of(workspace: str, execution: str, id: str = "") -> Key:
    return Key(f"{workspace}/feedbacks/{execution}", id)


def idempotency(workspace: str, user: str, key_digest: str) -> Key:
    return Key(f"{workspace}/idempotency/{user}", key_digest)


def outbox(workspace: str, subject: str, event: str) -> Key:
    return Key(f"{workspace}/outbox/{subject}", event)


def connection(id: str) -> Key:
    return Key(f"connection/{id}", META)


def user_connections(user: str, connected_at: str = "", connection: str = "") -> Key:
    return Key(f"user/{user}/connections", f"{connected_at}/{connection}")


def listening(workspace: str, connection: str, execution: str = "") -> Key:
    return Key(f"{workspace}/live", f"{connection}/{execution}")


def listened(connection: str, workspace: str = "", execution: str = "") -> Key:
    return Key(f"connection/{connection}/live", f"{workspace}/{execution}")


def cached(key: str) -> Key:
    return Key(f"cache/{key}", META)


def bucket(key: str) -> Key:
    return Key(f"bucket/{key}", META)
