"""What statelint finds wrong with state machines: `python -m tools.lint_machines FOLDER`.

statelint 3 knows JSONata but not that a Wait may take its time from an expression, which the
language's specification allows ("Seconds" and "Timestamp" may be JSONata strings).
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statelint.linter import Linter

_NOT_KNOWN_TO_IT = re.compile(
    r'(Timestamp|Seconds) is "\{%.*%\}" but should be an? (RFC3339 timestamp|Integer)$', re.DOTALL
)


def complaints(asl: Mapping[str, Any]) -> list[str]:
    """Everything that statelint has to say of a state machine, but for what it does not know."""
    said = Linter.validate(dict(asl))
    return [each for each in said if not _NOT_KNOWN_TO_IT.search(each)]


def main() -> None:
    """Fail where there is a complaint."""
    files = sorted(Path(sys.argv[1]).glob("*.json"))
    found = [f"{file.name}: {each}" for file in files for each in complaints(_read(file))]
    if found or not files:
        sys.exit("\n".join(found) or "There is no state machine to check.")
    sys.stdout.write(f"statelint takes {len(files)} state machines\n")


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


if __name__ == "__main__":
    main()
