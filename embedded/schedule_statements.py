"""The SQL of the schedules' table; times in milliseconds since 1970.

`since` is when the schedule began, `due` its next firing, `wake` when to look at it: later than
`due` while an event could not be handed over, which `failures` counts.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS schedules (
  workspace TEXT NOT NULL,
  id TEXT NOT NULL,
  expression TEXT NOT NULL,
  timezone TEXT NOT NULL,
  body TEXT NOT NULL,
  since INTEGER NOT NULL,
  due INTEGER NOT NULL,
  wake INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS schedules_wake ON schedules (wake);
"""
PUT = """
INSERT INTO schedules (workspace, id, expression, timezone, body, since, due, wake)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
  expression = excluded.expression, timezone = excluded.timezone, body = excluded.body,
  since = excluded.since, due = excluded.due, wake = excluded.wake, failures = 0
"""
PUT_WITH_SAME_TIMES = """
UPDATE schedules SET body = ? WHERE workspace = ? AND id = ? AND expression = ? AND timezone = ?
"""
DELETE = "DELETE FROM schedules WHERE workspace = ? AND id = ?"

DUE = """
SELECT body, workspace, id, expression, timezone, since, due, failures
FROM schedules WHERE wake <= ? ORDER BY wake LIMIT ?
"""
LATER = """
SELECT body, workspace, id, expression, timezone, since, due, failures
FROM schedules WHERE due > ?
"""

# The next three change a schedule as it was when it fired. One that was replaced meanwhile has
# times of its own, and is left alone.
MOVE = """
UPDATE schedules SET due = ?, wake = ?, failures = 0
WHERE workspace = ? AND id = ? AND expression = ? AND timezone = ? AND due = ?
"""
PUT_OFF = """
UPDATE schedules SET wake = ?, failures = failures + 1
WHERE workspace = ? AND id = ? AND expression = ? AND timezone = ? AND due = ?
"""
END = """
DELETE FROM schedules
WHERE workspace = ? AND id = ? AND expression = ? AND timezone = ? AND due = ?
"""
TRY_AGAIN = "UPDATE schedules SET wake = due WHERE failures > 0"
