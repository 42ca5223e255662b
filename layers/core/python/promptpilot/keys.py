"""Every key shape of the table. Every partition begins with its workspace, so that no key reaches
into another.

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
| which hosts actions may call                | primary | {ws}                        | egress
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


def egress(workspace: str) -> Key:
    return Key(workspace, "egress")


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
