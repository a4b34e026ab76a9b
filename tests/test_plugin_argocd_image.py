"""The image of Argo CD's sidecar: what the Dockerfile says, and what its steps give on this machine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workbench import PROJECT, Run, Workbench

PLUGIN: Final = PROJECT / "plugins/argocd"


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and digests of a requirements file by package, and check that it holds nothing else."""
    found = {}
    lines = (PLUGIN / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        package, *options = line.split()
        project, version = package.split("==")
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), line
        found[canonicalize_name(project)] = (version, options)
    return found


def test_every_package_of_the_image_is_pinned_by_digest() -> None:
    """The requirements of pyproject.toml, and all that they require, each in a version that they allow."""
    pinned = {**pins("requirements.txt"), **pins("requirements-kcl.txt")}
    asked = [Requirement(each) for each in requires("kusion-render") or []]
    seen = set()
    while asked:
        requirement = asked.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": each}) for each in ("", "kcl")):
            continue
        name = canonicalize_name(requirement.name)
        version, digests = pinned.get(name, ("", []))
        assert digests, f"{name}: run `make requirements`"
        assert requirement.specifier.contains(version), f"{requirement}: run `make requirements`"
        if name not in seen:
            seen.add(name)
            asked += [Requirement(each) for each in requires(name) or []]

    assert {"click", "pyyaml", "jsonschema"} <= seen
    assert {"kcl-lib", "protobuf"} == set(pins("requirements-kcl.txt"))
    assert {"setuptools"} == set(pins("requirements-build.txt"))


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and their arguments."""
    text = (PLUGIN / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def test_the_image_s_base_is_one_version() -> None:
    """The base is an argument with a whole version and no registry; nothing else comes from outside but wheels."""
    found = instructions()
    base, *others = (rest for word, rest in found if word == "ARG")

    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+", base)
    assert ["KCL="] == others
    assert ["${PYTHON_IMAGE} AS build", "scratch"] == [rest for word, rest in found if word == "FROM"]
    assert "ADD" not in dict(found)
    for word, rest in found:
        if word == "RUN":
            assert not re.search(r"\b(curl|wget|apt-get|apt|git)\b|://", rest), rest
            assert "install" not in rest.split() or "--require-hashes" in rest or "--no-index" in rest, rest


def test_the_final_stage_runs_nothing_but_the_program() -> None:
    """User 999, no step that needs a shell, and programs as lists."""
    found = instructions()
    final = found[found.index(("FROM", "scratch")) + 1 :]
    last = dict(final)

    assert {"COPY", "ENV", "USER", "ENTRYPOINT", "CMD"} == set(last)
    assert "999:999" == last["USER"]
    assert ["/opt/kusion-render/bin/kusion-render"] == json.loads(last["ENTRYPOINT"])
    assert ["--help"] == json.loads(last["CMD"])
    assert {"PYTHONDONTWRITEBYTECODE=1", "PYTHONSAFEPATH=1", "PATH=/opt/kusion-render/bin"} <= set(last["ENV"].split())


def test_docker_is_sent_what_it_copies() -> None:
    """Every copied path exists, and the ignore file lets it, and nothing more, through."""
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    lines = (PLUGIN / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert [] == [source for source in sorted(copied) if not (PROJECT / source).exists()]
    assert ("*", "**/__pycache__") == (rules[0], rules[-1])
    assert copied == {rule.removeprefix("!") for rule in rules[1:-1]}


LAUNCHER: Final = "import sys\nfrom kusion_render.__main__ import main\nsys.exit(main())\n"


def test_it_renders_from_a_read_only_tree_by_its_bytecode(workbench: Workbench, tmp_path: Path) -> None:
    """Compiled as in the image, it never looks at sources or times, writes nothing, and imports nothing of the repository.

    The sources are spoilt after compiling: whoever read them would fail. The repository holds modules named as ours.
    """
    library = tmp_path / "installed"
    for name in ("kusion_render", "yaml", "_yaml"):
        origin = find_spec(name)
        assert origin is not None
        assert origin.origin is not None
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(origin.origin).parent, library / name, ignore=ignore)
    compiler = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(library)]
    subprocess.run(compiler, check=True)
    for path in [*library.rglob("*.py")]:
        path.write_text("raise SystemExit('a source was read')\n", encoding="utf-8")
        os.utime(path, (0, 0))
    (tmp_path / "launcher.py").write_text(LAUNCHER, encoding="utf-8")
    workbench.app(
        "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n",
        **{f"shop/dev/{name}.py": "raise SystemExit('the repository was run')\n" for name in ("yaml", "sitecustomize")},
    )
    for path in [*library.rglob("*"), library]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(str(path) for path in library.rglob("*"))

    env = {"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
    run = Run(
        subprocess.run(
            [sys.executable, "-S", str(tmp_path / "launcher.py"), "argocd", "generate"],
            cwd=tmp_path / "shop/dev",
            env={**env, "ARGOCD_APP_SOURCE_PATH": "shop/dev"},
            capture_output=True,
            check=False,
        )
    )

    assert (0, "") == (run.exit_code, run.stderr)
    assert "web" == run.manifest("Deployment")["metadata"]["name"]
    assert before == sorted(str(path) for path in library.rglob("*"))


class ImageBuild:
    """The Dockerfile's steps on this machine, its absolute folders below another one."""

    def __init__(self, root: Path, arguments: dict[str, str]) -> None:
        self.root: Final = root
        self.arguments: Final = arguments
        self.image: Final = root / "image"
        self.python: Final = root / "python"
        subprocess.run([sys.executable, "-m", "venv", str(self.python)], check=True)

    def path(self, text: str) -> str:
        """Return a text with the folders of the build stage below ours, and `python3` as ours."""
        moved = re.sub(r"(?<![\w/.])/(?=source|image|opt/kusion-render)", f"{self.root}/", text)
        return re.sub(r"^python3\b", shlex.quote(f"{self.python}/bin/python3"), moved)

    def build(self) -> None:
        """Take all steps of the first stage."""
        steps = instructions()
        for word, rest in steps[: steps.index(("FROM", "scratch"))]:
            if word == "COPY":
                *sources, target = rest.split()
                self.copy(sources, Path(self.path(target)))
            elif word == "RUN":
                self.run(rest)
            elif word == "ARG":
                self.arguments.setdefault(*rest.split("=", 1))

    def copy(self, sources: list[str], target: Path) -> None:
        """Copy as Docker does: files into a folder, a folder's content into one."""
        target.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if (PROJECT / source).is_dir():
                shutil.copytree(
                    PROJECT / source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(PROJECT / source, target)

    def run(self, line: str) -> None:
        """Run one step."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            ["sh", "-ec", self.path(line)],
            cwd=self.root / "source",
            env={**env, **self.arguments},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    def start(self, *arguments: str, folder: str, env: dict[str, str]) -> Run:
        """Run the program with the image as its root, as user 999."""

        def enter() -> None:
            os.chroot(self.image)
            os.chdir(folder)
            os.setgroups([])
            os.setgid(999)
            os.setuid(999)

        settings = dict(each.split("=") for word, rest in instructions() if word == "ENV" for each in rest.split())
        command = [self.path("/opt/kusion-render/bin/kusion-render"), *arguments]
        return Run(subprocess.run(command, env={**settings, **env}, preexec_fn=enter, capture_output=True, check=False))


KCL: Final = """\
import kam.v1.app_configuration as ac
import service
import service.container as c

web: ac.AppConfiguration {
    workload: service.Service {containers: {web: c.Container {image: "registry.example/web:1.0.0"}}}
}
"""


@pytest.mark.integration
@pytest.mark.parametrize("kcl", [False, True], ids=["yaml", "kcl"])
def test_the_dockerfile_s_steps_give_an_image_that_renders(tmp_path: Path, *, kcl: bool) -> None:
    """What the steps put into the image renders as user 999 with nothing else there, and holds no shell.

    The steps fetch the pinned packages, so `make integration` alone runs them.
    """
    if not os.environ.get("KR_REQUIRE_TOOLS"):
        pytest.skip("needs the package index")
    if os.geteuid() != 0:
        pytest.skip("needs root, to change the root folder")
    build = ImageBuild(tmp_path, {"KCL": "1"} if kcl else {})
    build.build()
    # Every container has it.
    (build.image / "dev").mkdir()
    os.mknod(build.image / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (build.image / "dev/null").chmod(0o666)
    repository = build.image / "tmp/_cmp_server/1"
    Workbench(repository).app(
        "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n",
        **{"shop/dev/yaml.py": "raise SystemExit('the repository was run')\n"},
        **{"shop/kcl/stack.yaml": "name: kcl\n", "shop/kcl/main.k": KCL},
    )
    before = sorted(str(path) for path in build.image.rglob("*"))

    env = {"ARGOCD_APP_SOURCE_PATH": "shop/dev"}
    folder = f"/{repository.relative_to(build.image)}/shop/dev"
    good = build.start("argocd", "generate", folder=folder, env=env)
    (repository / "shop/dev/app.yaml").write_text("web: {workload: {replica: 1}}\n")
    bad = build.start("argocd", "generate", folder=folder, env=env)

    kcl_folder = folder.replace("dev", "kcl")
    other = build.start("argocd", "generate", folder=kcl_folder, env={"ARGOCD_APP_SOURCE_PATH": "shop/kcl"})

    assert (0, "") == (good.exit_code, good.stderr)
    assert "web" == good.manifest("Deployment")["metadata"]["name"]
    if kcl:
        assert (0, "") == (other.exit_code, other.stderr)
        assert "web" == other.manifest("Deployment")["metadata"]["name"]
    else:
        assert (1, "") == (other.exit_code, other.stdout)
        assert "help: install `kusion-render[kcl]`" in other.stderr
    assert (1, "") == (bad.exit_code, bad.stdout)
    assert bad.stderr.startswith("shop/dev/app.yaml:1:")
    assert before == sorted(str(path) for path in build.image.rglob("*"))
    names = {path.name for path in build.image.rglob("*") if path.is_file()}
    assert set() == names & {"sh", "bash", "dash", "busybox", "apt", "dpkg", "git", "pip", "openssl", "perl"}
    assert [] == [name for name in names if name.startswith(("libssl", "libcrypto"))]
    sources = [path for path in build.image.rglob("*.py") if repository not in path.parents]
    assert [] == [path for path in sources if not list(path.parent.glob(f"__pycache__/{path.stem}.*"))]
