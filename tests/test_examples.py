"""The examples: what is committed is what they render to, and every value of it is explained."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path
from typing import Final

import pytest
from workbench import EXAMPLES, PROJECT, Workbench

from kusion_render.assembly import assemble
from kusion_render.delivery.ownership import OWNERSHIP_FILE, parse, serialise
from kusion_render.diagnostics import Diagnostics
from kusion_render.document import leaves
from kusion_render.explain import explain
from kusion_render.origins import Token
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_stack
from kusion_render.repository import Files, Repository, select
from kusion_render.tracing import Trace


def files(folder: Path) -> set[str]:
    """Return the files below a folder, by path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("example", EXAMPLES)
def test_committed_output_is_what_renders(example: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An example's folder `rendered` holds what its stacks render to, byte for byte."""
    committed = example / "rendered"
    Workbench(example).render("--output", str(tmp_path / "out"))
    for path in (tmp_path / "out").rglob(OWNERSHIP_FILE):
        # Its receipt changes with the program.
        path.write_bytes(serialise(parse(path.read_bytes())))
    if request.config.getoption("--update-golden"):
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(tmp_path / "out", committed)

    assert files(committed) == files(tmp_path / "out")
    _, different, unread = filecmp.cmpfiles(committed, tmp_path / "out", sorted(files(committed)), shallow=False)
    assert ([], []) == (different, unread)


# What modules decide alone: the rest of an example's output must come from its files.
DECIDED_BY_MODULES: Final = {"apiVersion", "kind", "protocol", "path", "pathType"}
# What stands for itself in objects that the smaller examples do not have, by the field and what it is in.
DECIDED_IN: Final = {
    "accessModes",  # of claims that say none
    "annotations/checksum/config",  # the hash of what another app's ConfigMap holds
    "annotations/prometheus.io/scheme",
    "annotations/prometheus.io/scrape",
    "emptyDir",
    "endpoints/interval",
    "endpoints/scheme",
    "endpoints/scrapeTimeout",
    "metrics/type",
    "policyTypes",
    "port/name",  # the only one that the hosts can go to
    "ports/name",
    "resource/name",
    "roleRef/apiGroup",
    "rules/apiGroups",
    "spec/refreshInterval",
    "spec/restartPolicy",
    "target/type",
    "volumeMounts/readOnly",
}
# What Kusion gives the database beside an app.
DECIDED_OF_DATABASES: Final = {
    "ports/containerPort",
    "ports/port",
    "ports/targetPort",
    "requests/storage",
    "secretKeyRef/key",
    "spec/clusterIP",
    "stringData/username",
}
# Kusion's own words, where it writes them out.
DECIDED_AS_KUSION: Final = {"immutable", "mountPath", "name", "restartPolicy", "scheme", "type"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_value_is_explained(example: Path) -> None:
    """Each leaf of each object comes from a line of an input or of a workspace, or from a module that is known for it."""
    found = Diagnostics()
    repository = Repository(Files(str(example)), found)
    kusion = repository.settings.get("compatibility") == "kusion"
    decided = DECIDED_BY_MODULES | DECIDED_AS_KUSION if kusion else DECIDED_BY_MODULES
    explained = 0
    for target in select(repository, [], found):
        compilation = compile_stack(repository, target, Options(), found)
        for resource in compilation.resources:
            told = {each.pointer: each for each in explain(repository, compilation, resource)}

            assert {pointer for pointer, _ in leaves(resource.attributes)} == set(told)
            for pointer, each in told.items():
                if each.kind == "module":
                    steps = [step for step in pointer if isinstance(step, str)]
                    named = {pointer[-1]} & decided or {steps[-1], "/".join(steps[-2:])} & (
                        DECIDED_IN | DECIDED_OF_DATABASES
                    )
                    assert named, (resource.id, pointer)
                else:
                    assert each.origins[-1].span is not None, (resource.id, pointer)
                    assert (example / each.origins[-1].span.file).is_file()
                explained += 1
    assert explained > 50
    # `plain` has no order of phases; a password that is made of names stands in Git; manifests hold nothing of a cloud,
    # nor what Kusion fetches.
    assert {"KR401", "KR320", "KR353", "KR364"} >= {each.rule.code for each in found.items}


def test_a_value_names_its_winner_and_its_losers(tmp_path: Path) -> None:
    """The workspace's default lost, the stack's own file won; a registry that rewrites an image is named too."""
    # A copy, so that no commit of this repository stands behind a line.
    bench = Workbench(Path(shutil.copytree(PROJECT / "examples/online-boutique", tmp_path / "online-boutique")))
    replicas = bench.run("explain", "online-boutique/prod", "deployment/frontend", "spec.replicas").stdout
    image = bench.run(
        "explain", "online-boutique/prod", "deployment/frontend", "spec.template.spec.containers[0].image"
    ).stdout

    assert [
        ["spec.replicas", "=", "4"],
        ["workspaces/prod.yaml:10:19", "2", "module", "service,", "default", "overridden"],
        [">", "boutique/prod/app.yaml:6:15", "4"],
    ] == [line.split() for line in replicas.splitlines()]
    assert image.splitlines()[1].startswith("  > boutique/base/app.yaml:32:16 ")
    assert image.splitlines()[2].endswith("changes it too")


def test_hello_is_what_init_writes(tmp_path: Path) -> None:
    """The smallest example and a new repository are the same files."""
    Workbench(tmp_path).run("init", "hello")
    example = PROJECT / "examples/hello"
    written = files(tmp_path / "hello")

    assert {name for name in files(example) if not name.startswith("rendered/")} == written
    for name in written:
        assert (example / name).read_text(encoding="utf-8") == (tmp_path / "hello" / name).read_text(encoding="utf-8")


def values(data: object) -> object:
    """Return merged tokens as the values they stand for."""
    if isinstance(data, Token):
        return data.value
    if isinstance(data, dict):
        return {key: values(value) for key, value in data.items()}
    return [values(item) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_traced_merge_equals_the_untraced(example: Path) -> None:
    """Tokens in the place of scalars change nothing about what merging makes of them."""
    found = Diagnostics()
    repository = Repository(Files(str(example)), found)
    targets = select(repository, [], found)
    for target in targets:
        source = compile_stack(repository, target, Options(), found).source
        assert source is not None

        assert assemble(source.sources) == values(Trace(repository, source).merged)
    assert targets
