"""LangGraph on the same kind of chain, checkpointed in SQLite, by a script kept elsewhere.

PEER_SCRIPTS names the folder of such scripts. They run against `bench.fake_openai`, whose address
they read from FAKE_LLM, and leave their figures in a JSON file.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.figures import Figure
from bench.processes import module

PACKAGES = ("langgraph", "langgraph-checkpoint-sqlite", "aiohttp", "psutil")
ARGUMENTS = ("aiohttp", "sqlite", "async")
INSTALL_SECONDS = 300
RUN_SECONDS = 300
FIGURES = {
    "w1a_p50_ms": ("a run, one at a time", "ms"),
    "w1b_steps_s": ("steps, 50 runs at once", "/s"),
    "w1b_cpu_ms_per_exec": ("CPU of a run, 50 at once", "ms"),
    "w1c_wall_ratio": ("wall / critical path, 50 runs, 200 ms model", "x"),
    "w2_ratio": ("wall / ideal, 20 parallel steps, 200 ms model", "x"),
}


def measure(folder: Path, _rounds: int) -> list[Figure]:
    """The peer's figures, or none where its script is not there."""
    scripts = Path(os.environ.get("PEER_SCRIPTS", ""))
    script = scripts / "peer_langgraph.py"
    if not script.is_file():
        print("LangGraph is left out: PEER_SCRIPTS names no folder with its script.")
        return []
    python = _install(folder / "venv")
    work = folder / "work"
    shutil.copytree(scripts, work)
    for each in (work, work / "results", work / "bench-work" / "logs"):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(0o755)
    with module("bench.fake_openai", folder / "model.log") as model:
        environment = {**os.environ, "FAKE_LLM": model.url}
        command = [str(python), script.name, *ARGUMENTS]
        subprocess.run(command, cwd=work, env=environment, check=True, timeout=RUN_SECONDS)
    results = json.loads((work / "results" / "langgraph-aiohttp-sqlite-async.json").read_text())
    versions = str(results.get("versions", ""))
    return [
        Figure(f"LangGraph: {name}", float(results[key]), unit, detail=versions)
        for key, (name, unit) in FIGURES.items()
        if key in results
    ]


def _install(venv: Path) -> Path:
    """A virtual environment of the peer's own; returns its Python."""
    uv = str(Path(sys.executable).with_name("uv"))
    python = venv / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", str(venv)], check=True, timeout=INSTALL_SECONDS)
    command = [uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES]
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
    return python
