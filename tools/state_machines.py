"""Compile every workflow that the repository shows, for the validators of state machines.

`python -m tools.state_machines FOLDER` writes one file of ASL for each workflow of the demo, of
`tools/asl` and of the documentation (fenced blocks of YAML or JSON that have `name` and `steps`).
Their prompts are stand-ins with the variables that the steps give. With `--random N` it writes as
many machines of random workflows instead, the same each time.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from promptpilot import clock
from promptpilot.compiler.compile import compile_draft
from promptpilot.compiler.draft import Draft, read_draft
from promptpilot.compiler.reading import read_document
from promptpilot.domain.ids import new_id
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.variables import Variable
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.errors import DocumentInvalid
from tools.random_documents import random_workflows

ROOT = Path(__file__).parent.parent
Compilable = tuple[str, Draft, Mapping[str, PromptVersion]]
"""A workflow's name, its draft, and the prompts of its steps."""
FENCED = re.compile(r"^```(yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Write the state machines; fail if there is none, or one does not compile."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--random", type=int, default=0, metavar="N")
    given = parser.parse_args()
    folder = given.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = 0
    for name, draft, prompts in _random(given.random) if given.random else _shown():
        try:
            asl = compile_draft(draft, prompts).asl
        except DocumentInvalid as error:
            sys.exit(f"{name} does not compile: {error.problems}")
        (folder / f"{name}.json").write_text(json.dumps(asl, indent=2) + "\n")
        written += 1
    if not written:
        sys.exit("There is no workflow to compile.")
    sys.stdout.write(f"Compiled {written} workflows into {folder}\n")


def _workflows() -> Iterator[tuple[str, str]]:
    """Name and text of each workflow. JSON is read as the YAML that it is."""
    for file in [*ROOT.glob("embedded/demo/*.yaml"), *ROOT.glob("tools/asl/*.yaml")]:
        yield f"{file.parent.name}-{file.stem}", file.read_text()
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        blocks = FENCED.finditer(page.read_text()) if page.is_file() else iter(())
        for number, block in enumerate(blocks, 1):
            if _is_workflow(block[2]):
                yield f"{page.stem}-{number}", block[2]


def _is_workflow(text: str) -> bool:
    document = read_document(text, yaml=True)
    return isinstance(document, dict) and {"name", "steps"} <= document.keys()


def _shown() -> Iterator[Compilable]:
    for name, text in _workflows():
        draft = read_draft(read_document(text, yaml=True))
        yield name, draft, {node.id: _stand_in(node.step) for node in draft.nodes(PromptStep)}


def _random(count: int) -> Iterator[Compilable]:
    for name, text in random_workflows(count):
        yield name, read_draft(read_document(text, yaml=False)), {}


def _stand_in(step: PromptStep) -> PromptVersion:
    return PromptVersion(
        workspace=new_id("ws"),
        prompt_id=new_id("prompt"),
        version="1.0.0",
        content=" ".join(f"{{{{{name}}}}}" for name in step.variables),
        variables=tuple(Variable(name=name) for name in step.variables),
        model=step.named_model or "local/smollm2-135m",
        author=new_id("user"),
        created_at=clock.now(),
        digest="0" * 64,
    )


if __name__ == "__main__":
    main()
