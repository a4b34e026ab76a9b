"""Values of variables and configs that are not what they look like: unexpanded references, secrets in plain text."""

from __future__ import annotations

import re

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.pods import items
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table, words
from kusion_render.secrecy import reveals
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.lint.view import Container, View

# `$$` is the escape; what is left of an unclosed `$(` is text.
_REFERENCE: Final = r"\$(?:\$|\(([^()$\s]{1,200})\))"
# A shell's `$(date)` is lower case; Kubernetes itself brings the variables of Services.
_PROBABLY_MEANT: Final = r"[A-Z_][A-Z0-9_]*"
_OF_SERVICES: Final = r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT\w*|PORT\w*)"


def unexpanded_variable(view: View) -> Iterator[Finding]:
    """Find `$(NAME)` that Kubernetes leaves as it is: it expands only variables that stand earlier in the list.

    Where `envFrom` may bring a variable there is no finding.
    """
    for workload in view.workloads:
        for container in workload.containers:
            if not container.manifest.get("envFrom"):
                variables = list(items(container.manifest, "env", container.pointer))
                for pointer, name, used, later in _unexpanded(variables):
                    yield _report_unexpanded(workload.id, container, pointer, name, used, later)


def _unexpanded(
    variables: Sequence[tuple[Pointer, Mapping[str, Any]]],
) -> Iterator[tuple[Pointer, str, str, Sequence[str]]]:
    """Yield place, variable, the name it uses in vain, and the names that are defined from there on."""
    names = [words(variable.get("name")) for _, variable in variables]
    for at, (pointer, variable) in enumerate(variables):
        for match in re.finditer(_REFERENCE, words(variable.get("value"))):
            used = match.group(1)
            if not used or used in names[:at]:
                continue
            meant = re.fullmatch(_PROBABLY_MEANT, used) and not re.fullmatch(_OF_SERVICES, used)
            if used in names or meant:
                yield (*pointer, "value"), names[at], used, names[at + 1 :]


def _report_unexpanded(
    resource_id: str, container: Container, pointer: Pointer, name: str, used: str, later: Sequence[str]
) -> Finding:
    escape = f"write `$$({used})` if the text itself is meant"
    if used in later:
        message = f"`$({used})` in `{name}` stays as it is: container `{container.name}` defines `{used}` only later"
        return Finding(resource_id, pointer, message, f"put `{used}` before `{name}`; {escape}")
    message = f"`$({used})` in `{name}` stays as it is: container `{container.name}` defines no `{used}` before it"
    others = [words(each.get("name")) for _, each in items(container.manifest, "env", ())]
    known = [each for each in others if each not in ("", name)]
    return Finding(resource_id, pointer, message, suggest(used, known, f"define `{used}` before it, or {escape}"))


def literal_credential(view: View) -> Iterator[Finding]:
    """Find variables and config data that look like secrets in plain text; what they hold is never said."""
    secrets = {words(table(secret, "metadata").get("name")) for _, secret in view.of("Secret", "ExternalSecret")}
    for workload in view.workloads:
        for container in workload.containers:
            for pointer, variable in items(container.manifest, "env", container.pointer):
                name, value = words(variable.get("name")), words(variable.get("value"))
                if value not in secrets and reveals(name, value):
                    yield Finding(
                        workload.id,
                        (*pointer, "value"),
                        f"`{name}` of container `{container.name}` looks like a secret in plain text",
                        f"refer to a Secret, as `{name}: {{secret: NAME, key: KEY}}`",
                    )
    for name, config in view.of("ConfigMap"):
        for key, value in table(config, "data").items():
            if words(value) not in secrets and reveals(str(key), words(value)):
                yield Finding(
                    name,
                    ("data", key),
                    f"`{key}` of ConfigMap `{words(table(config, 'metadata').get('name'))}` looks like it holds a secret "
                    "in plain text",
                    "keep it in a Secret, and let the container refer to that",
                )


RULES: Final = (
    LintRule(Rule("KR615", "unexpanded-variable", "warning"), "warn", unexpanded_variable),
    LintRule(Rule("KR616", "literal-credential", "warning"), "warn", literal_credential),
)
