"""Helm chart for each app, or for the project: values by stack, a schema, and the same objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import UsageError
from kusion_render.targets.helm.chart import Chart
from kusion_render.targets.helm.files import chart_files
from kusion_render.targets.helm.gathering import entries_of, variants_of
from kusion_render.targets.helm.package import package
from kusion_render.targets.helm.values import camel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import Spec
    from kusion_render.targets.helm.gathering import Entry
    from kusion_render.targets.helm.union import Variant
    from kusion_render.targets.helm.values import Path

SCOPE: Final = "project"
OPTIONS: Final = ("chart_per", "chart_version", "app_version", "package")
PROFILE: Final = "helm"
VERSION: Final = "0.1.0"

# The grammar of semver.org.
_SEMVER: Final = (
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)


def emit(specs: Sequence[Spec], options: Mapping[str, Json], diagnostics: Diagnostics) -> dict[str, str | bytes]:
    """Return the charts of all projects: `<project>/<app>/…`, or `<project>/…` with the option `chart_per: project`.

    `chart_version` is SemVer, `app_version` any text; `package` adds `packages/<project>/<chart>-<version>.tgz`.
    Reports KR410 to KR415.

    Raises:
        UsageError: when `chart_version` is no SemVer.
    """
    version = str(options.get("chart_version") or VERSION)
    if not re.fullmatch(_SEMVER, version, re.ASCII):
        raise UsageError(f"--chart-version: `{version}` is no semantic version, as `1.2.3` is")
    files: dict[str, str | bytes] = {}
    for project, folder, chart in charts(specs, str(options.get("chart_per") or "app"), diagnostics):
        made = chart_files(chart, project, version, str(options.get("app_version") or ""), diagnostics)
        files |= {f"{folder}/{path}": text for path, text in made.items()}
        if options.get("package"):
            files[f"packages/{project}/{chart.name}-{version}.tgz"] = package(chart.name, made)
    return files


def charts(specs: Sequence[Spec], per: str, diagnostics: Diagnostics) -> Iterator[tuple[str, str, Chart]]:
    """Yield the charts of all projects, each with its project and its folder."""
    projects: dict[str, list[Spec]] = {}
    for spec in specs:
        projects.setdefault(spec.stack.project.name, []).append(spec)
    for project, renders in projects.items():
        variants = variants_of(renders)
        apps = _apps(project, variants)
        if per == "project":
            homes = _homes(list(apps))
            groups = [(homes[name], entries) for name, entries in apps.items()]
            yield project, project, Chart(project, variants, groups, diagnostics)
            continue
        for name, entries in apps.items():
            yield project, f"{project}/{name}", Chart(name, variants, [((), entries)], diagnostics)


def _apps(project: str, variants: Sequence[Variant]) -> dict[str, list[Entry]]:
    """Return the objects by app; what belongs to none comes last, under a name of its own."""
    names = list(dict.fromkeys(resource.app for variant in variants for resource in variant.spec.resources))
    apps = {name: entries_of(variants, name) for name in names if name}
    if "" in names:
        shared = f"{project}-shared"
        apps[shared if shared not in apps else f"{shared}-objects"] = entries_of(variants, "")
    return apps


def _homes(names: Sequence[str]) -> dict[str, Path]:
    homes: dict[str, Path] = {}
    for name in names:
        wish, number = camel(name), 2
        while (wish,) in homes.values() or wish in ("commonLabels", "stack", "tests", "global", "enabled", "tags"):
            wish, number = f"{camel(name)}{number}", number + 1
        homes[name] = (wish,)
    return homes
