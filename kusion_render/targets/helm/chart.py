"""One chart: the objects of an app, or of a whole project, as templates and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import Rule, Span
from kusion_render.kubernetes.file_names import file_name
from kusion_render.kubernetes.pods import pod_template
from kusion_render.kubernetes.references import references
from kusion_render.targets.helm import surface
from kusion_render.targets.helm.hosts import Hosts
from kusion_render.targets.helm.labels import Labels
from kusion_render.targets.helm.template import template
from kusion_render.targets.helm.union import Union, present
from kusion_render.targets.helm.values import UNSET, Values, same
from kusion_render.targets.helm.workload import checksum_slot, image_parts, pod_slots
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.targets.helm.gathering import Entry
    from kusion_render.targets.helm.union import Pointer, Slot, Variant, Vector
    from kusion_render.targets.helm.values import Path

UNNAMED: Final = Rule("KR410", "unnamed-object")
ENCRYPTED: Final = Rule("KR412", "encrypted-object")
OWN_NAMESPACE: Final = Rule("KR413", "chart-makes-its-namespace", "warning")
HOOK_TOO_EARLY: Final = Rule("KR414", "hook-too-early", "warning")

_HOOK: Final = "helm.sh/hook"


class Chart:
    """Templates and values of one chart, built at once; `groups` are homes of values with their objects.

    `templates` are texts by file name, `crds` too. `services`, each with its condition and the code of its name, and
    `hosts`, each with its condition, are what NOTES.txt and the tests speak of.
    """

    def __init__(
        self,
        name: str,
        variants: Sequence[Variant],
        groups: Sequence[tuple[Path, Sequence[Entry]]],
        diagnostics: Diagnostics,
    ) -> None:
        self.name: Final = name
        self.variants: Final = variants
        self.values: Final = Values(len(variants))
        self.templates: Final[dict[str, str]] = {}
        self.crds: Final[dict[str, str]] = {}
        self.services: Final[list[tuple[Entry, str, str]]] = []
        self.hosts: Final[list[tuple[Hosts, str]]] = []
        self.main: Entry | None = None
        self._diagnostics: Final = diagnostics
        # Only objects that every values file can name; the others are reported.
        usable = [(home, [entry for entry in entries if self._is_usable(entry)]) for home, entries in groups]
        everything = [entry for _, entries in usable for entry in entries]
        self._report_hooks(everything)
        self.labels: Final = Labels(name, [each for each in everything if not _is_fixed_crd(each)], self.values)
        for home, entries in usable:
            self._add_group(home, entries)
        self.values.items.sort(key=lambda item: _rank(item.path, [home for home, _ in groups]))

    @property
    def app_version(self) -> str:
        """The tag of the workload's image, empty without one."""
        found = pod_template(self.main.manifest) if self.main is not None else None
        image = found[1]["spec"]["containers"][0].get("image") if found else None
        return image_parts(image)[1] if isinstance(image, str) else ""

    def _is_usable(self, entry: Entry) -> bool:
        where = Span(self.variants[0].spec.stack.file)
        if not entry.manifest["metadata"].get("name"):
            self._diagnostics.report(
                UNNAMED,
                f"a {entry.kind} has no name, and an object of a chart needs one",
                where,
                help="give it `metadata.name` instead of `generateName`",
            )
            return False
        if any("sops" in each for each in present(entry.vector)):
            self._diagnostics.report(
                ENCRYPTED,
                f"{entry.title} is encrypted by SOPS, and Helm can't decrypt it",
                where,
                help="keep it beside the chart, or refer to an external secret",
            )
            return False
        if entry.kind == "Namespace" and any(
            each is not UNSET and each["metadata"]["name"] == variant.namespace
            for variant, each in zip(self.variants, entry.vector, strict=True)
        ):
            self._diagnostics.report(
                OWN_NAMESPACE,
                f"the chart `{self.name}` makes the namespace that it is installed into",
                where,
                help="install it with `--create-namespace --set namespace.enabled=false`, or drop `create: true`",
            )
        return True

    def _report_hooks(self, entries: Sequence[Entry]) -> None:
        plain = {(entry.kind, entry.name) for entry in entries if not _hook(entry)}
        for entry in entries:
            if "pre-install" not in _hook(entry):
                continue
            needed = [each for each in references(entry.manifest) if (each.kind, each.name) in plain]
            if needed:
                self._diagnostics.report(
                    HOOK_TOO_EARLY,
                    f"{entry.title} runs before a first install, and its {needed[0].kind} `{needed[0].name}` comes after",
                    Span(self.variants[0].spec.stack.file),
                    help="let it run `after`, or make what it needs by another chart",
                )

    def _add_group(self, home: Path, entries: Sequence[Entry]) -> None:
        kinds = [entry.kind for entry in entries]
        configs: dict[str, tuple[Vector, str]] = {}
        scaler = next((entry for entry in entries if entry.kind == "HorizontalPodAutoscaler"), None)
        switches: dict[int, str] = {}
        places: dict[int, Path] = {}
        for entry in entries:
            only = kinds.count(entry.kind) == 1
            place = (*home, *surface.object_path(entry.kind, entry.name, only=only))
            if entry.resource.workload and self._is_main(entry, entries):
                self.main = entry
                place = home
            places[id(entry)] = place
            switches[id(entry)] = self._switch(entry, place if place != home else (*home, "workload"))
        scaled_by = switches[id(scaler)] if scaler is not None else ""
        for entry in entries:
            self._add(entry, places[id(entry)], switches[id(entry)], scaled_by, configs)

    @staticmethod
    def _is_main(entry: Entry, entries: Sequence[Entry]) -> bool:
        return entry is next(each for each in entries if each.resource.workload)

    def _switch(self, entry: Entry, place: Path) -> str:
        """Return the condition under which the object is made; a value for what not every stack has."""
        there = [each is not UNSET for each in entry.vector]
        if _is_fixed_crd(entry) or (all(there) and entry.kind not in surface.SWITCHED):
            return ""
        return self.values.add((*place, "enabled"), there, f"Whether {entry.title} is made.", {"type": "boolean"})

    def _add(
        self, entry: Entry, place: Path, switch: str, scaled_by: str, configs: dict[str, tuple[Vector, str]]
    ) -> None:
        if _is_fixed_crd(entry):
            self.crds[file_name(entry.manifest, self.crds)] = dump(entry.manifest)
            return
        slots: dict[Pointer, Slot] = {("metadata", "labels"): self.labels.slot}
        for known in surface.KINDS.get(entry.kind, ()):
            slots[known.pointer] = surface.slot(known, self.name, place)
        if entry.kind == "Ingress":
            hosts = Hosts(place)
            slots |= hosts.slots
            self.hosts.append((hosts, switch))
        pods, roots = pod_slots(entry.vector, self.name, place, scaled_by=scaled_by)
        for pointer, made in pods.items():
            annotates = pointer[-2:] == ("metadata", "annotations")
            slots[pointer] = checksum_slot(self.name, made, configs) if annotates else made
        union = Union(self.variants, self.values, place, entry.title, self._diagnostics, slots=slots, roots=roots)
        node = union.fields(entry.vector)
        assert node is not None, entry.title  # noqa: S101 - every object has apiVersion, kind and metadata
        self.templates[file_name(entry.manifest, self.templates)] = template(node, switch)
        read = ".".join((".Values", *place, "data"))
        if entry.kind == "ConfigMap" and any(item.path == (*place, "data") for item in self.values.items):
            configs[entry.name] = (entry.vector, read)
        if entry.kind == "Service":
            names = [each if each is UNSET else each["metadata"]["name"] for each in entry.vector]
            self.services.append((entry, switch, union.text_code(names)))


def _hook(entry: Entry) -> str:
    annotations = entry.manifest["metadata"].get("annotations")
    return str(annotations.get(_HOOK) or "") if isinstance(annotations, dict) else ""


def _is_fixed_crd(entry: Entry) -> bool:
    """Tell whether it is a CustomResourceDefinition that is the same everywhere: Helm installs those first."""
    if entry.kind != "CustomResourceDefinition" or UNSET in entry.vector:
        return False
    return all(same(entry.manifest, each) for each in entry.vector)


_LAST: Final = ("commonLabels", "stack")
_FIRST: Final = ("enabled", "replicas", "image", "env", "envOrder", "resources", "containers", "initContainers")


def _rank(path: Path, homes: Sequence[Path]) -> tuple[int, int]:
    """Sort values by app, what people set most to the front, and what counts for the whole chart to the end."""
    number = next((at for at, home in enumerate(homes) if path[: len(home)] == home), len(homes))
    home = homes[number] if number < len(homes) else ()
    if not home and path[0] in _LAST:
        return len(homes), 0
    rest = path[len(home)]
    return number, _FIRST.index(rest) if rest in _FIRST else len(_FIRST)
