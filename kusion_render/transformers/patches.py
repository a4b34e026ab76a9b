"""Patches that users write on finished objects: strategic merge, JSON merge patch (RFC 7396), JSON Patch (RFC 6902).

`merge` is Kubernetes' strategic merge for built-in kinds, whose lists have merge keys, and RFC 7396 for all others.
"""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.json_patch import JsonPatchError, json_patch, merge_patch
from kusion_render.kubernetes.harm import harm
from kusion_render.kubernetes.merge_keys import patch_problems, strategic_merge
from kusion_render.kubernetes.scopes import KNOWN_KINDS, group
from kusion_render.suggestion import listing, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer

PATCH_TARGET: Final = Rule("KR332", "patch-matches-nothing")
BAD_PATCH: Final = Rule("KR333", "bad-patch")


def apply_patches(
    manifests: Sequence[dict[str, Any]],
    patches: Sequence[Mapping[str, Any]],
    diagnostics: Diagnostics,
    pointer: Pointer,
    *,
    document: str = "apps",
    required: bool = True,
) -> list[dict[str, Any]]:
    """Return the manifests, one for one, with every patch laid over those that its `target` names.

    A patch is `{target: {kind, name?, group?}, merge: …}` or `{target, json6902: [operations]}`, as the schemas check.
    `pointer` is the place of the list in `document`. One that matches nothing is KR332 where that is `required`; KR333
    is one that can't be applied, changes which object it is, or leaves no pods where there were some.
    """
    result = list(manifests)
    for number, patch in enumerate(patches):
        place = (*pointer, number)
        chosen = [at for at, manifest in enumerate(result) if matches(manifest, patch["target"])]
        if not chosen and required:
            _report_idle(patch["target"], result, Place((*place, "target"), document=document), diagnostics)
        for at in chosen:
            result[at] = _patched(result[at], patch, diagnostics, place, document)
    return result


def matches(manifest: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Tell whether a patch's target names this object: each of its keys `kind`, `name` and `group` must be the same."""
    found = {
        "kind": manifest.get("kind"),
        "name": (manifest.get("metadata") or {}).get("name"),
        "group": _group(manifest),
    }
    return all(found[key] == value for key, value in target.items())


def _group(manifest: Mapping[str, Any]) -> str:
    return group(str(manifest.get("apiVersion") or ""))


def _report_idle(
    target: Mapping[str, Any], manifests: Sequence[Mapping[str, Any]], place: Place, diagnostics: Diagnostics
) -> None:
    wanted = "/".join(str(target[key]) for key in ("kind", "name") if key in target)
    known = sorted(f"{each['kind']}/{each['metadata'].get('name', '')}" for each in manifests)
    kinds = sorted({name.partition("/")[0] for name in known})
    hint = suggest(wanted, known if "name" in target else kinds, listing(known))
    diagnostics.report(PATCH_TARGET, f"no object is a `{wanted}`, so this patch does nothing", place, help=hint)


def _patched(
    manifest: dict[str, Any], patch: Mapping[str, Any], diagnostics: Diagnostics, pointer: Pointer, document: str
) -> dict[str, Any]:
    kind = manifest["kind"]
    if "json6902" in patch:
        try:
            changed = json_patch(manifest, patch["json6902"])
        except JsonPatchError as error:
            place = Place((*pointer, "json6902", *error.pointer), document=document)
            diagnostics.report(BAD_PATCH, f"{error} of {_called(manifest)}", place, help=error.help)
            return manifest
    elif (_group(manifest), kind) in KNOWN_KINDS:
        for where, problem in patch_problems(patch["merge"], kind):
            place = Place((*pointer, "merge", *where), document=document)
            diagnostics.report(BAD_PATCH, problem, place, help="see Kubernetes' strategic merge patch")
        changed = strategic_merge(manifest, patch["merge"], kind)
    else:
        changed = merge_patch(manifest, patch["merge"])
    problem = harm(manifest, changed)
    if problem:
        diagnostics.report(
            BAD_PATCH,
            f"the patch {problem} {_called(manifest)}",
            Place(pointer, document=document),
            help="patch the fields beneath; what an object is called and is comes from its app",
        )
        return manifest
    result: dict[str, Any] = changed
    return result


def _called(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['kind']} `{manifest['metadata'].get('name', '')}`"
