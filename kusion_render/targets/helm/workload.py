"""The values of pods: images, environment, resources, and what a pod template has beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.kubernetes.pods import pod_template
from kusion_render.targets.helm.surface import (
    POD_FIELDS,
    REPLICAS,
    REPLICATED,
    SCALAR,
    WHOLE,
    Known,
    emptied,
    slot,
)
from kusion_render.targets.helm.template import Block, Expression, Field, Fields, go_list, go_text
from kusion_render.targets.helm.union import ItemKey, merged_order, present
from kusion_render.targets.helm.values import ABSENT, UNSET, camel, expression
from kusion_render.transformers.config_hash import ANNOTATION, config_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.targets.helm.union import Pointer, Slot, Union, Vector
    from kusion_render.targets.helm.values import Path

_TEXT: Final = {"type": "string"}
_ENV_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": {"type": ["string", "object"], "description": "A text in quotes, or a `valueFrom`."},
}


def pod_slots(
    vector: Vector, chart: str, home: Path, *, scaled_by: str = ""
) -> tuple[dict[Pointer, Slot], dict[Pointer, Path]]:
    """Return what is known of the fields of an object that starts pods, and where the values of its containers are.

    `scaled_by` is the condition under which an autoscaler sets the number of pods.
    """
    known = present(vector)
    found = [pod_template(manifest) for manifest in known]
    if not all(found) or len({each[0] for each in found if each}) > 1:
        return {}, {}
    pointer = next(each[0] for each in found if each)
    place = tuple(str(step) for step in pointer)
    slots: dict[Pointer, Slot] = {}
    roots: dict[Pointer, Path] = {}
    if known[0]["kind"] in REPLICATED:
        both = scaled_by and any((manifest.get("spec") or {}).get("replicas") is not None for manifest in known)
        slots[REPLICAS.pointer] = slot(REPLICAS, chart, home, f"not {scaled_by}" if scaled_by and not both else "")
    for each in POD_FIELDS:
        slots[(*place, *each.pointer)] = slot(each, chart, home)
    templates: list[Mapping[str, Any]] = [each[1] for each in found if each]
    for field, folder in (("containers", "containers"), ("initContainers", "initContainers")):
        lists = [template["spec"].get(field) or [] for template in templates]
        names = list(dict.fromkeys(str(item.get("name")) for items in lists for item in items))
        for number, name in enumerate(names):
            # The first container is what the application is; its values need no name.
            inner = home if field == "containers" and number == 0 else (*home, folder, camel(name))
            container = (*place, "spec", field, ItemKey(name))
            roots[container] = inner
            slots |= _container_slots(container, chart, inner, name)
    return slots, roots


def _container_slots(pointer: Pointer, chart: str, home: Path, name: str) -> dict[Pointer, Slot]:
    pull = Known(("imagePullPolicy",), ("image", "pullPolicy"), SCALAR, "When to pull the image.", _TEXT)
    about = f"Requests and limits of the container {name}."
    resources = Known(("resources",), ("resources",), WHOLE, about, {"type": "object"})
    return {
        (*pointer, "image"): _image(chart, home, name),
        (*pointer, "imagePullPolicy"): slot(pull, chart, home),
        (*pointer, "env"): _environment(chart, home, name),
        (*pointer, "resources"): slot(resources, chart, home),
    }


def _image(chart: str, home: Path, name: str) -> Slot:
    def make(union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        del pointer
        if ABSENT in vector or not all(isinstance(each, str) for each in present(vector)):
            return None
        abouts = {
            "repository": f"Image of the container {name}, without its tag.",
            "tag": "Tag of the image; not used if empty.",
            "digest": "Digest of the image, as sha256:…; it wins over the tag.",
        }
        for number, (key, about) in enumerate(abouts.items()):
            entries = [each if each is UNSET else image_parts(each)[number] for each in vector]
            union.values.add((*home, "image", key), entries, about, _TEXT)
        return Field(Expression(f'include "{chart}.image" {expression((*home, "image"))}'))

    return make


def image_parts(image: str) -> tuple[str, str, str]:
    """Return repository, tag and digest of an image, which together are the same text again."""
    name, at, digest = image.partition("@")
    if at and not digest:
        return image, "", ""
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag or not tag or not repository:
        return name, "", digest
    return repository, tag, digest


def _environment(chart: str, home: Path, name: str) -> Slot:
    def make(union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        del pointer
        known = present(vector)
        if not known or not all(_is_environment(each) for each in known):
            return None
        if not union.fits_values([item["valueFrom"] for each in known for item in each if "valueFrom" in item]):
            return None
        orders = [[item["name"] for item in each] for each in known]
        order = merged_order(orders)
        maps = [each if each in (ABSENT, UNSET) else _as_map(each) for each in vector]
        about = f"Environment of the container {name}: texts in quotes, or what `valueFrom` holds."
        read = union.values.add((*home, "env"), emptied(maps, {}), about, _ENV_SCHEMA)
        if order is None:
            entries = [
                each if each is UNSET else [] if each is ABSENT else [i["name"] for i in each] for each in vector
            ]
            listed = union.values.add(
                (*home, "envOrder"),
                entries,
                "The order of the variables; $(NAME) refers to those before.",
                {"type": "array", "items": _TEXT},
            )
        else:
            listed = go_list(order)
        return Field(Block(f'include "{chart}.env" (dict "env" {read} "order" {listed}) | trim'), condition=read)

    return make


def _as_map(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["name"]: item["value"] if "value" in item else item["valueFrom"] for item in items}


def _is_environment(items: Any) -> bool:
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        return False
    names = [item.get("name") for item in items]
    return len(set(names)) == len(names) and all(
        item.keys() in ({"name", "value"}, {"name", "valueFrom"})
        and isinstance(item["name"], str)
        and (
            isinstance(item.get("value"), str) or (isinstance(item.get("valueFrom"), dict) and bool(item["valueFrom"]))
        )
        for item in items
    )


def checksum_slot(chart: str, inner: Slot, configs: Mapping[str, tuple[Vector, str]]) -> Slot:
    """Return what makes pod annotations whose digest of ConfigMaps follows the values.

    `configs` are ConfigMaps of the chart by name: what each is in every variant, and the expression that reads its
    data. A digest over anything else stays as it is.
    """

    def make(union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        known = present(vector)
        if not known or not all(isinstance(each, dict) and ANNOTATION in each for each in known) or ABSENT in vector:
            return inner(union, vector, pointer)
        names = _digested(vector, configs)
        if names is None:
            return inner(union, vector, pointer)
        parts = [f'(dict "name" {go_text(name)} "data" {configs[name][1]} "binaryData" dict)' for name in names]
        digest = Expression(f'include "{chart}.checksum" (list {" ".join(parts)})')
        rest = [
            each if each is UNSET else {key: text for key, text in each.items() if key != ANNOTATION} or ABSENT
            for each in vector
        ]
        others = inner(union, rest, pointer)
        block = others.node if others is not None else None
        if not isinstance(block, Block):
            return None
        return Field(Fields([Field(digest, ANNOTATION)], [Block(block.code, others.condition if others else "")]))

    return make


def _digested(vector: Vector, configs: Mapping[str, tuple[Vector, str]]) -> list[str] | None:
    """Return the ConfigMaps of which the annotation is the digest in every variant."""
    from itertools import combinations

    names = sorted(configs)
    if len(names) > 8:
        return None
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            if all(_is_digest(each, at, chosen, configs) for at, each in enumerate(vector) if each is not UNSET):
                return list(chosen)
    return None


def _is_digest(
    annotations: Mapping[str, str], at: int, names: Sequence[str], configs: Mapping[str, tuple[Vector, str]]
) -> bool:
    manifests = [configs[name][0][at] for name in names]
    if any(each is UNSET or each.get("binaryData") for each in manifests):
        return False
    return config_digest(manifests) == annotations[ANNOTATION]
