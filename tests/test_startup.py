"""A successful render imports nothing heavy: start-up is most of what one render costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from workbench import PROJECT

HEAVY: Final = {
    "asyncio",
    "click",
    "dataclasses",
    "deepdiff",
    "difflib",
    "git",
    "hashlib",
    "importlib.metadata",
    "importlib.resources",
    "inspect",
    "json",
    "jsonschema",
    "logging",
    "multiprocessing",
    "pathlib",
    "pkgutil",
    "rich",
    "ruamel",
    "socket",
    "subprocess",
    "tempfile",
    "typing",
    "unittest",
}
# What is needed only when something is wrong, or someone asks.
COLD: Final = (
    *("placement", "attribution", "tracing", "report", "explain", "conformance"),
    *("schema.faults", "schema.objects", "yamlio.failures"),
)
RENDER: Final = """
import sys
before = set(sys.modules)
from kusion_render.diagnostics import Diagnostics
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_all
from kusion_render.repository import Files, Repository, select
from kusion_render.targets.kubernetes import stream
found = Diagnostics()
repository = Repository(Files(sys.argv[1]), found)
specs = compile_all(repository, select(repository, [sys.argv[2]], found), Options(), found)
text = "".join(stream(specs, found))
assert "kind: Deployment" in text and not found.items
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def imported(*arguments: str) -> set[str]:
    """Run Python and return the modules it says it imported."""
    run = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n{arguments[0]}",
            *arguments[1:],
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_a_render_imports_nothing_heavy() -> None:
    """A stack with a workspace, `"*"`, deletions and interpolation renders without a heavy import."""
    modules = imported(RENDER, str(PROJECT / "examples/online-boutique"), "online-boutique/prod")

    assert set() == {name for name in modules if name in HEAVY or name.partition(".")[0] in HEAVY}
    assert set() == modules & {f"kusion_render.{name}" for name in COLD}


def test_a_render_imports_only_the_modules_it_uses() -> None:
    """What an app does not ask for is not imported."""
    modules = imported(RENDER, str(PROJECT / "examples/hello"), "hello/prod")

    assert "kusion_render.modules.service" in modules
    assert not modules & {"kusion_render.modules.job", "kusion_render.modules.secrets", "kusion_render.schema.faults"}


def test_the_version_needs_no_library() -> None:
    """`--version` imports neither the command-line library nor YAML."""
    script = """
import sys
sys.argv = ["kusion-render", "--version"]
from kusion_render.__main__ import main
main()
print("\\n".join(sys.modules))
"""
    modules = imported(script)

    assert not modules & {"click", "yaml", "jsonschema", "importlib.metadata"}
