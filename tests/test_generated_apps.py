"""Apps made from the schemas: rendering never raises, says what is wrong with place and help, and is well-formed.

`KR_EXAMPLES=20000` makes a long run of it.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from generating import KNOWN, app, spoilt
from hypothesis import HealthCheck, given, settings

from kusion_render.conformance import Conformance, shipped
from kusion_render.diagnostics import Diagnostics, InputError, OutputPlace
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_stack
from kusion_render.repository import Repository, select
from kusion_render.repository.files import Files
from kusion_render.targets.kubernetes import stream

if TYPE_CHECKING:
    from pathlib import Path

    from kusion_render.model import Spec

EXAMPLES: Final = int(os.environ.get("KR_EXAMPLES", "100"))
QUIETLY: Final = settings(
    max_examples=EXAMPLES,
    derandomize="KR_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ELSEWHERE: Final = {name: {KNOWN: {"existing": True}} for name in ("configs", "secrets", "serviceAccounts")}
NAME: Final = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
TEXTS: Final = ("labels", "annotations", "nodeSelector", "data", "binaryData", "stringData", "matchLabels")
NUMBERS: Final = (
    "replicas",
    "containerPort",
    "hostPort",
    "nodePort",
    "minReadySeconds",
    "defaultMode",
    "periodSeconds",
)


# Where an app's content is Kubernetes' own and handed on as it stands; a volume may be a raw `source`.
RAW: Final = frozenset(("affinity", "behavior", "metrics", "securityContext", "strategy", "updateStrategy", "volumes"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without an app."""
    root = tmp_path_factory.mktemp("generated")
    for path, text in {
        "kusion-render.yaml": "{}\n",
        "workspaces/dev.yaml": "secrets: {allowLiteral: true}\n",
        "shop/project.yaml": "name: shop\n",
        "shop/dev/stack.yaml": "name: dev\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def render(root: Path, config: Any, compatibility: str) -> tuple[str, Diagnostics]:
    """Return the manifests of an app called `web`, "" where it has problems, and the problems."""
    apps = {"web": config, "elsewhere": {"accessories": ELSEWHERE}}
    (root / "shop/dev/app.yaml").write_text(json.dumps(apps, ensure_ascii=False, indent=1))
    found = Diagnostics()
    try:
        loaded = Repository(Files(str(root)), found)
        (target,) = select(loaded, [], found)
        spec = compile_stack(loaded, target, Options(compatibility=compatibility), found).spec
    except InputError:
        spec = None
    assert (spec is None) == found.failed
    if spec is not None:
        check_conformance(loaded, spec)
    return ("" if spec is None else "".join(stream([spec], found))), found


def check_conformance(repository: Repository, spec: Spec) -> None:
    """Check that the API server would take what we make; what is wrong may only be what is handed on as it stands."""
    found = Diagnostics()
    Conformance(repository, shipped()[-1:], found).check(spec, found)
    for each in found.items:
        assert isinstance(each.where, OutputPlace)
        assert RAW & set(each.where.pointer), each.message


def check_problems(found: Diagnostics) -> None:
    """Check that each problem has a code, a place in a file and a next step."""
    for each in found.items:
        assert re.fullmatch(r"KR\d{3}", each.rule.code)
        assert each.help, each.message
        assert each.span is not None, each.message
        assert each.span.line >= 1, each.message


def check_manifest(manifest: dict[str, Any]) -> None:
    """Check one manifest by itself."""
    assert manifest["apiVersion"], manifest
    assert NAME.fullmatch(manifest["metadata"]["name"]), manifest["metadata"]
    check_types(manifest)


def check_types(data: Any) -> None:
    """Check the types of fields that are the same wherever they stand."""
    if isinstance(data, list):
        for item in data:
            check_types(item)
    if not isinstance(data, dict):
        return
    assert "_type" not in data
    for key, value in data.items():
        if key in TEXTS and isinstance(value, dict):
            assert all(isinstance(each, str) for each in value.values()), (key, value)
        if key in NUMBERS:
            assert isinstance(value, int), (key, value)
            assert not isinstance(value, bool), (key, value)
        if key == "value" and "name" in data:
            assert isinstance(value, str), data
        check_types(value)


def check_pods(manifest: dict[str, Any]) -> None:
    """Check that a workload selects its own pods, and that what is mounted is a volume."""
    spec = manifest.get("spec") or {}
    template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template")
    if template is None:
        return
    labels = template["metadata"]["labels"]
    assert (spec.get("selector") or {}).get("matchLabels", {}).items() <= labels.items()
    pod = template["spec"]
    volumes = {each["name"] for each in pod.get("volumes", ())}
    volumes |= {each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", ())}
    assert pod["containers"]
    for container in [*pod["containers"], *pod.get("initContainers", ())]:
        assert {each["name"] for each in container.get("volumeMounts", ())} <= volumes
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if "grpc" in container.get(probe, {}):
                assert isinstance(container[probe]["grpc"]["port"], int)


def check_stream(text: str) -> None:
    """Check everything that a render printed."""
    manifests = list(yaml.safe_load_all(text))
    assert len(manifests) > 0
    keys = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in manifests]
    assert len(keys) == len(set(keys))
    for each in manifests:
        check_manifest(each)
        check_pods(each)


@pytest.mark.parametrize("compatibility", ["native", "kusion"])
@given(config=app())
@QUIETLY
def test_an_app_renders_or_says_why_not(repository: Path, compatibility: str, config: Any) -> None:
    """An app of the schema is well-formed manifests, the same each time, or problems with code, place and help."""
    text, found = render(repository, config, compatibility)

    check_problems(found)
    if text:
        check_stream(text)
        assert text == render(repository, config, compatibility)[0]


@given(config=spoilt(app()))
@QUIETLY
def test_a_spoilt_app_says_what_is_wrong(repository: Path, config: Any) -> None:
    """Whatever is wrong with an app, nothing raises, and every problem has code, place and help."""
    text, found = render(repository, config, "native")

    check_problems(found)
    if text:
        check_stream(text)


def test_many_generated_apps_render(repository: Path) -> None:
    """The strategies are of use only while many of their apps get past the checks."""
    outcomes: list[bool] = []

    @given(config=app())
    @settings(QUIETLY, max_examples=60, derandomize=True)
    def collect(config: Any) -> None:
        outcomes.append(bool(render(repository, config, "native")[0]))

    collect()
    assert sum(outcomes) * 5 >= len(outcomes)
