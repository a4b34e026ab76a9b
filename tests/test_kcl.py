"""Stacks in KCL, by the real evaluator: what they render to, what is refused, and where problems are shown."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from sources import Sources
from workbench import NEEDS_KCL, PROJECT, Workbench

from kusion_render.kcl import PACKAGES, Evaluator, Failure, package_folder
from kusion_render.kcl.builtin import FOLDER
from kusion_render.schema.truth import load, names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = NEEDS_KCL

IMPORTS: Final = """\
import kam.v1.app_configuration as ac
import service
import service.container as c
"""
WEB: Final = """\
web: ac.AppConfiguration {
    workload: service.Service {
        containers: {
            main: c.Container {
                image = "registry.example/web:1"
            }
        }
    }
}
"""
MAIN: Final = IMPORTS + WEB
MOD: Final = '[package]\nname = "dev"\n'


@pytest.fixture
def shop(workbench: Workbench) -> Workbench:
    """A repository with one stack in KCL, `shop/dev`."""
    return workbench.write(
        {
            "kusion-render.yaml": "",
            "shop/project.yaml": "name: shop\n",
            "shop/dev/stack.yaml": "name: dev\n",
            "shop/dev/main.k": MAIN,
        }
    )


# Lists the processes that this one has started.
CHILDREN: Final = Path(f"/proc/self/task/{os.getpid()}/children")


@pytest.fixture
def evaluator() -> Iterator[Evaluator]:
    """An evaluator with tight bounds."""
    made = Evaluator(seconds=2, memory=256 << 20, output=1 << 20)
    made.begin()
    yield made
    made.close()


def images(shop: Workbench, *arguments: str) -> list[str]:
    """Render, and return the images of all containers."""
    found = []
    for each in shop.render("shop/dev", *arguments).manifests:
        pod = each.get("spec", {}).get("template", {}).get("spec", {})
        found += [container["image"] for container in pod.get("containers", ())]
    return found


def evaluate(evaluator: Evaluator, folder: Path, code: str) -> object:
    """Run one file with our own packages; return its result, or its complaints as texts."""
    packages = {name: package_folder(name) for name in PACKAGES}
    outcome = evaluator.run(str(folder), {str(folder / "main.k"): code}, packages, {})
    if outcome.complaints:
        return [said.message for each in outcome.complaints for said in (each, *each.related)]
    return json.loads(outcome.result)


# What renders.


def test_a_stack_renders_as_it_stands(shop: Workbench) -> None:
    """`main.k` alone is a program; its project is one of Kusion's without anybody saying so."""
    run = shop.render("shop/dev")

    assert (
        "registry.example/web:1"
        == run.manifest("Deployment", "shop-dev-web")["spec"]["template"]["spec"]["containers"][0]["image"]
    )
    assert "shop" == run.manifest("Namespace")["metadata"]["name"]


def test_entries_are_one_program_in_their_order(shop: Workbench) -> None:
    """`[profile] entries` of kcl.mod name the files; later ones refine earlier ones."""
    shop.write(
        {
            "shop/base/base.k": MAIN,
            "shop/dev/kcl.mod": MOD + '[profile]\nentries = ["../base/base.k", "main.k"]\n',
            "shop/dev/main.k": IMPORTS
            + 'web: ac.AppConfiguration {workload.containers.main.image = "registry.example/web:2"}\n',
        }
    )

    assert ["registry.example/web:2"] == images(shop)


def test_an_entry_may_be_a_folder(shop: Workbench) -> None:
    """A folder is its files, by name; tests and what begins with `_` are none of them."""
    image = 'web: ac.AppConfiguration {workload.containers.main.image = "registry.example/web:%d"}\n'
    shop.write(
        {
            "shop/base/a.k": MAIN,
            "shop/base/b.k": IMPORTS + image % 2,
            "shop/base/b_test.k": "this is no KCL",
            "shop/base/_c.k": "this is no KCL",
            "shop/dev/kcl.mod": MOD + '[profile]\nentries = ["../base", "main.k", "."]\n',
            "shop/dev/main.k": IMPORTS + image % 3,
        }
    )

    assert ["registry.example/web:3"] == images(shop)


def test_without_main_it_is_the_folder(shop: Workbench) -> None:
    """Where nobody says entries and there is no `main.k`, all of the folder is the program, as for KCL."""
    (shop.root / "shop/dev/main.k").unlink()
    shop.write({"shop/dev/kcl.mod": MOD, "shop/dev/example.k": MAIN})

    assert ["registry.example/web:1"] == images(shop)


@pytest.mark.parametrize(
    ("entry", "said"),
    [("nowhere", "error[KR110]"), ("../../..", "error[KR111]"), ("/etc", "error[KR111]"), ("empty", "error[KR1")],
)
def test_an_entry_without_a_program_is_said(shop: Workbench, entry: str, said: str) -> None:
    """A folder that is not there, is outside, or has no program."""
    shop.write({"shop/dev/kcl.mod": MOD + f'[profile]\nentries = ["{entry}"]\n', "shop/dev/empty/a.txt": ""})

    assert said in shop.fail()


def test_an_app_may_hide_a_package(shop: Workbench) -> None:
    """KCL sees the app alone, where it is called as a package; the help says what to do."""
    accessory = 'accessories.model: inference.Inference {model = "llama3", framework = "Ollama"}'
    code = "import inference.v1.inference\n" + MAIN.replace("web: ac", "inference: ac")
    shop.write({"shop/dev/main.k": code + f"inference: ac.AppConfiguration {{{accessory}}}\n"})

    assert "help: `inference` is an app and a package here; give the package a name: `import inf" in shop.fail()


def test_overrides_are_laid_over_the_program(shop: Workbench) -> None:
    """`[profile] overrides` are KCL's own, with plain values."""
    said = r'["web.workload.containers.main.image=\"registry.example/web:9\"", "web.workload.replicas=4"]'
    shop.write({"shop/dev/kcl.mod": MOD + f"[profile]\noverrides = {said}\n"})

    assert ["registry.example/web:9"] == images(shop)


@pytest.mark.parametrize(
    "override",
    [
        "web.workload.replicas=datetime.now()",
        'web.labels.a=\\"${datetime.now()}\\"',
        "web.workload.replicas",
        "import file",
        "",
        "web.a = lambda {1}",
    ],
)
def test_overrides_compute_nothing(shop: Workbench, override: str) -> None:
    """What computes could ask the clock, unseen by those who look for it in the program."""
    shop.write({"shop/dev/kcl.mod": MOD + f'[profile]\noverrides = ["{override}"]\n'})

    assert "shop/dev/kcl.mod:" in shop.fail()


def test_entries_of_stack_yaml_count_first(shop: Workbench) -> None:
    """What stack.yaml lists is the program, whatever kcl.mod says."""
    shop.write(
        {
            "shop/dev/stack.yaml": "name: dev\nentries: [../common.k, main.k]\n",
            "shop/common.k": MAIN,
            "shop/dev/kcl.mod": MOD + '[profile]\nentries = ["nowhere.k"]\n',
            "shop/dev/main.k": "import kam.v1.app_configuration as ac\nweb: ac.AppConfiguration {labels = {}}\n",
        }
    )

    assert ["registry.example/web:1"] == images(shop)


def test_a_base_counts_only_where_it_is_named(shop: Workbench) -> None:
    """KCL of a project's base/ is no layer by itself."""
    shop.write({"shop/base/main.k": "this is no KCL"})

    assert ["registry.example/web:1"] == images(shop)


def test_the_evaluated_form_in_yaml_renders_the_same(shop: Workbench, evaluator: Evaluator, tmp_path: Path) -> None:
    """What a program evaluates to, `_type` included, may stand in app.yaml instead."""
    expected = shop.render("shop/dev").stdout
    other = tmp_path / "evaluated"
    other.mkdir()
    apps = evaluate(evaluator, other, MAIN)
    (shop.root / "shop/dev/main.k").unlink()
    shop.write({"shop/dev/app.yaml": yaml.safe_dump(apps)})

    assert expected == shop.render("shop/dev").stdout
    assert isinstance(apps, dict)
    assert "kam.v1.app_configuration.AppConfiguration" == apps["web"]["_type"]
    assert "service.container.Container" == apps["web"]["workload"]["containers"]["main"]["_type"]


def test_dependencies_need_no_network(shop: Workbench) -> None:
    """Kusion's packages are at hand whatever kcl.mod says of where they come from; the lock file is an input."""
    shop.write(
        {
            "shop/dev/kcl.mod": MOD
            + '[dependencies]\nkam = {git = "https://git.example/kam.git", tag = "0.2.2"}\n'
            + 'service = {oci = "oci://registry.example/service", tag = "0.2.1"}\nnetwork = "0.3.0"\n',
            "shop/dev/kcl.mod.lock": "",
        }
    )

    assert ["registry.example/web:1"] == images(shop)
    inputs = shop.run("inputs", "shop/dev").stdout.splitlines()
    assert {"shop/dev/kcl.mod", "shop/dev/kcl.mod.lock", "shop/dev/main.k"} <= set(inputs)


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"shop/dev/lib/v.k": 'tag = "7"'}, "lib"),
        ({"shop/dev/lib/v.k": 'tag = "7"'}, ".lib"),
        ({"shop/dev/lib.k": 'tag = "7"'}, "lib"),
        ({"shop/dev/vendor/lib_0.1.0/v.k": 'tag = "7"'}, "lib"),
        ({"kcl.mod": "", "vendor/lib/v.k": 'tag = "7"'}, "lib"),
        ({"kcl.mod": "", "common/lib/v.k": 'tag = "7"'}, "common.lib"),
        ({"kcl.mod": "", "shop/lib/v.k": 'tag = "7"'}, "..lib"),
        ({"shop/dev/vendor/configs/v.k": 'tag = "7"'}, "configs"),
        ({"shop/dev/kcl.mod": '[dependencies]\nlib = {path = "../../common"}', "common/v.k": 'tag = "7"'}, "lib"),
        ({"shop/dev/kcl.mod": '[dependencies]\nlib = {path = "../../common"}', "common/in/v.k": 'tag = "7"'}, "lib.in"),
        ({"shop/dev/lib/v.k": "import .deep\ntag = deep.tag", "shop/dev/lib/deep/v.k": 'tag = "7"'}, "lib"),
    ],
)
def test_packages_of_the_repository(shop: Workbench, files: dict[str, str], path: str) -> None:
    """Imports lead beside the file, below the nearest kcl.mod, to dependencies by path, and to vendored packages."""
    shop.write({**files, "shop/dev/main.k": f"import {path} as lib\n" + MAIN.replace('web:1"', 'web:${lib.tag}"')})

    assert ["registry.example/web:7"] == images(shop)
    read = set(shop.run("inputs", "shop/dev").stdout.splitlines())
    assert {file for file in files if file.endswith((".k", "kcl.mod"))} <= read


def test_files_for_tests_are_no_part_of_a_package(shop: Workbench) -> None:
    """As for KCL itself, files that end with `_test.k` or begin with `_` don't count."""
    shop.write(
        {
            "shop/dev/lib/v.k": 'tag = "7"',
            "shop/dev/lib/v_test.k": "import file",
            "shop/dev/lib/_draft.k": "this is no KCL",
            "shop/dev/main.k": "import lib\n" + MAIN.replace('web:1"', 'web:${lib.tag}"'),
        }
    )

    assert ["registry.example/web:7"] == images(shop)


def test_options_are_answered_by_arguments(shop: Workbench) -> None:
    """`-D` wins over kcl.mod, kcl.mod over the default that the program gives."""
    shop.write({"shop/dev/main.k": MAIN.replace('1"', '" + option("tag", default="none")')})
    assert ["registry.example/web:none"] == images(shop)

    shop.write({"shop/dev/kcl.mod": MOD + '[profile]\noptions = ["tag=mod"]\n'})
    assert ["registry.example/web:mod"] == images(shop)
    assert ["registry.example/web:said"] == images(shop, "-D", "tag=said")
    assert 0 == shop.run("validate", "shop/dev", "-D", "tag=said").exit_code
    assert "web:said" in shop.run("explain", "shop/dev", "deployment/shop-dev-web", "-D", "tag=said").stdout


def test_commands_on_revisions_and_the_plug_in_answer_too(tmp_path: Path) -> None:
    """`diff` and `affected` take `-D`, the plug-in a parameter: without an answer, the program has none to go on with."""
    sources = Sources.begin(tmp_path)
    for name in ("dev", "prod"):
        (sources.root / f"shop/{name}/app.yaml").unlink()
    program = MAIN.replace('1"', '" + option("tag")')
    sources.save({"shop/dev/main.k": program, "shop/prod/main.k": program})
    sources.write({"shop/dev/main.k": program.replace("registry.example/web", "registry.example/other")})
    parameters = json.dumps([{"name": "arguments", "map": {"tag": "new"}}])
    environment = {"ARGOCD_APP_SOURCE_PATH": "shop/dev", "ARGOCD_APP_PARAMETERS": parameters}

    diff = sources.run("diff", "-D", "tag=new")
    affected = sources.run("affected", "-D", "tag=new")
    generated = sources.run("argocd", "generate", folder="shop/dev", env=environment)

    assert "registry.example/web:new → registry.example/other:new" in diff.stdout, diff.stdout + diff.stderr
    assert "shop/dev" in affected.stdout
    assert "image: registry.example/other:new" in generated.stdout, generated.stderr
    environment["ARGOCD_APP_PARAMETERS"] = json.dumps([{"name": "arguments", "array": ["tag"]}])
    assert "-D tag: write NAME=VALUE" in sources.run("argocd", "generate", folder="shop/dev", env=environment).stderr


def test_an_argument_that_nobody_asks_for_is_told(shop: Workbench) -> None:
    """A misspelt `-D` warns, with the nearest option; a stack in YAML asks for none."""
    shop.write({"shop/dev/main.k": MAIN.replace('1"', '" + str(option("version", default="1"))')})
    report = shop.run("render", "shop/dev", "-D", "verison=2").stderr

    assert "warning[KR138]: -D verison: the program does not ask for option `verison`" in report
    assert "help: did you mean `version`?" in report
    assert 2 == shop.run("render", "shop/dev", "-D", "version").exit_code
    assert 2 == shop.run("render", "shop/dev", "-D", "version=1", "-D", "version=2").exit_code

    (shop.root / "shop/dev/main.k").unlink()
    shop.write({"shop/dev/app.yaml": "web: {workload: {containers: {main: {image: 'registry.example/web:1'}}}}"})
    assert "KR138" in shop.run("render", "shop/dev", "-D", "version=2").stderr


def test_references_of_ours_are_none_in_kcl(shop: Workbench) -> None:
    """`${{` in an evaluated text stays what it is, beside references of a workspace."""
    shop.write(
        {
            "shop/dev/main.k": MAIN.replace('web:1"', 'web:1"\n                env: {"A" = "$" + "{{ github.ref }}"}'),
            "shop/dev/stack.yaml": "name: dev\nworkspace: dev\n",
            "workspaces/dev.yaml": "modules: {service: {configs: {default: {labels: {env: '${{ stack.name }}'}}}}}",
        }
    )
    deployment = shop.render("shop/dev").manifest("Deployment")

    assert "dev" == deployment["metadata"]["labels"]["env"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert [{"name": "A", "value": "${{ github.ref }}"}] == container["env"]


def test_many_stacks_share_one_evaluator_or_each_process_has_its_own(shop: Workbench) -> None:
    """With and without `--jobs` the output is the same, and one bad stack does not spoil the next."""
    for number in range(6):
        shop.write(
            {
                f"shop/s{number}/stack.yaml": f"name: s{number}\nworkspace: w{number}\n",
                f"workspaces/w{number}.yaml": "{}",
                f"shop/s{number}/main.k": MAIN.replace("web:1", f"web:{number}"),
            }
        )
    assert shop.render().stdout == shop.render("--jobs", "3").stdout

    shop.write({"shop/s2/main.k": "schema A:\n    n: int\n    c: A = A {n = n + 1}\na = A {n = 1}\n"})
    report = shop.fail()
    assert 1 == report.count("error[")
    assert "shop/s2/main.k:1:1: error[KR136]" in report


def test_a_line_of_kcl_is_named(shop: Workbench) -> None:
    """`explain` and the checks of what is made lead to lines of `.k` files, through private variables too."""
    shop.write(
        {
            "shop/base/base.k": MAIN,
            "shop/dev/stack.yaml": "name: dev\nentries: [../base/base.k, main.k]\n",
            "shop/dev/main.k": """\
                import kam.v1.app_configuration as ac

                _labels = {
                    "a b!" = "x"
                }
                web: ac.AppConfiguration {
                    workload: {
                        replicas = 3
                        labels: _labels
                    }
                }
                """,
        }
    )
    report = shop.fail()
    assert "shop/dev/main.k:4:14: error[KR311]" in report

    shop.write({"shop/dev/main.k": (shop.root / "shop/dev/main.k").read_text().replace("a b!", "ab")})
    name = "deployment/shop-dev-web"
    replicas = shop.run("explain", "shop/dev", name, "spec.replicas").stdout.splitlines()
    image = shop.run("explain", "shop/dev", name, "spec.template.spec.containers[0].image").stdout.splitlines()
    assert "  > shop/dev/main.k:8:20   3" == replicas[1]
    assert "  > shop/base/base.k:8:25   registry.example/web:1" == image[1]


def test_a_value_of_a_program_is_not_edited(shop: Workbench) -> None:
    """`set` changes YAML alone, and says so."""
    run = shop.run("set", "shop/dev", "web.workload.replicas=3")

    assert 1 == run.exit_code
    assert "error[KR554]" in run.stderr
    assert MAIN == (shop.root / "shop/dev/main.k").read_text(encoding="utf-8")


# What is wrong.


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop/dev/main.k": "a = {x = 1\n"}, "shop/dev/main.k:1:12: error[KR132]"),
        ({"shop/dev/main.k": b'a = "\xe9"\n'}, "shop/dev/main.k:1:1: error[KR132]: this is not UTF-8"),
        ({"shop/dev/main.k": MAIN.replace('"registry.example/web:1"', "5")}, "shop/dev/main.k:8:17: error[KR133]: expected str, got int"),
        ({"shop/dev/main.k": MAIN.replace("image =", "imag =")}, "error[KR133]: cannot add member `imag` to schema `Container`"),
        (
            {"shop/dev/main.k": MAIN.replace("containers:", "serviceAcount = True\n        containers:")},
            "help: did you mean `serviceName` or `serviceAccount`?",
        ),
        ({"shop/dev/main.k": MAIN + "b = nope\n"}, "shop/dev/main.k:13:5: error[KR133]: name `nope` is not defined"),
        (
            {"shop/dev/main.k": MAIN.replace('web:1"', 'web:1"\n                env = {"1a" = "b"}')},
            "error[KR133]: a check fails: a key of `env` must be a variable name",
        ),
        (
            {"shop/dev/main.k": MAIN + WEB.replace('image = "registry.example/web:1"', 'image: "registry.example/web:2"')},
            "shop/dev/main.k:17:24: error[KR133]: `image` is given two different values",
        ),
        ({"shop/dev/main.k": "[1]\n"}, "shop/dev/main.k:1:1: error[KR137]: the program makes no map of apps"),
        ({"shop/dev/main.k": ""}, "shop/dev/main.k:1:1: error[KR137]: the program makes no app"),
        ({"shop/dev/main.k": "a = 1\n"}, "shop/dev/main.k:1:5: error[KR201]: `a` must be a map"),
        ({"shop/dev/app.yaml": "web: {}"}, "shop/dev/main.k:1:1: error[KR130]: stack `shop/dev` mixes KCL and YAML"),
        ({"shop/base/app.yaml": "web: {}"}, "shop/dev/main.k:1:1: error[KR130]"),
        ({"shop/dev/kcl.mod": "[package\n"}, "shop/dev/kcl.mod:1:1: error[KR131]"),
        ({"shop/dev/kcl.mod": "[profile]\nentrys = []\n"}, "shop/dev/kcl.mod:2:1: error[KR131]: unknown key `entrys`"),
        ({"shop/dev/kcl.mod": "[profile]\nentries = 'main.k'\n"}, "shop/dev/kcl.mod:2:1: error[KR131]: `entries` must be a list"),
        ({"shop/dev/kcl.mod": '[profile]\nselectors = ["a"]\n'}, "shop/dev/kcl.mod:2:1: error[KR131]: `selectors`"),
        ({"shop/dev/kcl.mod": '[profile]\nentries = ["a\\u0000.k"]\n'}, "error[KR110]"),
        ({"shop/dev/main.k": "import main\n" + MAIN}, "shop/dev/main.k:1:1: error[KR133]: could not compile"),
        ({"shop/dev/kcl.mod": '[profile]\nentries = ["no.k"]\n'}, "shop/dev/kcl.mod:2:12: error[KR110]: `shop/dev/no.k` cannot be read"),
    ],
)  # fmt: skip
def test_a_problem_has_its_place(shop: Workbench, files: dict[str, str | bytes], expected: str) -> None:
    """Each error of a program names its line."""
    shop.write({name: text for name, text in files.items() if isinstance(text, bytes)})
    for name, text in files.items():
        if isinstance(text, str):
            (shop.root / name).parent.mkdir(parents=True, exist_ok=True)
            (shop.root / name).write_text(text, encoding="utf-8")

    assert expected in shop.fail("shop/dev")


def test_unknown_packages_are_told_all_at_once(shop: Workbench) -> None:
    """Each names the import, and what there is."""
    shop.write(
        {
            "shop/dev/main.k": "import servise\nimport service.containr\nimport konfig.models\nimport .lib\n" + MAIN,
            "shop/dev/kcl.mod": MOD + '[dependencies]\nkonfig = "0.1.0"\n',
        }
    )
    report = shop.fail()

    assert "shop/dev/main.k:1:8: error[KR134]: there is no package `servise`" in report
    assert "help: did you mean `service`?" in report
    assert "help: did you mean `service.container`?" in report
    assert "shop/dev/main.k:3:8: error[KR134]: there is no package `konfig.models` that is at hand" in report
    assert "vendor it below shop/dev/vendor/" in report
    assert "there must be a folder shop/dev/lib/ with `.k` files, or shop/dev/lib.k" in report


def test_an_option_without_a_value_is_named(shop: Workbench) -> None:
    """Where a program fails and asks for an option that nobody gives, that is the next step."""
    shop.write({"shop/dev/main.k": MAIN.replace('"registry.example/web:1"', '"web:" + option("tag")')})
    report = shop.fail()

    assert "note: option `tag` has no value\n  --> shop/dev/main.k:8:34" in report
    assert "help: say `-D tag=VALUE`" in report


def test_no_value_reaches_a_message(shop: Workbench) -> None:
    """What stands in a value may be a secret: types are named, not what they hold."""
    block = 'secrets: {t: s.Secret {type = "token", data: {token: %s}}}\n        containers: {'
    typed = MAIN.replace("containers: {", block % '["hunter2"]').replace(
        "import service\n", "import service\nimport service.secret as s\n"
    )
    shop.write({"shop/dev/main.k": typed})
    assert "hunter2" not in shop.fail()

    first = typed.replace('["hunter2"]', '"hunter2"')
    second = WEB.replace("containers: {", block % '"hunter3"')
    shop.write({"shop/dev/main.k": first + second})
    report = shop.fail()
    assert "hunter" not in report
    shop.write({"shop/dev/main.k": first.replace('"hunter2"', 'x "hunter2"')})
    assert "error[KR132]" in shop.fail()
    assert "got hunter" not in shop.fail()
    shop.write({"shop/dev/main.k": first + second})
    assert "error[KR133]: `token` is given two different values" in report
    assert "hunter" not in report


# What is refused.


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            'import file\na = file.read("/etc/hostname")',
            "1:8: error[KR135]: `import file` is refused: it reads and writes files",
        ),
        ("import .file", "1:8: error[KR135]"),
        ("import file as f", "1:8: error[KR135]"),
        ("if True:\n    import file", "2:12: error[KR135]"),
        ("import kcl_plugin.hello\na = hello.add(1, 2)", "1:8: error[KR135]: `import kcl_plugin.hello` is refused"),
        ("import manifests\nmanifests.yaml_stream([{}])", "1:8: error[KR135]"),
        ("import crypto\na = crypto.uuid()", "2:5: error[KR135]: `crypto.uuid` is refused"),
        ("import crypto as c\na = c.filesha256('/etc/passwd')", "2:5: error[KR135]: `crypto.filesha256`"),
        ("import crypto\n_f = crypto.uuid\na = _f()", "2:6: error[KR135]"),
        ('import crypto\na = "${crypto.uuid()}"', "2:8: error[KR135]"),
        ("import crypto\na = $crypto.uuid()", "2:5: error[KR135]"),
        ("import datetime\na = datetime.now()", "2:5: error[KR135]: `datetime.now` is refused: it asks the clock"),
        ("import datetime\na = datetime.today()", "2:5: error[KR135]"),
        ("import net\na = net.fqdn('x')", "2:5: error[KR135]: `net.fqdn` is refused: it asks the network"),
        ('import json\njson.dump_to_file({}, "/tmp/x")', "2:1: error[KR135]: `json.dump_to_file`"),
        ('import yaml\nyaml.dump_to_file({}, "/tmp/x")', "2:1: error[KR135]"),
        ("import http", "1:8: error[KR134]: there is no package `http`"),
        ("import ....etc", "1:8: error[KR111]"),
    ],
)
def test_the_world_is_out_of_reach(shop: Workbench, code: str, expected: str) -> None:
    """Files, network, clock, chance and plug-ins are refused, by whatever name."""
    shop.write({"shop/dev/main.k": f"{code}\n"})

    assert f"shop/dev/main.k:{expected}" in shop.fail()


def test_what_a_package_imports_is_looked_at_too(shop: Workbench) -> None:
    """Files of one package see each other's imports, so they are looked at together."""
    shop.write(
        {
            "shop/dev/main.k": "import lib\n" + MAIN,
            "shop/dev/lib/a.k": "import crypto as c\nimport .deep\n",
            "shop/dev/lib/b.k": "x = c.uuid()\n",
            "shop/dev/lib/deep/c.k": "import file\n",
        }
    )
    report = shop.fail()

    assert "shop/dev/lib/b.k:1:5: error[KR135]: `crypto.uuid`" in report
    assert "shop/dev/lib/deep/c.k:1:8: error[KR135]: `import file`" in report


def test_pure_functions_are_at_hand(shop: Workbench) -> None:
    """What depends on its arguments alone is allowed."""
    pure = 'import crypto\nimport json\nimport regex\nimport net\n_x = crypto.sha256("a")[:4] if regex.match("a", "a") else ""\n'
    shop.write({"shop/dev/main.k": pure + MAIN.replace('web:1"', 'web:${_x}"')})

    assert ["registry.example/web:ca97"] == images(shop)


@pytest.mark.parametrize("entry", ["/etc/passwd.k", "../../../outside.k", "link.k"])
def test_nothing_outside_is_read(shop: Workbench, tmp_path_factory: pytest.TempPathFactory, entry: str) -> None:
    """Entries, dependencies and links must stay inside the repository."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "v.k").write_text(MAIN, encoding="utf-8")
    (shop.root / "shop/dev/link.k").symlink_to(outside / "v.k")
    shop.write({"shop/dev/kcl.mod": MOD + f'[profile]\nentries = ["{entry}"]\n'})

    assert f'"{entry}"' in shop.fail()
    assert "shop/dev/kcl.mod:4:12: error[KR111]" in shop.fail()


@pytest.mark.parametrize("kind", ["dependency", "link", "vendor"])
def test_no_package_lies_outside(shop: Workbench, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    """A package by path, by a link, or vendored by a link, is refused with the line of its import."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "v.k").write_text("x = 1\n", encoding="utf-8")
    shop.write({"shop/dev/main.k": "import lib\n" + MAIN})
    if kind == "dependency":
        shop.write({"shop/dev/kcl.mod": MOD + f'[dependencies]\nlib = {{path = "{outside}"}}\n'})
    elif kind == "link":
        (shop.root / "shop/dev/lib").symlink_to(outside)
    else:
        (shop.root / "shop/dev/vendor").symlink_to(outside.parent)
        outside.rename(outside.parent / "lib")

    report = shop.fail()
    assert "shop/dev/main.k:1:8: error[KR111]" in report or "shop/dev/main.k:1:8: error[KR134]" in report


# Bounds.

ENDLESS: Final = "_x = [sum([i * j for i in range(100000)]) for j in range(100000)]\na = {x = sum(_x)}\n"


def test_a_program_without_end_is_killed(shop: Workbench) -> None:
    """After the time that the operator allows the child is killed, and the report says so; a repository may allow less."""
    shop.write({"shop/dev/main.k": ENDLESS, "kusion-render.yaml": "limits: {maxKclSeconds: 1}"})
    start = time.monotonic()

    assert "error[KR136]: the program takes longer than 1 seconds" in shop.fail()
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    "code",
    [
        "schema A:\n    n: int\n    c: A = A {n = n + 1}\na = A {n = 1}\n",
        "_f = lambda n: int -> int { _f(n + 1) }\na = {x = _f(1)}\n",
        "_x = [str(i) * 1000 for i in range(100000000)]\na = {x = len(_x)}\n",
        "a = " + "(" * 200_000 + "1" + ")" * 200_000 + "\n",
        "a = " + "{a = " * 20_000 + "1" + "}" * 20_000 + "\n",
        "a = " + "{a = " * 150 + "1" + "}" * 150 + "\n",
        'a = {x = "y" * 50000000}\n',
    ],
    ids=["schema", "function", "memory", "parentheses", "maps", "nesting", "output"],
)
def test_too_much_is_told(shop: Workbench, code: str) -> None:
    """What eats memory, recurses, nests or prints without end fails by itself, and we do not."""
    shop.write({"shop/dev/main.k": code.encode()})
    report = shop.fail(env={"KUSION_RENDER_MAX_KCL_SECONDS": "10", "KUSION_RENDER_MAX_KCL_BYTES": str(200 << 20)})

    assert "shop/dev/main.k:1:1: error[KR136]" in report


def test_a_limit_of_the_environment_is_checked(shop: Workbench) -> None:
    """A bound that is no number is wrong usage."""
    assert 2 == shop.run("render", env={"KUSION_RENDER_MAX_KCL_SECONDS": "soon"}).exit_code


def test_stopping_a_run_stops_its_child(shop: Workbench, tmp_path: Path) -> None:
    """After Ctrl-C no child is left at work, and no folder of its files."""
    shop.write({"shop/dev/main.k": "import lib\n" + ENDLESS, "shop/dev/lib/v.k": "v = 1\n"})
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "kusion_render", "render", "shop/dev"],
        cwd=shop.root,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert [] == list(temporary.iterdir())
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.skipif(not CHILDREN.exists(), reason="the system does not list a process's children")
def test_a_child_that_is_gone_is_replaced(evaluator: Evaluator, tmp_path: Path) -> None:
    """What a child died of tells nothing about the next program, which a fresh one is asked about."""
    before = CHILDREN.read_text().split()
    assert {"a": {}} == evaluate(evaluator, tmp_path, "a = {}\n")
    (child,) = set(CHILDREN.read_text().split()) - set(before)
    os.kill(int(child), signal.SIGKILL)

    assert {"b": {}} == evaluate(evaluator, tmp_path, "b = {}\n")


def test_the_child_has_nothing(evaluator: Evaluator, tmp_path: Path) -> None:
    """Even where a file is asked for outright, the child can write none, and knows no variable."""
    target = tmp_path / "written"
    with contextlib.suppress(Failure):
        evaluate(evaluator, tmp_path, f'import file\nfile.write("{target}", "x")\na = {{}}\n')
    assert not target.exists() or not target.read_bytes()
    evaluator.begin()

    assert {"a": {}} == evaluate(evaluator, tmp_path, 'import file\na = {x = file.read_env("PATH")}\n')


# Our own packages.


def test_all_packages_compile(evaluator: Evaluator, tmp_path: Path) -> None:
    """Every package that comes with us can be imported, with every part of it."""
    modules = []
    for name in PACKAGES:
        for folder, _, files in os.walk(package_folder(name)):
            parts = os.path.relpath(folder, FOLDER).split(os.sep)
            modules += [".".join([*parts, file[:-2]]) for file in files if file.endswith(".k")]
            modules += [".".join(parts)] if any(file.endswith(".k") for file in files) else []
    imports = "".join(f"import {module} as m{number}\n" for number, module in enumerate(sorted(modules)))

    assert len(modules) > 30
    assert {"a": {}} == evaluate(evaluator, tmp_path, imports + "a = {}\n")


DEFAULTS: Final = """\
import network as n
import opsrule as o
import inference.v1.inference as i
import service.container as c
import k8s_manifest as k
import monitoring as m
import mysql as my
import postgres as pg
import opensearch.opensearch as os
a = {
    port = n.Port {}
    rule = o.OpsRule {}
    model = i.Inference {model = "x", framework = "Ollama"}
    file = c.FileSpec {content = "x"}
    raw = k.K8sManifest {paths = ["x.yaml"]}
    prometheus = m.Prometheus {}
    db = my.MySQL {type = "local", version = "8.0"}
    pg = pg.PostgreSQL {type = "cloud", version = "14"}
    search = os.OpenSearch {domainName = "d"}
}
"""


def test_defaults_and_types_are_kusions(evaluator: Evaluator, tmp_path: Path) -> None:
    """Schemas fill in what Kusion's do, and carry the names that find their modules."""
    made = evaluate(evaluator, tmp_path, DEFAULTS)
    assert isinstance(made, dict)
    found = made["a"]
    model = {"system": "", "template": "", "top_k": 40, "top_p": 0.9, "temperature": 0.8, "num_predict": 128}

    assert {"port": 80, "protocol": "TCP", "public": False, "_type": "network.Port"} == found["port"]
    assert {"maxUnavailable": "25%", "_type": "opsrule.OpsRule"} == found["rule"]
    assert {**model, "num_ctx": 2048}.items() <= found["model"].items()
    assert {"content": "x", "mode": "0644", "_type": "service.container.FileSpec"} == found["file"]
    assert ["k8s_manifest.K8sManifest", "monitoring.Prometheus", "mysql.MySQL", "postgres.PostgreSQL"] == [
        found[key]["_type"] for key in ("raw", "prometheus", "db", "pg")
    ]
    assert "inference.v1.inference.Inference" == found["model"]["_type"]
    assert found["search"]["_type"].startswith("opensearch.")


@pytest.mark.parametrize(
    ("imported", "value"),
    [
        ("service.container", 'Container {image = "x", env = {"1a" = "x"}}'),
        ("service.container", 'FileSpec {content = "x", contentFrom = "secret://a/b"}'),
        ("service.container", 'FileSpec {content = "x", mode = "9"}'),
        ("service.container.probe", 'Probe {probeHandler = x.Tcp {url = "a:1"}, periodSeconds = -1}'),
        ("service.container.probe", "Exec {command = []}"),
        ("job.container.probe", 'Http {url = "http://a", headers = {"a b" = "c"}}'),
        ("service.secret", 'Secret {type = "odd"}'),
        ("service.secret", 'Secret {type = "token", data = {other = "x"}}'),
        ("job.secret", 'Secret {type = "opaque", data = {"a b" = "x"}}'),
        ("service.topologyspreadconstraint", 'TopologySpreadConstraint {maxSkew = 0, topologyKey = "z", whenUnsatisfiable = "DoNotSchedule"}'),
        ("service.topologyspreadconstraint", 'TopologySpreadConstraint {maxSkew = 1, topologyKey = "z", whenUnsatisfiable = "DoNotSchedule", minDomains = 0}'),
        ("service.topologyspreadconstraint", 'TopologySpreadConstraint {maxSkew = 1, topologyKey = "z", whenUnsatisfiable = "DoNotSchedule", matchLabelKeys = ["a"]}'),
        ("network", "Port {port = 0}"),
        ("network", "Port {targetPort = 70000}"),
        ("network", 'Port {protocol = "SCTP"}'),
        ("network.ingress", 'IngressBackend {service = {name = "a"}, resource = {kind = "k", name = "n"}}'),
        ("network.ingress", 'ServiceBackendPort {name = "a", number = 1}'),
        ("k8s_manifest", "K8sManifest {paths = []}"),
        ("inference.v1.inference", 'Inference {model = "m", framework = "Ollama", top_p = 1.5}'),
        ("mysql", 'MySQL {type = "remote", version = "8"}'),
    ],
)  # fmt: skip
def test_checks_are_kusions(evaluator: Evaluator, tmp_path: Path, imported: str, value: str) -> None:
    """What Kusion's schemas refuse, ours do."""
    made = evaluate(evaluator, tmp_path, f"import {imported} as x\na = x.{value}\n")

    assert isinstance(made, list), made


# One value for every field of a service and of what it is made of, as YAML has it.
EVERY_FIELD: Final[dict[str, object]] = {
    "type": "StatefulSet",
    "replicas": 2,
    "containers": {
        "main": {
            "image": "registry.example/web:1",
            "command": ["web"],
            "args": ["-v"],
            "workingDir": "/srv",
            "env": {
                "PORT": 8080,
                "DEBUG": "yes",
                "TOKEN": {"secret": "tokens", "key": "web", "optional": True},
                "LEVEL": {"config": "settings", "key": "level"},
                "POD": {"field": "metadata.name"},
                "CPU": {"resource": "limits.cpu"},
            },
            "envFrom": ["config/settings", {"secret": "tokens", "prefix": "T_"}],
            "ports": {"http": 8080, "admin": {"port": 9000, "protocol": "TCP"}},
            "resources": {
                "cpu": "100m-200m",
                "memory": {"request": "64Mi", "limit": "128Mi"},
                "requests": {"x.example/gpu": 1},
            },
            "files": {"/etc/web.conf": {"content": "a", "mode": "0400"}},
            "dirs": {"/cache": "emptyDir", "/data": {"volume": {"size": "1Gi"}}},
            "livenessProbe": {"exec": {"command": ["true"]}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
            "startupProbe": {"tcpSocket": {"port": 8080}, "terminationGracePeriodSeconds": 9},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}, "postStart": {"exec": {"command": ["true"]}}},
            "securityContext": {"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}},
            "imagePullPolicy": "Always",
            "stdin": True,
            "tty": True,
        }
    },
    "initContainers": {"proxy": {"image": "registry.example/proxy:1", "restartPolicy": "Always", "security": "none"}},
    "secrets": {"own": {"type": "external", "data": {"a": "ref://own/a"}}},
    "labels": {"tier": "front"},
    "annotations": {"shop.example/a": "b"},
    "podLabels": {"x": "y"},
    "podAnnotations": {"shop.example/c": "d"},
    "serviceAccount": {"name": "web", "automountToken": False},
    "security": "restricted",
    "securityContext": {"fsGroup": 1000},
    "topologySpreadConstraints": {
        "zone": {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front"]}],
            },
        }
    },
    "terminationGracePeriodSeconds": 0,
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "imagePullSecrets": ["registry", {"name": "other"}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
    "dnsPolicy": "Default",
    "enableServiceLinks": False,
    "restartOnConfigChange": False,
    "podSpec": {"hostNetwork": True},
    "strategy": {"type": "RollingUpdate"},
    "minReadySeconds": 3,
    "revisionHistoryLimit": 4,
    "serviceName": "web",
    "podManagementPolicy": "Parallel",
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    "restartPolicy": "Always",
}
ACCESSORIES: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "network": (
        "network.Network",
        {
            "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP", "public": False, "name": "web", "appProtocol": "http"}],
            "services": {"web": {"headless": True, "ports": {"http": 8080}}, "more": {"ports": [{"port": 9000}]}},
            "hosts": ["shop.example", {"host": "more.example", "path": "/a", "tls": True}],
            "access": [{"from": ["web", {"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": ["http", 9000]}],
        },
    ),
    "configs": ("configs.Configs", {"settings": {"data": {"level": "info"}, "labels": {"a": "b"}}}),
    "secrets": (
        "secrets.Secrets",
        {"tokens": {"type": "external", "data": {"web": "ref://web/token"}}, "registry": {"existing": True}, "other": {"existing": True}},
    ),
    "serviceAccounts": ("serviceaccounts.ServiceAccounts", {"robot": {"imagePullSecrets": ["registry"], "automountToken": True}}),
    "autoscaling": ("autoscaling.Autoscaling", {"min": 2, "max": 5, "cpu": 50, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}),
    "budget": ("disruptionbudget.DisruptionBudget", {"module": "disruptionbudget", "maxUnavailable": "25%"}),
    "monitoring": ("monitoring.Prometheus", {"port": "http", "rules": [{"alert": "Down", "expr": "up == 0"}]}),
    "database": ("mysql.MySQL", {"module": "mysql", "type": "local", "version": "8.0", "passwordSecret": "tokens/db", "size": 20}),
    "raw": (
        "k8s_manifest.K8sManifest",
        {"module": "k8s_manifest", "resources": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "raw"}, "data": {"a": "b"}}]},
    ),
}  # fmt: skip


def in_kcl(value: object, *, schema: str = "") -> str:
    """Write a value down in KCL; a map as a schema's, if one is given. The key `module` is left out, for `_type` says it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {in_kcl(item)}" for key, item in value.items() if key != "module")
        return f"{schema} {{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(in_kcl(item) for item in value)}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def test_whatever_yaml_can_say_kcl_can(shop: Workbench) -> None:
    """One app with every field, in YAML and in KCL, comes to the same objects."""
    app = {
        "protect": True,
        "workload": EVERY_FIELD,
        "accessories": {key: config for key, (_, config) in ACCESSORIES.items()},
    }
    store = "secretStore: {externalSecrets: {store: {name: vault}}}\n"
    shop.write({"shop/project.yaml": "name: shop\ncompatibility: native\n", "workspaces/dev.yaml": store})
    (shop.root / "shop/dev/main.k").unlink()
    shop.write({"shop/dev/app.yaml": yaml.safe_dump({"web": app}, sort_keys=False)})
    expected = shop.render("shop/dev")

    (shop.root / "shop/dev/app.yaml").unlink()
    schemas = sorted({schema for schema, _ in ACCESSORIES.values()})
    lines = ["import kam.v1.app_configuration as ac", "import service"]
    lines += [f"import {schema.partition('.')[0]} as p{number}" for number, schema in enumerate(schemas)]
    lines += [
        "web: ac.AppConfiguration {",
        f"    workload = {in_kcl(EVERY_FIELD, schema='service.Service')}",
        "    accessories = {",
    ]
    for key, (schema, config) in ACCESSORIES.items():
        written = in_kcl(config, schema=f"p{schemas.index(schema)}.{schema.partition('.')[2]}")
        lines.append(f"        {json.dumps(key)} = {written}")
    lines += ["    }", "    protect = True", "}", ""]
    shop.write({"shop/dev/main.k": "\n".join(lines).encode()})

    assert len(expected.manifests) > 12
    assert expected.stdout == shop.render("shop/dev").stdout


def test_the_example_of_the_reference_is_real(shop: Workbench) -> None:
    """What docs/reference/kcl.md shows renders to what it shows."""
    page = (PROJECT / "docs/reference/kcl.md").read_text(encoding="utf-8")
    code, shown = re.findall(r"```(?:kcl|yaml)\n(.*?)```", page, re.DOTALL)
    shop.write({"shop/project.yaml": "name: shop\ncompatibility: native\n", "shop/dev/main.k": code.encode()})

    assert shown in shop.render("shop/dev").stdout


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("modules/")])
def test_every_field_of_a_module_is_one_in_kcl(name: str) -> None:
    """What a module's JSON Schema knows, its KCL schema does; `module` is said by `_type`."""
    module = name.removeprefix("modules/")
    (file,) = Path(FOLDER, module).rglob(f"{module}.k")
    written = re.split(r"^schema ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    fields = set(re.findall(r"^    ([\w]+)\??: ", written, re.MULTILINE))

    assert set(load(name)["properties"]) - {"module", "_type"} <= fields


def test_yaml_stacks_never_load_it(workbench: Workbench) -> None:
    """A stack in YAML imports nothing of KCL."""
    workbench.app("web: {workload: {containers: {main: {image: 'registry.example/web:1'}}}}")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kusion_render", "render", "shop/dev"],
        cwd=workbench.root,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert b"kusion_render.loaders" in done.stderr
    assert b"kcl" not in done.stderr
