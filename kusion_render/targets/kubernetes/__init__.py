"""Plain Kubernetes YAML: one stream, or one file an object."""

from __future__ import annotations

from kusion_render.kubernetes.file_names import file_name
from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.yamlio import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import Spec

SCOPE: Final = "stack"
OPTIONS: Final = ("kustomization",)


def manifests(spec: Spec) -> list[dict[str, Any]]:
    """Return a Spec's objects in the order to apply them, keys in the order to read them."""
    return [ordered(manifest) for manifest in sorted((each.attributes for each in spec.resources), key=sort_key)]


def stream(specs: Sequence[Spec], diagnostics: Diagnostics) -> Iterator[str]:
    """Yield the documents of one YAML stream, each with its leading `---` but the first."""
    del diagnostics  # every object can be written as YAML
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
            names[file_name(manifest, names)] = dump(manifest)
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
