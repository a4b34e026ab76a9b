"""The files that `init` writes: the smallest repository that shows a base, two stacks and two workspaces."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

NAME_RULE: Final = "it needs lower-case letters, digits and `-`, at most 40, beginning with a letter"

_SETTINGS: Final = """\
# The root of this repository.
compatibility: native
"""
_DEV: Final = """\
# What the platform says about everything that runs on the workspace "dev".
modules:
  service:
    configs:
      default:
        replicas: 1
"""
_PROD: Final = """\
modules:
  service:
    configs:
      default:
        replicas: 2
"""
_BASE: Final = """\
# What all stacks share. A stack's own app.yaml is laid over this file.
web:
  workload:
    containers:
      web:
        image: registry.example/{name}:1.0.0
        ports: {{http: 8080}}
        env:
          GREETING: Hello
        resources: {{cpu: 50m-200m, memory: 64Mi-128Mi}}
        readinessProbe: {{httpGet: {{path: /healthz, port: http}}}}
  accessories:
    network:
      ports:
        - {{port: 80, targetPort: http}}
"""
_PROD_APP: Final = """\
# Only what differs in production.
web:
  workload:
    containers:
      web:
        env:
          GREETING: Hello from production
        resources: {memory: 128Mi-256Mi}
"""


def is_name(name: str) -> bool:
    """Tell whether a project may be called so: names end up in Kubernetes names."""
    plain = name.replace("-", "")
    return (
        name[:1].isalpha()
        and plain.isascii()
        and plain.isalnum()
        and plain == plain.lower()
        and len(name) <= 40
        and not name.endswith("-")
    )


def project_files(name: str) -> dict[str, str]:
    """Return a project's files by their paths: a base, and the stacks dev and prod."""
    return {
        f"{name}/project.yaml": f"name: {name}\n",
        f"{name}/base/app.yaml": _BASE.format(name=name),
        f"{name}/dev/stack.yaml": "name: dev\n",
        f"{name}/prod/stack.yaml": "name: prod\n",
        f"{name}/prod/app.yaml": _PROD_APP,
    }


def repository_files(name: str) -> dict[str, str]:
    """Return a whole repository's files by their paths."""
    return {
        "kusion-render.yaml": _SETTINGS,
        "workspaces/dev.yaml": _DEV,
        "workspaces/prod.yaml": _PROD,
        **project_files(name),
    }
