"""Shards: parts of a repository for several jobs, together all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kusion_render.diagnostics import UsageError
from kusion_render.model import Project, Stack
from kusion_render.repository import Target, shard

if TYPE_CHECKING:
    from workbench import Workbench


def keys_of(bench: Workbench, *arguments: str) -> list[str]:
    """Return the stacks that `inputs` lists."""
    run = bench.run("inputs", "--format", "json", *arguments)
    assert run.exit_code == 0, run.stderr
    return [each["stack"] for each in json.loads(run.stdout)["stacks"]]


def stacks_of(count: int) -> list[Target]:
    """Return targets of that many stacks."""
    project = Project("shop", "shop", "shop/project.yaml", {})
    return [Target(Stack(f"s{at}", project, f"s{at}", f"s{at}/stack.yaml", {}, [""]), "") for at in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 500])
def test_shards_part_all_stacks(count: int) -> None:
    """Each target is in exactly one of them, in order; none is much larger than the others."""
    targets = stacks_of(200)
    parts = [[each.key for each in shard(targets, f"{number}/{count}")] for number in range(1, count + 1)]
    keys = [each.key for each in targets]

    assert sorted(keys) == sorted(key for part in parts for key in part)
    assert all(part == [key for key in keys if key in part] for part in parts)
    assert max(map(len, parts)) <= max(2 * len(keys) / count, 8)


def test_other_stacks_move_none_to_another_shard() -> None:
    """A shard depends on the names of its own."""
    few, many = ([each.key for each in shard(stacks_of(count), "2/3")] for count in (50, 90))

    assert few == [key for key in many if int(key.removeprefix("shop/s")) < 50]


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/", "/2", " 1/2", "1.0/2", "٢/٤", "1/1e9"]
)
def test_a_shard_that_is_none(text: str) -> None:
    """It is wrong usage, with the form to write."""
    with pytest.raises(UsageError, match=r"I/N|the first of"):
        shard([], text)


def test_shards_of_a_repository(workbench: Workbench) -> None:
    """`render`, `validate`, `check` and `inputs` take them; other stacks' folders are left alone."""
    app = "web: {workload: {containers: {web: {image: a}}}}\n"
    workbench.write({"kusion-render.yaml": "compatibility: native\n", "shop/project.yaml": "name: shop\n"})
    workbench.write(
        {
            f"shop/s{at}/{name}": text
            for at in range(9)
            for name, text in (("stack.yaml", f"name: s{at}"), ("app.yaml", app))
        }
    )
    parts = [keys_of(workbench, "--shard", f"{at}/3") for at in (1, 2, 3)]

    assert sorted(keys_of(workbench)) == sorted(key for part in parts for key in part)
    assert all(parts)
    for at, part in enumerate(parts, 1):
        count = f"{len(part)} stack{'s' if len(part) > 1 else ''}: {len(part)} files written"
        assert count in workbench.render("--output", "out", "--shard", f"{at}/3").stderr
        found = json.loads(workbench.run("validate", "--format", "json", "--shard", f"{at}/3").stdout)["diagnostics"]
        assert set(part) == {key for each in found for key in each["stacks"]}
        assert f"{len(part)} folder" in workbench.run("check", "--output", "out", "--shard", f"{at}/3").stderr
    assert 0 == workbench.run("check", "--output", "out").exit_code
    assert 2 == workbench.run("check", "--output", "out", "--shard", "4/3").exit_code
