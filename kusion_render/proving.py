"""Charts and overlays against the plain manifests: what Helm and kubectl make of them, field by field."""

from __future__ import annotations

import math
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any, Final, Self

from kusion_render.diagnostics import Diagnostics, ToolError
from kusion_render.process import find, run
from kusion_render.report.masking import may_be_secret
from kusion_render.targets import load
from kusion_render.yamlio import AMBIGUOUS, Limits, Plain, parse_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.model import Spec

PROGRAMS: Final = {"helm": "helm", "kustomize": "kubectl"}
"""The program that reads what each target writes."""

LABELS: Final = (
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "helm.sh/chart",
)
"""Labels that a chart adds to the metadata of its objects; they alone may differ."""

RELEASE: Final = "release"
_SECONDS: Final = 60.0
_LIMITS: Final = Limits(max_bytes=256 << 20, depth=200, nodes=20_000_000, documents=1_000_000)
_GO_NUMBER: Final = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_HIDDEN: Final = "(hidden)"
_LONGEST: Final = 200
_LONGEST_SAID: Final = 600


class _Nothing:
    """The type of what is not there."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING: Final = _Nothing()


def missing_tools(names: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the programs that are needed for targets and not installed."""
    missing = []
    for name in names:
        try:
            find(PROGRAMS[name], environment)
        except ToolError:
            missing.append(PROGRAMS[name])
    return missing


class Proof:
    """A target's files in a temporary folder, asked for what they come to; a context manager."""

    def __init__(
        self, target: str, specs: Sequence[Spec], options: Mapping[str, Json], environment: Mapping[str, str]
    ) -> None:
        self._target: Final = target
        self._specs: Final = specs
        self._options: Final = options
        self._path: Final = environment.get("PATH", os.defpath)
        self._temporary: Final = tempfile.TemporaryDirectory(prefix="kusion-render-prove-")
        self.folder: Final = os.path.join(self._temporary.name, "files")
        self._files: Mapping[str, str | bytes] = {}

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the files."""
        self._temporary.cleanup()

    def write(self, diagnostics: Diagnostics) -> None:
        """Write the target's files; problems are the target's."""
        target = load(self._target)
        assert target is not None, self._target  # noqa: S101 - both come along
        self._files = target.emit(self._specs, self._options, diagnostics)
        for path, content in self._files.items():
            place = os.path.join(self.folder, *path.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as stream:
                stream.write(content.encode() if isinstance(content, str) else content)

    def objects(self, spec: Spec) -> list[Any]:
        """Return what a stack's values, or its overlay, come to.

        Raises:
            ToolError: when the program fails.
        """
        return self._of_charts(spec) if self._target == "helm" else self._of_overlay(spec)

    def _of_charts(self, spec: Spec) -> list[Any]:
        project, _, name = spec.key.partition("/")
        found: list[Any] = []
        for path in self._files:
            folder = path.removesuffix("/Chart.yaml")
            if folder == path or folder.partition("/")[0] != project:
                continue
            place = os.path.join(self.folder, *folder.split("/"))
            values = os.path.join(place, f"values-{name}.yaml")
            command = ["helm", "template", RELEASE, place, "--values", values, "--namespace", spec.namespace.name]
            found += self._read([*command, "--skip-tests", "--include-crds"])
        return [_without_labels(each) for each in found]

    def _of_overlay(self, spec: Spec) -> list[Any]:
        project, _, name = spec.key.partition("/")
        if f"{project}/overlays/{name}/kustomization.yaml" not in self._files:
            return []
        return self._read(["kubectl", "kustomize", os.path.join(self.folder, project, "overlays", name)])

    def _failure(self, command: Sequence[str], errors: str) -> str:
        """Return what a program said at last, shortened, without our folder and without values of Secrets."""
        lines = [line for line in errors.replace(f"{self.folder}{os.sep}", "").splitlines() if line.strip()]
        said = lines[-1] if lines else "it said nothing"
        for secret in sorted(set(_secrets(self._specs)), key=len, reverse=True):
            said = said.replace(secret, _HIDDEN)
        shown = said if len(said) <= _LONGEST_SAID else f"{said[:_LONGEST_SAID]}…"
        place = os.path.relpath(command[3 if command[0] == "helm" else 2], self.folder)
        return f"`{command[0]} {command[1]}` fails on `{place}`: {shown}"

    def _read(self, command: Sequence[str]) -> list[Any]:
        home = os.path.join(self._temporary.name, "home")
        folders = {f"HELM_{kind}_HOME": os.path.join(home, kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        environment = {"PATH": self._path, "HOME": home, "KUBECONFIG": os.devnull, **folders}
        done = run(command, environment, folder=self._temporary.name, seconds=_SECONDS, accept=None)
        if done.exit_code:
            raise ToolError(self._failure(command, done.errors))
        problems = Diagnostics()
        documents = parse_all(done.output, f"{command[0]}'s output", problems, limits=_LIMITS)
        if documents is None or problems.failed:
            raise ToolError(f"`{' '.join(command[:2])}` printed no YAML: {problems.items[0].message}")
        return [_as_go_reads(each.data) for each in documents if each.data is not None]


def _secrets(specs: Sequence[Spec]) -> Iterator[str]:
    """Yield the values of all Secrets, as they are written; short ones are no secrets."""
    for spec in specs:
        for resource in spec.resources:
            if resource.attributes["kind"] != "Secret":
                continue
            for field in ("data", "stringData"):
                values = resource.attributes.get(field)
                for text in values.values() if isinstance(values, dict) else ():
                    if isinstance(text, str) and len(text) > 3:
                        yield text


def _as_go_reads(value: Any) -> Any:
    """Return data as Kubernetes reads them: what readers disagree on, Go writes plain if it is a number, or text."""
    if isinstance(value, Plain):
        if value.value is not AMBIGUOUS:
            return value.value
        number = float(value) if re.fullmatch(_GO_NUMBER, value) else math.inf
        return str(value) if math.isinf(number) else number
    if isinstance(value, dict):
        return {str(key): _as_go_reads(inner) for key, inner in value.items()}
    return [_as_go_reads(inner) for inner in value] if isinstance(value, list) else value


def _without_labels(manifest: Any) -> Any:
    metadata = manifest.get("metadata") or {}
    labels = {key: text for key, text in (metadata.get("labels") or {}).items() if key not in LABELS}
    rest = {key: value for key, value in metadata.items() if key != "labels"}
    return {**manifest, "metadata": {**rest, "labels": labels} if labels else rest}


def differences(plain: Sequence[Any], other: Sequence[Any], *, labelled: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield each object that differs, with lines that say how; `labelled` leaves the labels of charts aside.

    A Secret's values, and what may be one, are hidden.
    """
    ours = _by_identity([_without_labels(each) for each in plain] if labelled else plain)
    theirs = _by_identity(other)
    for identity in [*ours, *(each for each in theirs if each not in ours)]:
        one, two = ours.get(identity, []), theirs.get(identity, [])
        if not two:
            yield identity, ["is missing"]
        elif not one:
            yield identity, ["is too much"]
        elif len(one) != len(two):
            yield identity, [f"is there {len(two)} times"]
        else:
            lines = [line for pair in zip(one, two, strict=True) for line in _field_lines(*pair, ())]
            if lines:
                yield identity, lines


def _by_identity(manifests: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for manifest in manifests:
        metadata = manifest.get("metadata") or {}
        name = "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)
        found.setdefault(f"{manifest.get('kind')} {name} ({manifest.get('apiVersion')})", []).append(manifest)
    return found


def _field_lines(one: Any, two: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in (*one, *(key for key in two if key not in one)):
            yield from _field_lines(one.get(key, _NOTHING), two.get(key, _NOTHING), (*path, str(key)))
    elif isinstance(one, list) and isinstance(two, list):
        for at in range(max(len(one), len(two))):
            pair = (one[at] if at < len(one) else _NOTHING, two[at] if at < len(two) else _NOTHING)
            yield from _field_lines(*pair, (*path, str(at)))
    elif not _equal(one, two):
        yield f"{'.'.join(path)}: {_shown(one, path)} in the manifest, {_shown(two, path)} here"


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, float) and isinstance(two, int):
        one, two = two, one
    # Go writes whole floats without a point, in as many digits as tell them apart.
    if isinstance(one, int) and isinstance(two, float):
        return float(one) == two
    return bool(one == two)


def _shown(value: Any, path: Sequence[str]) -> str:
    if value is _NOTHING:
        return "nothing"
    if path[:1] in (("data",), ("stringData",)) or may_be_secret(path, str(value)):
        return _HIDDEN
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
