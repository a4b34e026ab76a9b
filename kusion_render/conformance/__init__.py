"""Whether rendered objects are what the API server of a Kubernetes version would take: its kinds, fields, types and words.

Asked for by `validate`, and nothing of it is imported by a render that isn't told to. It needs no cluster: the schemas
come along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.conformance.catalogue import Catalogue, shipped
from kusion_render.conformance.custom import DEFINITION, customs_of, find, read_definitions, wrong
from kusion_render.conformance.lifecycle import DEPRECATED_API, REMOVED_API, UNKNOWN_API, examine, is_built_in
from kusion_render.diagnostics import OutputPlace, Place, Rule
from kusion_render.kubernetes.objects import is_encrypted
from kusion_render.repository.root import SETTINGS_FILE
from kusion_render.schema.objects import Finding
from kusion_render.suggestion import listing
from kusion_render.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kusion_render.conformance.catalogue import Version
    from kusion_render.conformance.custom import Customs
    from kusion_render.diagnostics import Diagnostics, Json, Where
    from kusion_render.model import Spec, Workspace
    from kusion_render.repository import Repository

__all__ = ["Conformance", "minor", "shipped"]

UNKNOWN_FIELD: Final = Rule("KR640", "unknown-field")
MISTYPED_FIELD: Final = Rule("KR641", "mistyped-field")
MISSING_FIELD: Final = Rule("KR642", "missing-field")
FIELD_VALUE: Final = Rule("KR643", "field-value")
UNKNOWN_VERSION: Final = Rule("KR647", "unknown-kubernetes-version")
# The rules about files that people write, and what they are called in objects that are made of these.
_RULES: Final = {
    "KR201": MISTYPED_FIELD,
    "KR202": MISSING_FIELD,
    "KR203": UNKNOWN_FIELD,
    **dict.fromkeys(("KR204", "KR205", "KR206", "KR207"), FIELD_VALUE),
}

# Whose sentences name the version from which on they hold.
_SAY_WHEN: Final = (REMOVED_API, DEPRECATED_API)


class Conformance:
    """The schemas that the objects of a run are checked against.

    `versions` are those that the command line names, each in `shipped()`: they win over a workspace's `kubernetesVersion`, which
    wins over the repository's `kubernetesVersions`; where nobody says anything it is the newest. Reads the repository's
    `customResourceDefinitions`; a version that we don't know is KR647.
    """

    def __init__(self, repository: Repository, versions: Sequence[str], diagnostics: Diagnostics) -> None:
        self._catalogue: Final = Catalogue()
        self._newest: Final = self._catalogue.version(self._catalogue.names[-1])
        self._said: Final = versions
        settings, files = repository.settings, repository.files
        paths = settings.get("customResourceDefinitions") or ()
        self._customs: Final = read_definitions(files, paths, SETTINGS_FILE, self._newest, diagnostics)
        usual = {
            known: None
            for number, each in enumerate(settings.get("kubernetesVersions") or ())
            for known in self._known(each, files.span(SETTINGS_FILE, ("kubernetesVersions", number)), diagnostics)
        }
        self._usual: Final = list(usual)

    def _known(self, version: Json, where: Where, diagnostics: Diagnostics) -> Iterator[str]:
        name = minor(text(version))
        if name in self._catalogue.names:
            yield name
        elif not self._said:
            message = f"the schemas of Kubernetes {name} are not known here"
            diagnostics.report(UNKNOWN_VERSION, message, where, help=listing(reversed(self._catalogue.names)))

    def check(self, spec: Spec, diagnostics: Diagnostics) -> None:
        """Report in what a render's objects are not what their kinds' schemas say, as KR640 to KR646.

        Places are those of the objects (`OutputPlace`). Custom resources are checked where they are defined: by the
        repository's definitions, or by one among the objects themselves.
        """
        versions = [self._catalogue.version(name) for name in self._wanted(spec.workspace, diagnostics)]
        rendered = [each.attributes for each in spec.resources if each.attributes["kind"] == DEFINITION]
        sound = [each for each in rendered if wrong(each, self._newest) is None]
        customs = {**self._customs, **customs_of(sound, self._newest)} if sound else self._customs
        for resource in spec.resources:
            manifest = resource.attributes
            if is_built_in(manifest["apiVersion"], self._catalogue):
                found = self._built_in(manifest, versions)
            else:
                found = _custom(manifest, customs)
            for each in found:
                place = OutputPlace(resource.id, each.pointer, on_key=each.on_key)
                diagnostics.report(_RULES.get(each.rule.code, each.rule), each.message, place, help=each.help)

    def _wanted(self, workspace: Workspace, diagnostics: Diagnostics) -> Sequence[str]:
        said = workspace.data.get("kubernetesVersion")
        if self._said or said is None:
            return self._said or self._usual or [self._newest.name]
        return list(self._known(said, Place(("kubernetesVersion",), document="workspace"), diagnostics))

    def _built_in(self, manifest: Mapping[str, Any], versions: Iterable[Version]) -> Iterator[Finding]:
        """Yield what is wrong with an object, once for all versions in which it is."""
        newest: dict[tuple[object, ...], Finding] = {}
        having: dict[tuple[object, ...], list[str]] = {}
        for version in versions:
            for found in _in_version(manifest, version, self._catalogue):
                newest[found.key()] = found
                having.setdefault(found.key(), []).append(version.name)
        for key, names in having.items():
            found = newest[key]
            about = f" (Kubernetes {self._catalogue.span(names)})" if found.rule not in _SAY_WHEN else ""
            advice = self._elsewhere(manifest, found) or found.help
            yield Finding(found.rule, found.message + about, found.pointer, advice, on_key=found.on_key)

    def _elsewhere(self, manifest: Mapping[str, Any], found: Finding) -> str | None:
        """Return which other versions know a field that is unknown, if any do."""
        if _RULES.get(found.rule.code) is not UNKNOWN_FIELD:
            return None
        having = []
        for name in self._catalogue.names:
            version = self._catalogue.version(name)
            fields = version.shapes.fields(version.kinds.get(_key(manifest), ""), found.pointer[:-1])
            if fields and found.pointer[-1] in fields:
                having.append(name)
        return (
            f"it is a field only in Kubernetes {self._catalogue.span(having)}; remove it for the others"
            if having
            else None
        )


def minor(version: str) -> str:
    """Return the part of a Kubernetes version that schemas depend on: `1.31` of `v1.31.2`."""
    return ".".join(version.removeprefix("v").split(".")[:2])


def _key(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['apiVersion']} {manifest['kind']}"


def _in_version(manifest: Mapping[str, Any], version: Version, catalogue: Catalogue) -> Iterator[Finding]:
    about_api = examine(manifest, version, catalogue)
    if about_api is not None:
        yield about_api
    name = version.kinds.get(_key(manifest))
    if name is not None and not is_encrypted(manifest):
        yield from version.shapes.findings(name, manifest)


def _custom(manifest: Mapping[str, Any], customs: Customs) -> Iterator[Finding]:
    api, kind = manifest["apiVersion"], manifest["kind"]
    known = find(customs, api, kind)
    if known is None:
        return  # defined elsewhere
    served = [f"{api.partition('/')[0]}/{each}" for each in known.served]
    if api not in served:
        advice = f"write `apiVersion: {served[-1]}`" if served else "its definition serves no version"
        yield Finding(UNKNOWN_API, f"the definition of {kind} serves no `{api}`", ("apiVersion",), advice)
    elif known.warning:
        others = [each for each in served if each != api]
        advice = f"write `apiVersion: {others[-1]}`" if others else "see its definition"
        yield Finding(DEPRECATED_API, f"`{api}` of {kind} is deprecated: {known.warning}", ("apiVersion",), advice)
    if not is_encrypted(manifest):
        yield from known.findings(manifest)
