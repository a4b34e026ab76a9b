"""Specs made by hand: what targets start from, without files and modules."""

from __future__ import annotations

from typing import Any

from kusion_render.model import Namespace, Project, Resource, Spec, Stack, Workspace


def spec(stack: str, *manifests: dict[str, Any], app: str = "web", project: str = "shop", namespace: str = "") -> Spec:
    """Return a render of a stack; the first object that starts pods is the app's workload."""
    owner = Project(project, project, f"{project}/project.yaml", {})
    made = Stack(stack, owner, f"{project}/{stack}", f"{project}/{stack}/stack.yaml", {}, [""])
    resources = [
        Resource(each, "test", app=app, workload=each["kind"] in ("Deployment", "StatefulSet")) for each in manifests
    ]
    return Spec(made, Workspace("", "", {}), Namespace(namespace or f"{project}-{stack}"), resources)


def manifest(kind: str, name: str = "web", *, api: str = "v1", stack: str = "", **fields: Any) -> dict[str, Any]:
    """Return an object; in a namespace if `stack` is given."""
    metadata: dict[str, Any] = {"name": name, **fields.pop("metadata", {})}
    if stack:
        metadata["namespace"] = f"shop-{stack}"
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
