"""What a pod may do to its node: after the Pod Security Standards, but only what somebody wrote.

What is merely not forbidden is found by `root-allowed` alone, which is off: the image may forbid it.
"""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.pods import items
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.lint.view import Container, View, Workload

# What the profile `baseline` of the Pod Security Standards lets a container add; the runtime gives these anyway.
_USUAL_CAPABILITIES: Final = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
_HOST_NAMESPACES: Final = {"hostNetwork": "network", "hostPID": "processes", "hostIPC": "shared memory"}


def _contexts(view: View) -> Iterator[tuple[Workload, Container, Mapping[str, Any], Pointer]]:
    for workload in view.workloads:
        for container in workload.containers:
            context = table(container.manifest, "securityContext")
            yield workload, container, context, (*container.pointer, "securityContext")


def privileged_container(view: View) -> Iterator[Finding]:
    """Find containers that are privileged: root on the node."""
    for workload, container, context, pointer in _contexts(view):
        if context.get("privileged") is True:
            yield Finding(
                workload.id,
                (*pointer, "privileged"),
                f"container `{container.name}` is privileged: it can do all that root on the node can",
                "remove it, and add the one capability that is needed, under `securityContext.capabilities.add`",
            )


def added_capability(view: View) -> Iterator[Finding]:
    """Find capabilities beyond those that a container has anyway."""
    for workload, container, context, pointer in _contexts(view):
        added = table(context, "capabilities").get("add")
        for at, capability in enumerate(added if isinstance(added, list) else ()):
            if isinstance(capability, str) and capability.removeprefix("CAP_") not in _USUAL_CAPABILITIES:
                yield Finding(
                    workload.id,
                    (*pointer, "capabilities", "add", at),
                    f"container `{container.name}` has the capability `{capability}`, which reaches beyond the container",
                    "remove it if the process works without it",
                )


def privilege_escalation(view: View) -> Iterator[Finding]:
    """Find containers that say that processes may gain rights; a privileged one must, and is told as such."""
    for workload, container, context, pointer in _contexts(view):
        if context.get("allowPrivilegeEscalation") is True and context.get("privileged") is not True:
            yield Finding(
                workload.id,
                (*pointer, "allowPrivilegeEscalation"),
                f"processes of container `{container.name}` may gain more rights than they started with",
                "write `allowPrivilegeEscalation: false`; only setuid programs such as `sudo` need it",
            )


def runs_as_root(view: View) -> Iterator[Finding]:
    """Find `runAsUser: 0`, once where it is written."""
    for workload in view.workloads:
        own = table(workload.pod, "securityContext")
        inherited = [each for each in workload.containers if "runAsUser" not in table(each.manifest, "securityContext")]
        places = [(workload.pointer, own, f"the containers of {workload.title} run as root")] if inherited else []
        for each in workload.containers:
            context = table(each.manifest, "securityContext")
            places.append((each.pointer, context, f"container `{each.name}` runs as root"))
        for pointer, context, message in places:
            if _user(context) == 0:
                yield Finding(
                    workload.id,
                    (*pointer, "securityContext", "runAsUser"),
                    message,
                    "name another user, as `runAsUser: 1000`; if the image needs root, choose one that does not",
                )


def root_allowed(view: View) -> Iterator[Finding]:
    """Find containers of which nothing says that they don't run as root: what the profile `restricted` refuses."""
    for workload, container, context, _ in _contexts(view):
        merged = {**table(workload.pod, "securityContext"), **context}
        if merged.get("runAsNonRoot") is True or _user(merged) is not None:
            continue
        if table(workload.pod, "os").get("name") != "windows":
            yield Finding(
                workload.id,
                container.pointer,
                f"nothing says that container `{container.name}` does not run as root",
                "write `securityContext: {runAsNonRoot: true}`, or `security: restricted` in the workload",
            )


def _user(context: Mapping[str, Any]) -> int | None:
    user = context.get("runAsUser")
    return user if type(user) is int else None


def host_namespace(view: View) -> Iterator[Finding]:
    """Find pods that share the node's network, processes or memory."""
    for workload in view.workloads:
        for field, shared in _HOST_NAMESPACES.items():
            if workload.pod.get(field) is True:
                yield Finding(
                    workload.id,
                    (*workload.pointer, field),
                    f"the pods of {workload.title} share the node's {shared}",
                    f"remove `{field}`; only agents of the node itself need it",
                )


def host_path(view: View) -> Iterator[Finding]:
    """Find volumes that are folders of the node."""
    for workload in view.workloads:
        for pointer, volume in items(workload.pod, "volumes", workload.pointer):
            if isinstance(volume.get("hostPath"), dict):
                path = volume["hostPath"].get("path")
                yield Finding(
                    workload.id,
                    (*pointer, "hostPath"),
                    f"the pods of {workload.title} see `{path}` of the node they run on",
                    "use a claim for data that must stay, or `emptyDir` for what need not",
                )


def host_port(view: View) -> Iterator[Finding]:
    """Find ports of the node; a pod in the node's network has them all, and is told as such."""
    for workload in view.workloads:
        if workload.pod.get("hostNetwork") is True:
            continue
        for container in workload.containers:
            for pointer, port in items(container.manifest, "ports", container.pointer):
                if port.get("hostPort"):
                    yield Finding(
                        workload.id,
                        (*pointer, "hostPort"),
                        f"container `{container.name}` takes port {port['hostPort']} of its node, which only one pod can",
                        "remove `hostPort` and reach it through a Service",
                    )


RULES: Final = (
    LintRule(Rule("KR606", "privileged-container", "warning"), "warn", privileged_container),
    LintRule(Rule("KR607", "added-capability", "warning"), "warn", added_capability),
    LintRule(Rule("KR608", "privilege-escalation", "warning"), "warn", privilege_escalation),
    LintRule(Rule("KR609", "runs-as-root", "warning"), "warn", runs_as_root),
    LintRule(Rule("KR610", "root-allowed", "warning"), "off", root_allowed),
    LintRule(Rule("KR611", "host-namespace", "warning"), "warn", host_namespace),
    LintRule(Rule("KR612", "host-path", "warning"), "warn", host_path),
    LintRule(Rule("KR613", "host-port", "warning"), "warn", host_port),
)
