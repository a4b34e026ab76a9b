"""ServiceAccounts and what they may do: Roles and ClusterRoles, and their bindings."""

from __future__ import annotations

from kusion_render.document import untyped
from kusion_render.text import texts
from kusion_render.workload.scheduling import pull_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.generator import GeneratorRequest
    from kusion_render.model import Resource

_GROUP: Final = "rbac.authorization.k8s.io"
_API: Final = f"{_GROUP}/v1"


def account(request: GeneratorRequest, name: str, config: Mapping[str, Any], place: Pointer) -> list[Resource]:
    """Return a ServiceAccount, unless it is an `existing` one, and the objects that give it its rights.

    `config` is `{labels, annotations, automountToken, imagePullSecrets, existing}` and, for rights, `rules`, `roleName`
    and `roles` in the namespace, `clusterRules`, `clusterRoleName` and `clusterRoles` in the cluster.
    """
    made = [] if config.get("existing") else [_service_account(request, name, config, place)]
    return [*made, *_rights(request, name, config, place)]


def _service_account(request: GeneratorRequest, name: str, config: Mapping[str, Any], place: Pointer) -> Resource:
    fields: dict[str, Any] = {}
    if config.get("automountToken") is not None:
        fields["automountServiceAccountToken"] = config["automountToken"]
    if config.get("imagePullSecrets"):
        fields["imagePullSecrets"] = pull_secrets(config["imagePullSecrets"])
    return request.resource(
        "v1",
        "ServiceAccount",
        name,
        fields,
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        place=place,
    )


def _rights(request: GeneratorRequest, name: str, config: Mapping[str, Any], place: Pointer) -> Iterator[Resource]:
    # No namespace keeps the cluster's objects of two stacks apart, so its name is in theirs.
    cluster = f"{request.context.object_namespace}-{name}"
    for scope, rules, own, others, default in (
        ("", "rules", "roleName", "roles", name),
        ("Cluster", "clusterRules", "clusterRoleName", "clusterRoles", cluster),
    ):
        if config.get(rules) is not None:
            role = config.get(own) or default
            where = (*place, rules)
            yield _object(request, f"{scope}Role", role, {"rules": _rules(config[rules])}, where)
            yield _binding(request, scope, role, (f"{scope}Role", role), name, where)
        for at, other in enumerate(config.get(others) or ()):
            yield _binding(request, scope, f"{default}-{other}", ("ClusterRole", other), name, (*place, others, at))


def _rules(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return Kubernetes' policy rules; resources of no group are the core group's."""
    made = []
    for rule in rules:
        fields = untyped(rule)
        made.append({"apiGroups": [""], **fields} if "resources" in rule else fields)
    return made


def _binding(
    request: GeneratorRequest, scope: str, name: str, role: tuple[str, str], account_name: str, place: Pointer
) -> Resource:
    kind, role_name = role
    subject = {"kind": "ServiceAccount", "name": account_name, "namespace": request.context.object_namespace}
    fields = {"roleRef": {"apiGroup": _GROUP, "kind": kind, "name": role_name}, "subjects": [subject]}
    return _object(request, f"{scope}RoleBinding", name, fields, place)


def _object(request: GeneratorRequest, kind: str, name: str, fields: Mapping[str, Any], place: Pointer) -> Resource:
    return request.resource(_API, kind, name, fields, cluster_scoped=kind.startswith("Cluster"), place=place)
