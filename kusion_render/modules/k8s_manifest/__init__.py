"""Manifests as they stand, from files of the repository or written inline."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten
from kusion_render.kubernetes.objects import is_encrypted, misshape
from kusion_render.kubernetes.reserved import without_reserved
from kusion_render.kubernetes.scopes import is_cluster_scoped
from kusion_render.model import Resource
from kusion_render.modules import GeneratorResponse
from kusion_render.workload.secret import check_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer, Where
    from kusion_render.model import WrittenManifest
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

BAD_MANIFEST: Final = Rule("KR344", "bad-manifest")
NOT_PREVIEWABLE: Final = Rule("KR345", "not-previewable")
ENCRYPTED: Final = Rule("KR346", "encrypted-without-namespace", "warning")

# Their names are made of other names, so that a preview can't give them others.
_FIXED_NAMES: Final = frozenset(("CustomResourceDefinition", "APIService"))


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Pass on the objects of `paths`, then those of `resources`; what is no Kubernetes object is KR344."""
    made = []
    for place, source, manifest in _written(request):
        where: Where = source.span() if source is not None else Place(place)
        problem = _problem(manifest)
        if problem is not None:
            pointer, message = problem
            diagnostics.report(
                BAD_MANIFEST,
                message,
                source.span(pointer) if source is not None else Place((*place, *pointer)),
                help="write a whole Kubernetes object, with `apiVersion`, `kind` and `metadata.name`",
            )
            continue
        _check_secret(request, manifest, where, diagnostics)
        completed = _completed(request, manifest, where, diagnostics)
        made.append(Resource(completed, request.module, app=request.app, place=place, source=source))
    return GeneratorResponse(made)


def _written(request: GeneratorRequest) -> Iterator[tuple[Pointer, WrittenManifest | None, Any]]:
    for number, path in enumerate(request.config.get("paths") or ()):
        for written in request.context.manifests.get(path, ()):
            yield (*request.place, "paths", number), written, written.data
    for number, manifest in enumerate(request.config.get("resources") or ()):
        yield (*request.place, "resources", number), None, manifest


def _problem(manifest: Any) -> tuple[Pointer, str] | None:
    """Return where a document is no Kubernetes object, and why."""
    if not isinstance(manifest, dict):
        return (), "this document is no map, so it is no Kubernetes object"
    for key in ("apiVersion", "kind"):
        if not manifest.get(key) or not isinstance(manifest[key], str):
            return (), f"this document has no `{key}`, so it is no Kubernetes object"
    if not manifest["kind"].isalnum():
        return ("kind",), f"`{manifest['kind']}` is no kind of object"
    found = misshape(manifest)
    if found is None and not (manifest.get("metadata") or {}).get("name"):
        return ("metadata",), f"this {manifest['kind']} has no `metadata.name`"
    if found is None and manifest["kind"] in ("ConfigMap", "Secret"):
        return _odd_data(manifest)
    return found


def _odd_data(manifest: Mapping[str, Any]) -> tuple[Pointer, str] | None:
    for field in ("data", "binaryData", "stringData"):
        values = manifest.get(field) or {}
        if not isinstance(values, dict):
            return (field,), f"`{field}` must be a map"
        for key, value in values.items():
            if not isinstance(value, str):
                return (field, key), f"`{key}` in `{field}` must be text; put it in quotes"
    return None


def _check_secret(
    request: GeneratorRequest, manifest: Mapping[str, Any], where: Where, diagnostics: Diagnostics
) -> None:
    if (manifest["apiVersion"], manifest["kind"]) != ("v1", "Secret"):
        return
    values = [value for field in ("data", "stringData") for value in (manifest.get(field) or {}).values()]
    if not (is_encrypted(manifest) and all(value.startswith("ENC[") for value in values)) and any(values):
        check_literal(request, manifest["metadata"]["name"], where, diagnostics)


def _completed(
    request: GeneratorRequest, manifest: dict[str, Any], where: Where, diagnostics: Diagnostics
) -> dict[str, Any]:
    """Return a manifest with its namespace, without what only the cluster writes; an encrypted one as it is.

    Kusion fills in no namespace.
    """
    scoped = not is_cluster_scoped(manifest["apiVersion"], manifest["kind"], request.context.cluster_scoped)
    if is_encrypted(manifest):
        said = manifest["metadata"].get("namespace") or ""
        if scoped and said and request.context.preview and said != request.context.namespace:
            _report_shared(f"this encrypted object can't leave the namespace `{said}`", where, diagnostics)
        elif scoped and not said:
            diagnostics.report(
                ENCRYPTED,
                f"the encrypted {manifest['kind']} `{manifest['metadata']['name']}` says no namespace",
                where,
                help="write `metadata.namespace` and encrypt it anew; nothing may be added to it afterwards",
            )
        return manifest
    result = without_reserved(manifest)
    metadata = dict(result["metadata"])
    for field, beneath in (("labels", request.app_labels), ("annotations", request.app_annotations)):
        if beneath:
            metadata[field] = {**beneath, **(metadata.get(field) or {})}
    if scoped:
        namespace = _namespace(request, metadata.get("namespace") or "", where, diagnostics)
        metadata.update({"namespace": namespace} if namespace else {})
    elif request.context.preview and manifest["kind"] in _FIXED_NAMES:
        _report_shared(f"the {manifest['kind']} `{metadata['name']}` can have no other name", where, diagnostics)
    return {**result, "metadata": metadata}


def _namespace(request: GeneratorRequest, said: str, where: Where, diagnostics: Diagnostics) -> str:
    context = request.context
    if not said:
        return "" if request.kusion else context.namespace
    if not context.preview or said == context.namespace:
        return said
    if shorten(f"{said}-{context.preview}", LABEL_LENGTH) == context.namespace:
        return context.namespace
    _report_shared(f"this object is in the namespace `{said}`, not in the preview's", where, diagnostics)
    return said


def _report_shared(what: str, where: Where, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        NOT_PREVIEWABLE,
        f"{what}, so a preview would share it with what it previews",
        where,
        help="keep it in a stack of its own, which is not previewed",
    )
