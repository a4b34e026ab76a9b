"""What reviewers ask of a container: a fixed image, requests, probes, ports of its own."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.pods import items
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table, words
from kusion_render.transformers.images import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from kusion_render.lint.view import Container, View, Workload


def floating_image(view: View) -> Iterator[Finding]:
    """Find images without a tag or with `latest`: the same manifest starts something else tomorrow."""
    for workload in view.workloads:
        for container in workload.containers:
            image = words(container.manifest.get("image"))
            _, tag, digest = split(image)
            if not image or digest or tag not in ("", "latest"):
                continue
            what = "has the tag `latest`" if tag else "has no tag"
            yield Finding(
                workload.id,
                (*container.pointer, "image"),
                f"the image of container `{container.name}` {what}, so it changes without a commit",
                "name a version, as `:1.4.2`, or a digest, as `@sha256:…`",
            )


def missing_requests(view: View) -> Iterator[Finding]:
    """Find containers that reserve no CPU or no memory; a limit alone is the request too, as the API server has it."""
    for workload in view.workloads:
        for_pod = _reserved(workload.pod)
        for container in workload.running:
            missing = [each for each in ("cpu", "memory") if each not in for_pod | _reserved(container.manifest)]
            if missing:
                yield Finding(
                    workload.id,
                    container.pointer,
                    f"container `{container.name}` requests no {' and no '.join(f'`{each}`' for each in missing)}",
                    f"say what it needs, as `resources: {{{', '.join(f'{each}: REQUEST-LIMIT' for each in missing)}}}`",
                )


def _reserved(owner: object) -> set[str]:
    return {*table(owner, "resources", "requests"), *table(owner, "resources", "limits")}


def missing_readiness_probe(view: View) -> Iterator[Finding]:
    """Find workloads behind a Service without any readiness probe: they get requests before they can answer."""
    told = set()
    for _, service in view.of("Service"):
        if table(service, "spec").get("publishNotReadyAddresses") is True:
            continue
        for workload in view.served(service):
            if workload.id in told or not workload.serves or _probed(workload, "readinessProbe"):
                continue
            told.add(workload.id)
            name = words(table(service, "metadata").get("name"))
            yield from _unprobed(
                workload,
                f"Service `{name}` sends to the pods of {workload.title} before they are ready: there is no readiness probe",
                "give a container a `readinessProbe`, as `readinessProbe: {httpGet: {path: /healthz, port: http}}`",
            )


def missing_liveness_probe(view: View) -> Iterator[Finding]:
    """Find workloads that run on without any liveness probe: a hung process is never restarted."""
    for workload in view.workloads:
        if workload.serves and not _probed(workload, "livenessProbe"):
            yield from _unprobed(
                workload,
                f"nothing restarts the pods of {workload.title} when they hang: there is no liveness probe",
                "give a container a `livenessProbe` that fails only when a restart would help",
            )


def _probed(workload: Workload, probe: str) -> bool:
    return any(table(each.manifest, probe) for each in workload.running)


def _unprobed(workload: Workload, message: str, help: str) -> Iterator[Finding]:  # noqa: A002 - as in Diagnostic
    first = next((each for each in workload.running if each.sort == "main"), None)
    if first is not None:
        yield Finding(workload.id, first.pointer, message, help)


def shared_container_port(view: View) -> Iterator[Finding]:
    """Find containers of one pod with the same port: they share one network, so the second can't listen."""
    for workload in view.workloads:
        taken: dict[tuple[int, str], Container] = {}
        for container in workload.running:
            for pointer, port in items(container.manifest, "ports", container.pointer):
                number = port.get("containerPort")
                if type(number) is not int:
                    continue
                other = taken.setdefault((number, words(port.get("protocol")) or "TCP"), container)
                if other is not container:
                    yield Finding(
                        workload.id,
                        (*pointer, "containerPort"),
                        f"containers `{other.name}` and `{container.name}` of one pod both have port {number}",
                        "the containers of a pod share one network: let one of them listen elsewhere",
                    )


RULES: Final = (
    LintRule(Rule("KR601", "floating-image", "warning"), "warn", floating_image),
    LintRule(Rule("KR602", "missing-requests", "warning"), "warn", missing_requests),
    LintRule(Rule("KR603", "missing-readiness-probe", "warning"), "warn", missing_readiness_probe),
    # A careless one does more harm than none: what is slow under load gets killed under load.
    LintRule(Rule("KR604", "missing-liveness-probe", "warning"), "off", missing_liveness_probe),
    LintRule(Rule("KR605", "shared-container-port", "warning"), "warn", shared_container_port),
)
