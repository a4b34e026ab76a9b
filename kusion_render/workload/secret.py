"""Secrets: Kusion's kinds, what may be written into Git, and references to outside stores."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.text import text, texts
from kusion_render.workload.files import load_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer, Where
    from kusion_render.generator import GeneratorRequest
    from kusion_render.model import Resource

LITERAL_SECRET: Final = Rule("KR320", "literal-secret")
MISSING_SECRET_VALUE: Final = Rule("KR321", "missing-secret-value")
NO_SECRET_STORE: Final = Rule("KR322", "no-secret-store")
BAD_SECRET_REFERENCE: Final = Rule("KR323", "bad-secret-reference")
UNRESOLVED_SECRET: Final = Rule("KR364", "unresolved-secret", "warning")

_TYPES: Final = {
    "basic": "kubernetes.io/basic-auth",
    "token": "Opaque",
    "opaque": "Opaque",
    "certificate": "kubernetes.io/tls",
    "external": "Opaque",
}
_STORE: Final = "`secretStore: {externalSecrets: {store: {name: …}}}`"
_REQUIRED: Final = {"basic": ("username", "password"), "token": ("token",), "certificate": ("tls.crt", "tls.key")}


def workload_secrets(request: GeneratorRequest, diagnostics: Diagnostics) -> list[Resource]:
    """Return the Secrets that a workload's `secrets` ask for."""
    asked: Mapping[str, Any] = request.config.get("secrets") or {}
    namespace = request.context.namespace
    made = [
        secret(request, name, asked[name], (*request.place, "secrets", name), diagnostics, namespace)
        for name in sorted(asked)
    ]
    return [resource for resource in made if resource is not None]


def secret(
    request: GeneratorRequest,
    name: str,
    config: Mapping[str, Any],
    place: Pointer,
    diagnostics: Diagnostics,
    namespace: str = "",
) -> Resource | None:
    """Return a Secret, or an ExternalSecret for `type: external`, or None after a diagnostic.

    Literal data is KR320 unless the workspace allows it; a value that Kusion would make up at random is KR321;
    an external Secret without a store is KR322, one whose references nobody resolves KR364. No message holds a value. `namespace` is the app's if not given.
    """
    kind = config.get("type") or "opaque"
    if kind == "external":
        return _external(request, name, config, place, diagnostics, namespace)
    values: dict[str, str | bytes] = {key: text(value) for key, value in (config.get("data") or {}).items()}
    values.update(load_files(config, request.context.contents))
    for key in _REQUIRED.get(kind, ()):
        if not values.get(key):
            diagnostics.report(
                MISSING_SECRET_VALUE,
                f"Secret `{name}` of type `{kind}` lacks `{key}`",
                Place(place, on_key=True),
                help="a random value would differ at every render; refer to an outside store with `type: external`",
            )
    if values:
        check_literal(request, name, Place(place, on_key=True), diagnostics)
    return _secret_object(request, name, _TYPES[kind], values, config, place, namespace)


def check_literal(request: GeneratorRequest, name: str, where: Where, diagnostics: Diagnostics) -> None:
    """Report a Secret whose values stand in Git, unless the workspace allows it; in `kusion` it is a warning."""
    allowed = (request.context.workspace.get("secrets") or {}).get("allowLiteral", False)
    if allowed is True or (isinstance(allowed, list) and name in allowed):
        return
    diagnostics.report(
        LITERAL_SECRET,
        f"Secret `{name}` holds its values in Git",
        where,
        help="use `type: external` with a `secretStore`, or `existing: true`, "
        f"or allow it in the workspace: `secrets: {{allowLiteral: [{name}]}}`",
        severity="warning" if request.kusion else None,
    )


def _secret_object(
    request: GeneratorRequest,
    name: str,
    kind: str,
    values: Mapping[str, str | bytes],
    config: Mapping[str, Any],
    place: Pointer,
    namespace: str,
) -> Resource:
    from kusion_render.workload.pod import base64

    fields: dict[str, Any] = {"type": kind}
    if values:
        fields["data"] = {
            key: base64(value.encode() if isinstance(value, str) else value) for key, value in values.items()
        }
    if config.get("immutable") or request.kusion:
        fields["immutable"] = bool(config.get("immutable"))
    return request.resource(
        "v1",
        "Secret",
        name,
        fields,
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        bare=request.kusion,
        place=place,
        namespace=namespace,
    )


def _external(
    request: GeneratorRequest,
    name: str,
    config: Mapping[str, Any],
    place: Pointer,
    diagnostics: Diagnostics,
    namespace: str,
) -> Resource | None:
    store: Mapping[str, Any] = request.context.workspace.get("secretStore") or {}
    operator = store.get("externalSecrets")
    if not operator and request.kusion and store:
        return _as_kusion(request, name, config, place, diagnostics, namespace)
    if not operator:
        diagnostics.report(
            NO_SECRET_STORE,
            f"external Secret `{name}` has no store to come from",
            Place(place, on_key=True),
            help=f"set {_STORE} in the workspace",
        )
        return None
    entries = _entries(name, config, place, diagnostics)
    chosen = operator["store"]
    spec = {
        "refreshInterval": text(operator.get("refreshInterval") or "1h"),
        "secretStoreRef": {"kind": chosen.get("kind") or "SecretStore", "name": chosen["name"]},
        "target": {"name": name, "immutable": True} if config.get("immutable") else {"name": name},
        "data": entries,
    }
    return request.resource(
        "external-secrets.io/v1",
        "ExternalSecret",
        name,
        {"spec": spec},
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        place=place,
        namespace=namespace,
    )


def _as_kusion(
    request: GeneratorRequest,
    name: str,
    config: Mapping[str, Any],
    place: Pointer,
    diagnostics: Diagnostics,
    namespace: str,
) -> Resource:
    """Return a Secret that holds the texts of its references; Kusion resolves them when it applies."""
    if not request.context.cloud:
        diagnostics.report(
            UNRESOLVED_SECRET,
            f"Secret `{name}` holds references, which only Kusion replaces when it applies",
            Place(place, on_key=True),
            help=f"applied by others it overwrites what is there: set {_STORE} in the workspace",
        )
    values: dict[str, str | bytes] = {key: text(value) for key, value in (config.get("data") or {}).items()}
    return _secret_object(request, name, "Opaque", values, config, place, namespace)


def _entries(name: str, config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> list[dict[str, Any]]:
    """Return the `data` of an ExternalSecret; what is no reference is KR323."""
    entries = []
    for key, value in (config.get("data") or {}).items():
        remote = _remote(text(value))
        if remote is None:
            diagnostics.report(
                BAD_SECRET_REFERENCE,
                f"`{key}` of external Secret `{name}` is no reference",
                Place((*place, "data", key), on_key=True),
                help="write `ref://NAME/PROPERTY`, with `?version=V` for one version",
            )
            continue
        entries.append({"secretKey": key, "remoteRef": remote})
    if not config.get("data"):
        diagnostics.report(
            BAD_SECRET_REFERENCE,
            f"external Secret `{name}` holds no reference",
            Place(place, on_key=True),
            help="give it `data` with values such as `ref://NAME/PROPERTY`",
        )
    return entries


def _remote(value: str) -> dict[str, str] | None:
    """Read `ref://HOST[/more…]/PROPERTY[?version=V]`, Kusion's grammar of outside references."""
    if not value.startswith("ref://"):
        return None
    path, _, query = value[len("ref://") :].partition("?")
    name, slash, prop = path.rpartition("/")
    remote = {"key": name if slash else path}
    if slash and prop:
        remote["property"] = prop
    version = next((item[8:] for item in query.split("&") if item.startswith("version=")), "")
    if version:
        remote["version"] = version
    return remote if remote["key"] else None
