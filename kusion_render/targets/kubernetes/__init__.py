"""Plain Kubernetes YAML: one stream, or one file an object."""

from __future__ import annotations

from kusion_render.kubernetes.limits import shorten
from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.kubernetes.scopes import KNOWN_KINDS
from kusion_render.yamlio import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import Spec

SCOPE: Final = "stack"

_SUFFIX: Final = ".yaml"
_LONGEST: Final = 255 - len(_SUFFIX)


def manifests(spec: Spec) -> list[dict[str, Any]]:
    """Return a Spec's objects in the order to apply them, keys in the order to read them."""
    return [ordered(manifest) for manifest in sorted((each.attributes for each in spec.resources), key=sort_key)]


def stream(specs: Sequence[Spec]) -> Iterator[str]:
    """Yield the documents of one YAML stream, each with its leading `---` but the first."""
    first = True
    for spec in specs:
        for manifest in manifests(spec):
            yield dump(manifest) if first else "---\n" + dump(manifest)
            first = False


def emit(specs: Sequence[Spec], options: Mapping[str, Json], diagnostics: Diagnostics) -> dict[str, str | bytes]:
    """Return `<project>/<stack>[@<workspace>]/<kind>[.<group>]-<name>.yaml` for every object.

    The option `kustomization` adds a `kustomization.yaml` to each folder, as Flux and kustomize want one.
    """
    del diagnostics  # every object can be written as YAML
    files: dict[str, str | bytes] = {}
    for spec in specs:
        folder = spec.key
        names: dict[str, str] = {}
        for manifest in manifests(spec):
            names[_free_name(manifest, names)] = dump(manifest)
        files.update({f"{folder}/{name}": text for name, text in names.items()})
        if options.get("kustomization"):
            files[f"{folder}/kustomization.yaml"] = dump(
                {
                    "apiVersion": "kustomize.config.k8s.io/v1beta1",
                    "kind": "Kustomization",
                    "resources": [*sorted(names)],
                }
            )
    return files


def _free_name(manifest: Mapping[str, Any], taken: Mapping[str, str]) -> str:
    kind, metadata = manifest["kind"], manifest["metadata"]
    group = manifest["apiVersion"].rpartition("/")[0]
    sort = kind if (group, kind) in KNOWN_KINDS else f"{kind}.{group}"
    name = metadata.get("name") or ""
    for parts in ((sort, name), (sort, metadata.get("namespace") or "", name), (f"{kind}.{group}", "", name)):
        wish = _safe("-".join(part for part in parts if part)) + _SUFFIX
        if wish not in taken:
            return wish
    return shorten(_safe(f"{kind}.{group}-{manifest['apiVersion']}-{name}-again"), _LONGEST) + _SUFFIX


def _safe(name: str) -> str:
    """Return a file name that no file system takes for another: lower case, no separator or drive sign."""
    plain = "".join(char if char.isalnum() or char in "-._" else "-" for char in name.lower())
    return plain if len(plain) <= _LONGEST else shorten(plain, _LONGEST)
