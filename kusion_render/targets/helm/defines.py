"""The named templates of a chart (`_helpers.tpl`); a chart holds those that its objects call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LABELS: Final = ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/instance")
VERSION_LABEL: Final = "app.kubernetes.io/version"
"""The labels that a chart adds to the metadata of every object, never to a selector."""

_LABEL_LINES: Final = {
    "helm.sh/chart": '{{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}',
    "app.kubernetes.io/managed-by": "{{ .Release.Service | quote }}",
    "app.kubernetes.io/instance": "{{ .Release.Name | quote }}",
}
_VERSION_LINES: Final = """\
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ regexReplaceAll "[^A-Za-z0-9._-]" . "_" | trunc 63 | trimAll "-_." | quote }}
{{- end }}
"""

# Each prints YAML that its caller indents; CHART is the chart's name, so that charts in one release don't meet.
_TEXTS: Final = {
    "image": """\
{{/* An image as one text: repository, tag and digest, of which the last two may be empty. */}}
{{- define "CHART.image" -}}
{{- $image := .repository }}
{{- with .tag }}{{ $image = printf "%s:%s" $image . }}{{ end }}
{{- with .digest }}{{ $image = printf "%s@%s" $image . }}{{ end }}
{{- $image | quote }}
{{- end }}
""",
    "env": """\
{{/*
Environment variables: a map of values, in an order. Kubernetes replaces $(NAME) only by variables that stand before.
Variables that the order does not name come last, by name.
*/}}
{{- define "CHART.env" -}}
{{- $env := .env }}
{{- range $name := concat .order (keys $env | sortAlpha) | uniq }}
{{- $value := get $env $name }}
{{- if kindIs "map" $value }}
- name: {{ $name | quote }}
  valueFrom:
    {{- toYaml $value | nindent 4 }}
{{- else if and (hasKey $env $name) (not (kindIs "invalid" $value)) }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
""",
    "texts": """\
{{/* A map of texts, each in quotes. */}}
{{- define "CHART.texts" -}}
{{- range $key, $value := . }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end }}
""",
    "checksum": """\
{{/* A digest of ConfigMaps, so that pods restart when their configuration changes. */}}
{{- define "CHART.checksum" -}}
{{- $text := "" }}
{{- range $config := . }}
{{- range $field := list "data" "binaryData" }}
{{- range $part := list $config.name $field }}
{{- $text = printf "%s%d:%s" $text (len (splitList "" $part)) $part }}
{{- end }}
{{- range $key, $value := get $config $field }}
{{- range $part := list $key $value }}
{{- $text = printf "%s%d:%s" $text (len (splitList "" $part)) $part }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $text | sha256sum | quote }}
{{- end }}
""",
}


def define(chart: str, labels: Iterable[str], common: Sequence[str], used: Iterable[str]) -> str:
    """Return `_helpers.tpl`.

    `labels` are those of ours that no object has as its own, `common` the lines that all objects' labels share;
    `used` are the texts of the templates.
    """
    ours = set(labels)
    lines = [f"{name}: {_LABEL_LINES[name]}" for name in LABELS if name in ours]
    version = _VERSION_LINES.splitlines() if VERSION_LABEL in ours else []
    parts = [
        _labels(
            chart, "ours", "Labels that say where an object comes from. Never part of a selector.", [*lines, *version]
        )
    ]
    if common:
        include = f'{{{{- include "{chart}.ours" . }}}}'
        parts.append(_labels(chart, "labels", "Labels of all objects.", [include, *common]))
    text = "\n".join(used)
    for name, body in _TEXTS.items():
        if f'"{chart}.{name}"' in text:
            parts.append(body.replace("CHART", chart))
    return "\n".join(parts)


def _labels(chart: str, name: str, about: str, lines: Sequence[str]) -> str:
    body = "\n".join(lines)
    return f'{{{{/* {about} */}}}}\n{{{{- define "{chart}.{name}" -}}}}\n{body}\n{{{{- end }}}}\n'


def called(text: str) -> set[str]:
    """Return the named templates that a text calls."""
    return set(re.findall(r'include "([^"]+)"', text))
