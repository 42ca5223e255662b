"""What was measured, as data, as a table and as a file."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured median. `floor` is what the same work costs without the product."""

    name: str
    value: float
    unit: str
    goal: str = ""
    floor: float | None = None
    floor_name: str = ""
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a multiple of its floor."""
        return self.value / self.floor if self.floor else None


def show(title: str, figures: Iterable[Figure]) -> None:
    """Print a table of the figures to standard output."""
    table = Table(title=title, title_justify="left")
    table.add_column("measured")
    for heading in ("figure", "goal", "floor", "x floor"):
        table.add_column(heading, justify="right")
    table.add_column("floor is")
    table.add_column("more")
    for each in figures:
        floor = "" if each.floor is None else _number(each.floor)
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        figure = f"{_number(each.value)} {each.unit}"
        table.add_row(each.name, figure, each.goal, floor, ratio, each.floor_name, each.detail)
    Console(width=None if os.isatty(1) else 160).print(table)


def save(suite: str, figures: Sequence[Figure]) -> Path:
    """Write the figures with the circumstances of the run; return the file."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}-{suite}.json"
    document = {
        "suite": suite,
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_1_minute": os.getloadavg()[0],
        "figures": [asdict(each) for each in figures],
    }
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
