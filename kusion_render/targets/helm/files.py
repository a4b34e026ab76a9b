"""The files of a chart around its templates: what it is, what it says, and what it tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import Rule, Span
from kusion_render.kubernetes.file_names import safe
from kusion_render.targets.helm.defines import define
from kusion_render.targets.helm.package import package
from kusion_render.targets.helm.template import Block, Expression, Field, Fields, Items, Literal, go_text, template
from kusion_render.targets.helm.values import documented, schema
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.targets.helm.chart import Chart
    from kusion_render.targets.helm.template import Node

TOO_LARGE: Final = Rule("KR415", "chart-too-large", "warning")

# A release is a Secret that holds the chart, gzipped and in base64, beside its manifests.
_MOST_BYTES: Final = 700 * 1024
TEST_IMAGE: Final = "busybox:1.37.0"
# What the strictest Pod Security level asks for.
_POD_SECURITY: Final = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER_SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
_IGNORED: Final = """\
# Files that are no part of the chart when it is packaged.
.DS_Store
.git/
.gitignore
.kusion-render
*.bak
*.orig
*.swp
*.tgz
*.tmp
*~
.idea/
.vscode/
"""


def chart_files(chart: Chart, project: str, version: str, app_version: str, diagnostics: Diagnostics) -> dict[str, str]:
    """Return the files of a chart by path; KR415 warns of one that a release can't hold."""
    tests = dict(_tests(chart))
    about = {
        "apiVersion": "v2",
        "name": chart.name,
        "description": f"{chart.name} of the project {project}" if chart.name != project else f"The project {project}",
        "type": "application",
        "version": version,
    }
    if app_version or chart.app_version:
        about["appVersion"] = app_version or chart.app_version
    files: dict[str, str] = {"Chart.yaml": dump(dict(about)), ".helmignore": _IGNORED}
    files["values.yaml"] = documented(
        chart.values,
        [
            f"Values of the chart {chart.name}. Write what you change into a file of your own;",
            "values-<stack>.yaml says what a stack has otherwise.",
        ],
    )
    for number, variant in enumerate(chart.variants):
        differences = chart.values.differences(number)
        head = f"# What the stack {variant.name} has otherwise than values.yaml.\n"
        files[f"values-{variant.name}.yaml"] = head + dump(differences)
    files["values.schema.json"] = schema(chart.values, f"Values of the chart {chart.name}")
    files |= {f"crds/{name}": text for name, text in chart.crds.items()}
    files |= {f"templates/{name}": text for name, text in chart.templates.items()}
    files |= tests
    files["templates/NOTES.txt"] = _notes(chart)
    used = [*chart.templates.values(), *chart.labels.lines, *tests.values()]
    files["templates/_helpers.tpl"] = define(chart.name, chart.labels.ours, chart.labels.lines, used)
    if len(package(chart.name, files)) > _MOST_BYTES:
        diagnostics.report(
            TOO_LARGE,
            f"the chart `{chart.name}` is too large for the Secret in which Helm keeps a release",
            Span(chart.variants[0].spec.stack.file),
            help="keep large files out of ConfigMaps: mount a volume, or put them into the image",
        )
    return files


def _notes(chart: Chart) -> str:
    lines = ["{{ .Chart.Name }} is released as {{ .Release.Name }} in the namespace {{ .Release.Namespace }}."]
    if chart.services:
        lines += ["", "Services:"]
    for entry, switch, name in chart.services:
        shown = name.strip('"') if name.startswith('"') else f"{{{{ {name} }}}}"
        for port in entry.manifest["spec"].get("ports") or ():
            line = f"  {shown}:{port.get('port')}"
            lines += [f"{{{{- if {switch} }}}}", line, "{{- end }}"] if switch else [line]
    for hosts, switch in chart.hosts:
        notes = hosts.notes
        if notes:
            block = ["", "Hosts:", *notes]
            lines += [f"{{{{- if {switch} }}}}", *block, "{{- end }}"] if switch else block
    return "\n".join(lines) + "\n"


def _tests(chart: Chart) -> Iterator[tuple[str, str]]:
    """Yield the pods that `helm test` starts, one for each Service: they try its ports."""
    image = ""
    for entry, switch, name in chart.services:
        spec = entry.manifest["spec"]
        ports = [port["port"] for port in spec.get("ports") or () if port.get("protocol", "TCP") == "TCP"]
        if not ports or spec.get("type") == "ExternalName" or not spec.get("selector"):
            continue
        if not image:
            entries = [TEST_IMAGE for _ in chart.variants]
            about = "Image of the pods that `helm test` starts; it needs a shell and nc."
            image = chart.values.add(("tests", "image"), entries, about, {"type": "string"})
        yield f"templates/tests/{safe(entry.name)}.yaml", template(_test_pod(chart, name, ports, image), switch)


def _test_pod(chart: Chart, service: str, ports: Sequence[int], image: str) -> Fields:
    tries = " && ".join(f"nc -z -w 5 %s {port}" for port in ports)
    fixed = service.startswith('"')  # a name in quotes, else the code that makes one of the stack's
    command: Node = Expression(f"printf {go_text(tries)} {' '.join(service for _ in ports)} | quote")
    if fixed:
        command = Literal(tries.replace("%s", service.strip('"')))
    container = [
        Field(Literal("connect"), "name"),
        Field(Expression(f"{image} | quote"), "image"),
        Field(Items([Field(Literal("sh")), Field(Literal("-c")), Field(command)]), "command"),
        Field(Literal(_CONTAINER_SECURITY), "securityContext"),
    ]
    annotations = {"helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}
    spec = Fields(
        [
            Field(Items([Field(Fields(container))]), "containers"),
            Field(Literal("Never"), "restartPolicy"),
            Field(Literal(_POD_SECURITY), "securityContext"),
        ]
    )
    name = f'printf "%s-test-%s" .Release.Name {service} | trunc 63 | trimSuffix "-" | quote'
    if fixed:
        name = name.replace("%s-test-%s", f"%s-test-{service.strip(chr(34))}").replace(f"Name {service}", "Name")
    metadata = Fields(
        [
            Field(Expression(name), "name"),
            Field(Expression(".Release.Namespace | quote"), "namespace"),
            Field(Fields([], [Block(f'include "{chart.name}.ours" .')]), "labels"),
            Field(Literal(annotations), "annotations"),
        ]
    )
    head = [Field(Literal("v1"), "apiVersion"), Field(Literal("Pod"), "kind")]
    return Fields([*head, Field(metadata, "metadata"), Field(spec, "spec")])
