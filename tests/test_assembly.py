"""From layers to apps: order, `"*"`, workspace defaults, `--set`, and what the platform enforces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from kusion_render.assembly import Sources, assemble, overruled, platform_config, unsettable
from kusion_render.cli.session import parse_setting
from kusion_render.diagnostics import UsageError
from kusion_render.document import settle

if TYPE_CHECKING:
    from workbench import Workbench


def apps(*layers: str, **options: Any) -> Any:
    """Assemble YAML layers into apps."""
    for name in ("modules", "enforce"):
        if name in options:
            options[name] = yaml.safe_load(options[name])
    settings = [parse_setting(text) for text in options.pop("settings", ())]
    return settle(assemble(Sources([yaml.safe_load(layer) for layer in layers], settings=settings, **options)))[0]


WEB: Final = "web: {workload: {replicas: 1, containers: {server: {image: a, env: {A: '1'}}}}}"


# Layers.


def test_later_layers_win() -> None:
    """Maps merge deeply, scalars of later layers win."""
    merged = apps(WEB, "web: {workload: {replicas: 3, containers: {server: {env: {B: '2'}}}}}")

    assert {"image": "a", "env": {"A": "1", "B": "2"}} == merged["web"]["workload"]["containers"]["server"]
    assert 3 == merged["web"]["workload"]["replicas"]


def test_layers_add_and_remove_apps() -> None:
    """A layer may bring an app, delete one, or write one anew."""
    merged = apps("a: {labels: {x: y}}\nb: {labels: {x: y}}", "a: null\nb: {$patch: replace, labels: {z: z}}\nc: {}")

    assert {"b": {"labels": {"z": "z"}}, "c": {}} == merged


def test_an_app_can_be_deleted_by_directive() -> None:
    """`$patch: delete` takes an app away as `null` does."""
    assert {"b": {}} == apps("a: {labels: {x: y}}\nb: {}", "a: {$patch: delete}")


def test_a_layer_can_replace_all_that_is_beneath() -> None:
    """`$patch: replace` at the top of a file leaves no app of lower layers."""
    assert {"b": {"labels": {"z": "z"}}} == apps("a: {}\nb: {labels: {x: x}}", "$patch: replace\nb: {labels: {z: z}}")


def test_keys_that_are_no_apps_are_passed_by() -> None:
    """Top-level keys that begin with `_` or `x-` hold anchors, `$schema` is an editor's."""
    assert {"web": {"labels": {"a": "b"}}} == apps("_a: &a {a: b}\nx-b: 1\n$schema: s\nweb: {labels: *a}")


@pytest.mark.parametrize(
    ("accessory", "below", "above", "expected"),
    [
        ("network", "[{port: 80}]", "[{port: 80, nodePort: 1}]", [{"port": 80, "nodePort": 1}]),
        ("net", "[{port: 80}]", "[{port: 81}]", [{"port": 81}]),
    ],
)
def test_lists_merge_by_the_keys_of_their_module(accessory: str, below: str, above: str, expected: list[Any]) -> None:
    """A module's schema says which of its lists merge; the lists of others replace."""
    layers = [f"web: {{accessories: {{{accessory}: {{ports: {ports}}}}}}}" for ports in (below, above)]

    assert expected == apps(*layers)["web"]["accessories"][accessory]["ports"]


def test_the_module_of_a_free_key_says_the_merge_keys() -> None:
    """With `module: network` lists merge under any key, whichever layer names the module."""
    below = "web: {accessories: {edge: {module: network, ports: [{port: 80}]}}}"
    above = "web: {accessories: {edge: {ports: [{port: 81}]}}}"

    assert [{"port": 80}, {"port": 81}] == apps(below, above)["web"]["accessories"]["edge"]["ports"]


def test_tolerations_merge_by_key_and_effect() -> None:
    """The workload's keyed lists merge across layers."""
    below = "web: {workload: {tolerations: [{key: a, effect: NoSchedule, value: x}]}}"
    above = "web: {workload: {tolerations: [{key: a, effect: NoSchedule, value: y}, {key: b}]}}"

    assert ["y", None] == [item.get("value") for item in apps(below, above)["web"]["workload"]["tolerations"]]


def test_an_item_of_a_keyed_list_can_be_deleted() -> None:
    """`$patch: delete` with an item's keys takes it away, the workspace's too."""
    merged = apps(
        "web: {accessories: {network: {ports: [{port: 80}, {port: 81}]}}}",
        "web: {accessories: {network: {ports: [{port: 80, $patch: delete}]}}}",
        modules="network: {configs: {default: {ports: [{port: 80, nodePort: 1}]}}}",
    )

    assert [{"port": 81}] == merged["web"]["accessories"]["network"]["ports"]


# The app, container and initContainer called "*".


def test_the_star_fills_every_app() -> None:
    """`"*"` completes its siblings from beneath, after all layers, wherever it is written."""
    merged = apps("'*': {labels: {team: x}, workload: {replicas: 2}}", WEB, "b: {workload: {containers: {}}}")

    assert ["b", "web"] == sorted(merged)
    assert [1, 2] == [merged[name]["workload"]["replicas"] for name in ("web", "b")]
    assert {"team": "x"} == merged["web"]["labels"]


def test_the_star_adds_no_workload_accessory_or_container() -> None:
    """It fills what a sibling has."""
    star = "'*': {workload: {containers: {extra: {image: x}}}, accessories: {network: {public: true}, autoscaling: {max: 3}}}"
    merged = apps(star, "a: {accessories: {autoscaling: {}}}\nb: {workload: {containers: {c: {}}}}")

    assert {"accessories": {"autoscaling": {"max": 3}}} == merged["a"]
    assert {"workload": {"containers": {"c": {}}}} == merged["b"]


def test_the_star_fills_containers() -> None:
    """`"*"` among containers completes each of them; the star of the app called `"*"` does too."""
    merged = apps(
        "'*': {workload: {containers: {'*': {env: {A: '1'}}}}}",
        "web: {workload: {containers: {'*': {image: a}, x: {}, y: {image: b}}, initContainers: {'*': {image: i}, z: {}}}}",
    )["web"]["workload"]

    assert {"x": {"env": {"A": "1"}, "image": "a"}, "y": {"env": {"A": "1"}, "image": "b"}} == merged["containers"]
    assert {"z": {"image": "i"}} == merged["initContainers"]


def test_an_app_opts_out_of_the_star() -> None:
    """A `null` in an app deletes what `"*"` would fill, and `$patch: replace` all of it."""
    merged = apps("'*': {labels: {a: '1', b: '2'}}", "x: {labels: {a: null}}\ny: {labels: {$patch: replace, c: '3'}}")

    assert [{"b": "2"}, {"c": "3"}] == [merged[name]["labels"] for name in ("x", "y")]


def test_a_container_opts_out_of_the_star() -> None:
    """`$patch: replace` in a container keeps `"*"` away."""
    merged = apps("web: {workload: {containers: {'*': {env: {A: '1'}}, x: {$patch: replace, image: a}}}}")

    assert {"x": {"image": "a"}} == merged["web"]["workload"]["containers"]


# The workspace.

MODULES: Final = """
service:
  configs:
    default: {replicas: 2, labels: {from: default}}
    busy: {projectSelector: [shop], replicas: 6}
    other: {projectSelector: [pay], replicas: 9}
"""


def test_the_workspace_fills_what_apps_leave_open() -> None:
    """Workspace defaults lie beneath the app layers, the project's patcher block over `default`."""
    layers = ["a: {workload: {containers: {}}}\nb: {workload: {containers: {}, replicas: 1}}\nc: {}"]
    merged = apps(*layers, modules=MODULES, project="shop")

    assert [6, 1] == [merged[name]["workload"]["replicas"] for name in ("a", "b")]
    assert {} == merged["c"]


@pytest.mark.parametrize(("project", "expected"), [("shop", 6), ("pay", 9), ("x", 2)])
def test_a_patcher_block_holds_for_its_projects(project: str, expected: int) -> None:
    """A block counts where `projectSelector` names the project; its own keys reach no app."""
    config = platform_config(Sources([], project=project, modules=yaml.safe_load(MODULES)), "service")

    assert {"replicas": expected, "labels": {"from": "default"}} == config


@pytest.mark.parametrize(("deep", "expected"), [(True, {"a": 1, "b": 2}), (False, {"b": 2})])
def test_kusion_replaces_whole_keys_of_a_default(deep: bool, expected: dict[str, int]) -> None:  # noqa: FBT001 - a table of cases
    """Natively a patcher block merges deeply into `default`; Kusion replaces key by key."""
    modules = {"m": {"configs": {"default": {"x": {"a": 1}}, "p": {"projectSelector": ["s"], "x": {"b": 2}}}}}

    assert {"x": expected} == platform_config(Sources([], project="s", modules=modules, deep=deep), "m")


def test_the_workload_key_holds_for_services_and_jobs() -> None:
    """The module key `workload` lies beneath `service` and `job`."""
    modules = (
        "{workload: {configs: {default: {replicas: 2, labels: {a: b}}}}, job: {configs: {default: {replicas: 3}}}}"
    )
    merged = apps("s: {workload: {}}\nj: {workload: {schedule: '* * * * *'}}", modules=modules)

    assert [2, 3] == [merged[name]["workload"]["replicas"] for name in ("s", "j")]


def test_an_app_deletes_a_default_of_the_workspace() -> None:
    """`null` deletes what the workspace says, also when a lower layer said it before."""
    merged = apps(WEB, "web: {workload: {replicas: null}}", modules=MODULES)

    assert "replicas" not in merged["web"]["workload"]


def test_replacing_keeps_the_workspace_out() -> None:
    """`$patch: replace` over a lower layer takes the workspace's part away too."""
    merged = apps(
        "web: {workload: {labels: {a: b}}}", "web: {workload: {labels: {$patch: replace, c: d}}}", modules=MODULES
    )

    assert {"c": "d"} == merged["web"]["workload"]["labels"]


# --set.


@pytest.mark.parametrize(
    ("setting", "place", "expected"),
    [
        ("web.workload.replicas=3", ("web", "workload", "replicas"), 3),
        ("/web/workload/replicas=3", ("web", "workload", "replicas"), 3),
        ('web.labels["a.b/c"]=x', ("web", "labels", "a.b/c"), "x"),
        ("/web/labels/a.b~1c=x", ("web", "labels", "a.b/c"), "x"),
        ("web.labels.x=a=b", ("web", "labels", "x"), "a=b"),
        ("web.labels.x=", ("web", "labels", "x"), None),
        ('web.labels.x=""', ("web", "labels", "x"), ""),
        ('web.labels.x="3"', ("web", "labels", "x"), "3"),
        ('web.labels={"a": "b"}', ("web", "labels"), {"a": "b"}),
        ("web.command[0]=sh", ("web", "command", 0), "sh"),
        ("web.enabled=false", ("web", "enabled"), False),
        ("web.x={not json", ("web", "x"), "{not json"),
    ],
)
def test_a_setting_is_a_place_and_a_value(setting: str, place: tuple[str | int, ...], expected: object) -> None:
    """Dots, brackets or a JSON Pointer; JSON for maps, lists and quoted text, else as YAML reads a scalar."""
    assert (place, expected) == parse_setting(setting)


@pytest.mark.parametrize(
    "setting", ["web", "web=1", "=1", "web..x=1", 'web.labels["a=1', "web.command[0=1", "/=1", ".web.x=1"]
)
def test_a_setting_that_cannot_be_read_is_a_usage_error(setting: str) -> None:
    """The error says what is missing."""
    with pytest.raises(UsageError, match="--set"):
        parse_setting(setting)


def test_settings_win_over_layers() -> None:
    """--set lies above all app files, later ones above earlier ones."""
    merged = apps(WEB, settings=["web.workload.replicas=5", "web.workload.replicas=7"], modules=MODULES)

    assert 7 == merged["web"]["workload"]["replicas"]


def test_a_setting_can_delete() -> None:
    """`=null` deletes what the layers and the workspace say."""
    merged = apps(WEB, settings=["web.workload.replicas=null"], modules=MODULES)

    assert "replicas" not in merged["web"]["workload"]
    assert [] == unsettable(Sources([yaml.safe_load(WEB)], settings=[parse_setting("web.workload.replicas=null")]))


def test_a_setting_of_an_unknown_app_or_item_is_told() -> None:
    """A path that begins with no app, or leads beyond a list, sets nothing."""
    settings = [parse_setting(text) for text in ("wep.x=1", "web.command[4]=x", "web.command[0]=y")]
    sources = Sources([{"web": {"command": ["a"]}}], settings=settings)

    assert [("wep", "x"), ("web", "command", 4)] == unsettable(sources)


# enforce.


def test_what_is_enforced_wins() -> None:
    """It lies above layers and settings, and adds no workload, accessory or container."""
    enforce = "{labels: {tier: x}, workload: {replicas: 9, containers: {'*': {image: z}, gone: {}}}, accessories: {network: {}}}"
    merged = apps(WEB, "shared: {}", settings=["web.workload.replicas=5"], enforce=enforce)

    assert {"labels": {"tier": "x"}} == merged["shared"]
    assert 9 == merged["web"]["workload"]["replicas"]
    assert {"server": {"image": "z", "env": {"A": "1"}}} == merged["web"]["workload"]["containers"]
    assert "accessories" not in merged["web"]


def overruling(layer: str, enforce: str, **options: Any) -> list[Any]:
    """Return the places that are overruled."""
    return overruled(Sources([yaml.safe_load(layer)], enforce=yaml.safe_load(enforce), **options))


@pytest.mark.parametrize(
    ("enforce", "expected"),
    [
        ("{workload: {replicas: 2}}", [("web", "workload", "replicas")]),
        ("{workload: {replicas: 1}}", []),
        ("{workload: {replicas: null}}", [("web", "workload", "replicas")]),
        ("{workload: {minReadySeconds: 1}}", []),
        ("{workload: {containers: {'*': {image: b}}}}", [("web", "workload", "containers", "server", "image")]),
        (
            "{workload: {containers: {server: {env: {A: '2'}}}}}",
            [("web", "workload", "containers", "server", "env", "A")],
        ),
        ("{workload: {containers: {server: {env: {B: '2'}}}}}", []),
    ],
)
def test_a_value_that_is_overruled_is_told(enforce: str, expected: list[Any]) -> None:
    """A place that an app sets and the platform sets otherwise; filling or repeating is no conflict."""
    assert expected == overruling(WEB, enforce)


def test_the_workspaces_own_default_is_not_overruled() -> None:
    """What no app says is no app's fault."""
    assert [] == overruling("web: {workload: {}}", "{workload: {replicas: 2}}", modules=yaml.safe_load(MODULES))


def test_an_overruled_value_is_reported_with_both_places(workbench: Workbench) -> None:
    """The warning stands at the workspace's line and names the app's; what is enforced is rendered."""
    workbench.app(
        """
        web:
          workload:
            replicas: 2
            containers: {web: {image: "a:1"}}
        """,
        **{"workspaces/default.yaml": "enforce:\n  workload:\n    replicas: 5\n"},
    )
    run = workbench.render()

    assert 5 == run.manifest("Deployment")["spec"]["replicas"]
    assert (
        """\
workspaces/default.yaml:3:15: warning[KR327]: `replicas` of `web` is set by the platform
    3 |     replicas: 5
      |               ^
   = in shop/dev
note: the app's own value
  --> shop/dev/app.yaml:3:15
    3 |     replicas: 2
      |               ^
help: remove it from the app; what the workspace enforces wins

1 warning
"""
        == run.stderr
    )


def test_what_the_workspace_deletes_is_deleted(workbench: Workbench) -> None:
    """`null` and `$patch` count in `enforce` and in defaults, though no app file has any."""
    workbench.app(
        "web: {labels: {a: b, c: d}, workload: {replicas: 2, containers: {web: {image: 'a:1'}}}}",
        **{"workspaces/default.yaml": "enforce: {labels: {$patch: replace, e: f}, workload: {replicas: null}}"},
    )
    deployment = workbench.render().manifest("Deployment")

    assert "replicas" not in deployment["spec"]
    assert {"e": "f"} == {key: value for key, value in deployment["metadata"]["labels"].items() if "/" not in key}


# Problems.


def test_a_directive_that_is_no_word_is_told(workbench: Workbench) -> None:
    """`$patch` is `replace` or `delete`."""
    report = workbench.app("web: {labels: {$patch: merge}, workload: {containers: {web: {image: 'a:1'}}}}").fail()

    assert "shop/dev/app.yaml:1:24: error[KR123]: `$patch` is neither `replace` nor `delete`" in report


def test_a_null_that_deletes_nothing_is_told(workbench: Workbench) -> None:
    """With its place, in whatever layer it stands."""
    report = workbench.app(
        "web: {workload: {containers: {web: {image: 'a:1'}}}}",
        **{"shop/base/app.yaml": "web:\n  workload:\n    replicas: null\n"},
    ).fail()

    assert "shop/base/app.yaml:3:5: error[KR122]: `replicas` is to be deleted, but nothing beneath sets it" in report
