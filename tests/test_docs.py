"""What the pages show is what the program does."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from workbench import NO_KCL, PROJECT, Workbench

from kusion_render.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

CLI_PAGE: Final = PROJECT / "docs/reference/cli.md"
PAGES: Final = sorted(
    page
    for place in ("*.md", "docs/**/*.md", "kusion_render/**/*.md", "plugins/**/*.md")
    for page in PROJECT.glob(place)
)
READMES: Final = sorted(PROJECT.glob("kusion_render/modules/*/README.md"))


def help_of(workbench: Workbench, *command: str) -> str:
    """Return the help text of a command, 80 columns wide."""
    run = workbench.run(*command, "--help", env={"COLUMNS": "80"})
    assert run.exit_code == 0, run.stderr
    return run.stdout.rstrip()


@pytest.mark.parametrize("command", [None, *COMMANDS, "argocd applications"])
def test_help_stands_in_the_reference(
    command: str | None, workbench: Workbench, request: pytest.FixtureRequest
) -> None:
    """The reference shows each command's help as it is, and each help shows an example."""
    text = help_of(workbench, *(command.split() if command else []))
    page = CLI_PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        heading = f"## {command}" if command else "# Commands"
        page = re.sub(
            rf"({heading}\n\n```text\n).*?(\n```\n)", lambda found: found[1] + text + found[2], page, flags=re.DOTALL
        )
        CLI_PAGE.write_text(page, encoding="utf-8")

    assert f"```text\n{text}\n```" in page
    assert "Example" in text


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_module_examples_render_to_what_is_shown(readme: Path, workbench: Workbench) -> None:
    """A module's page holds an app and, next, what it renders to."""
    blocks = re.findall(r"```yaml\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    app, shown = next((one, two) for one, two in pairwise(blocks) if "kind:" in two)
    workspace = next(
        (block for block in blocks if block.lstrip().startswith(("secretStore:", "secrets:", "modules:"))), "{}\n"
    )
    workbench.app(app, **{"workspaces/dev.yaml": workspace})

    run = workbench.render()

    printed = run.manifests
    for manifest in yaml.safe_load_all(shown):
        assert manifest in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project finds it, and its heading where it names one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if heading and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, target


# Found by a target, and not by `validate`.
OF_TARGETS: Final = {f"KR{number}": "spec" for number in (355, 356, 470, 471, 472, 473)}
# Their pages show one of the files and tell of others: a large one, or a second stack.
NOT_WHOLE: Final = {"KR109", "KR314", "KR515"}


def diagnostics_samples() -> list[tuple[str, dict[str, str], str]]:
    """Return, for each rule whose page shows whole files, its code, the files and what the program says to them."""
    text = (PROJECT / "docs/reference/diagnostics.md").read_text(encoding="utf-8")
    parts = re.split(r"\n## (KR\d+) [a-z-]+\n", text)
    found = []
    for code, body in zip(parts[1::2], parts[2::2], strict=True):
        files = dict(re.findall(r"`([\w./@-]+)`:\n\n```(?:yaml|kcl|toml)\n(.*?)```", body, re.DOTALL))
        said = [block for block in re.findall(r"```text\n(.*?)```", body, re.DOTALL) if code in block]
        if files and said and code not in NOT_WHOLE:
            found.append((code, files, said[0].strip()))
    return found


SAMPLES: Final = diagnostics_samples()


def test_most_rules_have_a_sample() -> None:
    """The page shows files and report for nearly every rule; the others need links, modes or bytes that no page shows."""
    assert len(SAMPLES) > 50


@pytest.mark.parametrize(("code", "files", "said"), SAMPLES, ids=[code for code, _, _ in SAMPLES])
def test_a_rule_says_what_its_page_shows(workbench: Workbench, code: str, files: dict[str, str], said: str) -> None:
    """The files of a rule's page, as stack `shop/prod`, give the report beside them."""
    program = any(name.endswith(".k") for name in files)
    if program and NO_KCL:
        pytest.skip("kcl-lib is not installed")
    app = "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n"
    workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "shop/project.yaml": "name: shop\n",
            "shop/prod/stack.yaml": "name: prod\n",
            "workspaces/prod.yaml": "{}\n",
            **({} if program else {"shop/prod/app.yaml": app}),
            **files,
        }
    )
    target = OF_TARGETS.get(code)
    report = workbench.run("render", "--target", target).stderr if target else workbench.run("validate").stdout

    assert code in report
    assert "\nhelp: " in said
    # Which stacks have the problem depends on who else uses the file.
    assert said in re.sub(r"^   = in .*\n", "", report, flags=re.MULTILINE)


def test_the_first_example_of_the_readme_is_real(workbench: Workbench) -> None:
    """What a newcomer types first gives what the README shows: the end of a render, an error, an explanation."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    shown = {
        lines[0].removeprefix("$ kusion-render ").partition(" |")[0]: "\n".join(lines[1:]).strip()
        for lines in (block.strip().splitlines() for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL))
        if lines[0].startswith("$ kusion-render ")
    }
    workbench.run("init", "shop")
    prod = workbench.root / "shop/shop/prod/app.yaml"
    field = "spec.template.spec.containers[0].env[0].value"

    rendered = workbench.render("shop/prod", folder="shop").stdout
    explained = workbench.run("explain", "shop/prod", "deployment/web", field, folder="shop").stdout
    prod.write_text(prod.read_text().replace("  workload:\n", "  workload:\n    replicas: two\n"))
    report = workbench.run("render", "shop/prod", folder="shop").stderr

    assert explained.strip() == shown[f"explain shop/prod deployment/web '{field}'"]
    assert report.strip() == shown["render shop/prod"] or report.strip() in text
    assert "\n".join(rendered.splitlines()[-9:]) in text
