"""Any text, key and number comes through charts and overlays as it went in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specs import manifest, spec
from tools import tool_path

from kusion_render.diagnostics import Diagnostics
from kusion_render.kubernetes.order import ordered
from kusion_render.proving import Proof, differences

if TYPE_CHECKING:
    from kusion_render.model import Spec

NASTY: Final = [
    "", " ", "a ", " a", "\n", "a\n", "a\n\n", "\n\na", "a\r\nb\r\n", "\ta\tb", "a\tb\n", "a \nb", "  a\n b\n",
    "'", '"', "\\", "\\n", "`", "a'b\"c`d", "{", "}", "{{", "}}", "{{{", "{{ .Values.x }}", "{{- x -}}", "{{/* c */}}",
    "%s %d %%", "$(A) ${B} $$", "${{ x }}", "#", "a # b", ": ", "a: b", "- a", "? a", "&a", "*a", "!a", "|", ">", "@", "%",
    "yes", "no", "on", "y", "n", "~", "null", "true", "True", "0755", "08", "0o17", "0x1f", "0b1", "1e3", "1E400", ".5",
    "1_000", "12:30", "1:2", "2024-01-01", "1.0", "1.10", "+1", "-1", ".inf", ".nan", "<<", "=", "---", "...", "--- a",
    "ünï", "日本語", "😀", "\u2028", "\u0085", "\xa0", "\ufeff", "\u200e", "\x7f", "\x01", "a" * 5000, "a b " * 1000,
    "shop-dev", "shop-prod", "dev", "prod", "x-dev-y", "a.shop-dev.svc",
]  # fmt: skip
TEXTS: Final = st.sampled_from(NASTY) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
KEYS: Final = st.sampled_from(["a", "b.c", "d-e", "F_G", "0", "08", "yes", "null", "1e3"]) | st.text(
    "abcdefgXYZ0189-_.", min_size=1, max_size=12
)
MAPS: Final = st.dictionaries(KEYS, TEXTS, max_size=4)
PLAIN: Final = st.recursive(
    TEXTS
    | st.booleans()
    | st.integers(-(1 << 53), 1 << 53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | KEYS, inner, max_size=3),
    max_leaves=8,
)
BOTH: Final = st.tuples
PROFILE: Final = settings(
    report_multiple_bugs=False,
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def deployment(stack: str, env: dict[str, str], annotations: dict[str, str], command: list[str]) -> dict[str, Any]:
    """Return a Deployment with these texts wherever it takes some."""
    container: dict[str, Any] = {"name": "web", "image": "web:1", "command": ["run", *command]}
    if env:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    template: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    if annotations:
        template["metadata"]["annotations"] = annotations
    return manifest(
        "Deployment", api="apps/v1", stack=stack, spec={"selector": {"matchLabels": {"a": "b"}}, "template": template}
    )


def resource(stack: str, content: Any) -> dict[str, Any]:
    """Return a custom resource with any content."""
    return manifest("Thing", "thing", api="example.com/v1", stack=stack, spec={"content": content, "fixed": 1})


def config(stack: str, data: dict[str, str]) -> dict[str, Any]:
    """Return a ConfigMap."""
    return manifest("ConfigMap", "cfg", stack=stack, **({"data": data} if data else {}))


def check(target: str, *specs: Spec, lossy: bool = False) -> None:
    """Render to a target and compare with the real program's reading."""
    environment = {**os.environ, **tool_path("helm" if target == "helm" else "kubectl")}
    problems = Diagnostics()
    with Proof(target, specs, {}, environment) as proof:
        proof.write(problems)
        if problems.failed:
            assert lossy
            assert {"KR411" if target == "helm" else "KR420"} == {item.rule.code for item in problems.items}
            return
        for each in specs:
            plain = [ordered(resource.attributes) for resource in each.resources]
            assert [] == list(differences(plain, proof.objects(each), labelled=target == "helm"))


@pytest.mark.integration
@pytest.mark.parametrize("target", ["helm", "kustomize"])
@PROFILE
@given(
    env=BOTH(MAPS, MAPS),
    data=BOTH(MAPS, MAPS),
    annotations=BOTH(MAPS, MAPS),
    commands=BOTH(st.lists(TEXTS, max_size=2), st.lists(TEXTS, max_size=2)),
    contents=BOTH(PLAIN, PLAIN),
)
def test_anything_comes_through(
    target: str, env: Any, data: Any, annotations: Any, commands: Any, contents: Any
) -> None:
    """Two stacks with whatever texts, keys and numbers: each gets its own back."""
    check(
        target,
        *(
            spec(
                stack,
                config(stack, data[at]),
                deployment(stack, env[at], annotations[at], commands[at]),
                resource(stack, contents[at]),
            )
            for at, stack in enumerate(("dev", "prod"))
        ),
        lossy=True,
    )


@pytest.mark.integration
@pytest.mark.parametrize("target", ["helm", "kustomize"])
def test_every_nasty_text_comes_through(target: str) -> None:
    """The texts that have broken other tools, each as a value, in a list, and different in two stacks."""
    # What toYaml loses can't be a value as part of a list; that is KR411. Kustomize refuses some; that is KR420.
    kept = [text for text in NASTY if not any(mark in text for mark in "\u2028\x85\ufeff\x7f\x01")]
    chosen = NASTY if target == "helm" else kept
    texts = {f"k{at}": text for at, text in enumerate(chosen)}
    other = {f"k{at}": text for at, text in enumerate(reversed(chosen))}
    shown = {"dev": kept, "prod": kept[::-1]}
    check(
        target,
        *(
            spec(
                stack,
                config(stack, mine),
                deployment(stack, mine, mine, shown[stack]),
                resource(stack, {"same": texts, "list": list(texts.values()), "mine": shown[stack]}),
            )
            for stack, mine in (("dev", texts), ("prod", other))
        ),
    )
