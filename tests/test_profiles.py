"""What `--profile` and `--preview` change: annotations, names of phased Jobs, hosts; never what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_render.kubernetes.limits import label_name_problem
from kusion_render.model import Resource
from kusion_render.transformers.preview import check_preview, preview_host, with_preview
from kusion_render.transformers.profile import PROFILES, substitutable

if TYPE_CHECKING:
    from workbench import Workbench

WEB: Final = 'web: {protect: true, workload: {containers: {web: {image: "registry.example/web:1.0.0"}}}}\n'
MIGRATE: Final = (
    "migrate: {workload: {module: job, phase: %s, "
    'containers: {migrate: {image: "registry.example/web:1.0.0", env: {URL: {config: urls, key: url}}}}}, '
    'accessories: {configs: {urls: {data: {url: "%s"}}}}}\n'
)
ARGO: Final = "argocd.argoproj.io"
FLUX: Final = "kustomize.toolkit.fluxcd.io"


def annotations(manifest: dict[str, Any]) -> dict[str, str]:
    """Return an object's annotations."""
    found: dict[str, str] = manifest["metadata"].get("annotations", {})
    return found


def bare(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the objects without what a profile may change: their metadata, and with the waves their order."""
    return sorted(({key: value for key, value in each.items() if key != "metadata"} for each in manifests), key=str)


def test_a_profile_never_changes_what_runs(workbench: Workbench) -> None:
    """Beside metadata all profiles are the same."""
    workbench.app(
        WEB + MIGRATE % ("before", "a ${B}"), **{"workspaces/dev.yaml": "namespace: {name: shop, create: true}\n"}
    )
    first, *others = [bare(workbench.render("--profile", profile).manifests) for profile in PROFILES]

    assert all(first == other for other in others)


def test_argo_cd_runs_a_job_between_config_and_workloads(workbench: Workbench) -> None:
    """`before` is a hook of the sync itself, one wave after the config that it reads and one before the workloads."""
    run = workbench.app(WEB + MIGRATE % ("before", "x")).render("--profile", "argocd")

    job = annotations(run.manifest("Job", "migrate"))
    assert ("Sync", "BeforeHookCreation", "-1") == (
        job[f"{ARGO}/hook"],
        job[f"{ARGO}/hook-delete-policy"],
        job[f"{ARGO}/sync-wave"],
    )
    assert {f"{ARGO}/sync-wave": "-2"} == annotations(run.manifest("ConfigMap"))
    assert f"{ARGO}/sync-wave" not in annotations(run.manifest("Deployment"))
    assert 'sync-wave: "-1"' in run.stdout


@pytest.mark.parametrize(("phase", "hook"), [("with", "Sync"), ("after", "PostSync")])
def test_argo_cd_hooks_of_other_phases(workbench: Workbench, phase: str, hook: str) -> None:
    """They need no waves."""
    run = workbench.app(WEB + MIGRATE % (phase, "x")).render("--profile", "argocd")

    assert hook == annotations(run.manifest("Job"))[f"{ARGO}/hook"]
    assert "sync-wave" not in run.stdout
    assert run.stderr == ""


def test_flux_replaces_a_job(workbench: Workbench) -> None:
    """Its fields can't be changed, so Flux is told to make it anew; the order it can't give is said."""
    run = workbench.app(WEB + MIGRATE % ("before", "x")).render("--profile", "flux")

    assert {f"{FLUX}/force": "Enabled"} == annotations(run.manifest("Job", "migrate"))
    assert "warning[KR401]: the profile `flux` can't say that this Job runs before the deployment" in run.stderr


def test_plain_gives_a_job_a_new_name_with_each_change(workbench: Workbench) -> None:
    """The same Job has the same name, another one another; a Job without a phase keeps its own."""

    def name(text: str) -> str:
        found: str = workbench.app(text).render().manifest("Job")["metadata"]["name"]
        return found

    first = name(MIGRATE % ("with", "x"))
    assert first.startswith("migrate-")
    assert len(first) == len("migrate-") + 8
    assert first == name(MIGRATE % ("with", "x"))
    assert first != name((MIGRATE % ("with", "x")).replace("web:1.0.0", "web:1.0.1"))
    assert name((MIGRATE % ("with", "x")).replace("phase: with, ", "")) == "migrate"


def test_a_long_name_of_a_phased_job_still_fits(workbench: Workbench) -> None:
    """Pods carry a Job's name as a label."""
    run = workbench.app((MIGRATE % ("with", "x")).replace("migrate: {workload", "m" * 60 + ": {workload")).render()

    assert len(run.manifest("Job")["metadata"]["name"]) <= 63


def test_protected_objects(workbench: Workbench) -> None:
    """`protect` is kept from pruning as each tool is told so; other apps are not."""
    workbench.app(WEB + WEB.replace("web:", "api:", 1).replace("protect: true, ", ""))
    argo, flux, plain = (workbench.render("--profile", profile) for profile in ("argocd", "flux", "plain"))

    assert {f"{ARGO}/sync-options": "Prune=false,Delete=false"} == annotations(argo.manifest("Deployment", "web"))
    assert {f"{FLUX}/prune": "disabled"} == annotations(flux.manifest("Deployment", "web"))
    assert not any(annotations(run.manifest("Deployment", "api")) for run in (argo, flux, plain))
    assert not annotations(plain.manifest("Deployment", "web"))


def test_sync_options_are_one_annotation_and_the_users_stand(workbench: Workbench) -> None:
    """Argo CD reads one list; what the app says of an option is not said again."""
    own = f'annotations: {{{ARGO}/sync-options: " Replace=true, Prune=true ,"}}, workload'
    run = workbench.app(WEB.replace("workload", own)).render("--profile", "argocd")

    assert {f"{ARGO}/sync-options": "Replace=true,Prune=true,Delete=false"} == annotations(run.manifest("Deployment"))


def test_large_objects_are_applied_by_the_server(workbench: Workbench) -> None:
    """Client-side apply keeps a copy in an annotation, which holds 256 KiB at most."""
    text = WEB + "conf: {accessories: {configs: {%s: {data: {a: %s}}}}}\n"
    for size, options in ((190 * 1024, None), (210 * 1024, "ServerSideApply=true")):
        run = workbench.app(text % ("big", "x" * size)).render("--profile", "argocd")
        assert options == annotations(run.manifest("ConfigMap")).get(f"{ARGO}/sync-options")


def test_namespaces_are_made_first_and_kept(workbench: Workbench) -> None:
    """An Application that goes must not take the namespace with it, which others may use."""
    workbench.app(WEB, **{"workspaces/dev.yaml": "namespace: {name: shop, create: true}\n"})
    argo = annotations(workbench.render("--profile", "argocd").manifest("Namespace"))
    flux = annotations(workbench.render("--profile", "flux").manifest("Namespace"))

    assert {f"{ARGO}/sync-wave": "-10", f"{ARGO}/sync-options": "Prune=false,Delete=false"} == argo
    assert {f"{FLUX}/prune": "disabled"} == flux


def test_flux_does_not_substitute_in_our_values(workbench: Workbench) -> None:
    """Shell and nginx files are full of `${…}`; the guard is on the objects that hold some."""
    text = 'conf: {accessories: {configs: {a: {data: {x: "${HOME}"}}, b: {data: {x: "$HOME $(X)"}}}}}\n'
    run = workbench.app(WEB + text).render("--profile", "flux")

    assert {f"{FLUX}/substitute": "disabled"} == annotations(run.manifest("ConfigMap", "a"))
    assert not annotations(run.manifest("ConfigMap", "b"))


@pytest.mark.parametrize(
    ("value", "found"),
    [("${A}", True), ("$$(A)", True), ("$A", False), ({"${A}": 1}, True), ([{"a": ["x ${"]}], True), (3, False)],
)
def test_what_flux_would_read_as_a_variable(value: object, found: bool) -> None:  # noqa: FBT001 - a table's column
    """Keys and nested values count."""
    assert found is substitutable(value)


def test_a_phase_is_for_jobs_that_run_once(workbench: Workbench) -> None:
    """A CronJob has a schedule, not a phase."""
    report = workbench.app((MIGRATE % ("with", "x")).replace("module: job", 'schedule: "0 3 * * *"')).fail()

    assert "error[KR331]: a CronJob has no `phase`" in report


INGRESS: Final = (
    "web: {protect: true, workload: {containers: {web: {image: w, ports: {http: 80}}}}, accessories: {network: "
    '{ports: [{port: 80}], hosts: [{host: shop.example.com, tls: true}, "*.example.com"]}}}\n'
)


def test_a_preview_has_a_namespace_and_hosts_of_its_own(workbench: Workbench) -> None:
    """Names and selectors stay, hosts get the preview's name, also in the certificate."""
    workbench.app(INGRESS)
    usual, preview = workbench.render(), workbench.render("--preview", "pr-7", "--profile", "argocd")

    spec = preview.manifest("Ingress")["spec"]
    assert ["pr-7-shop.example.com", "*.pr-7.example.com"] == [rule["host"] for rule in spec["rules"]]
    assert [["pr-7-shop.example.com"]] == [entry["hosts"] for entry in spec["tls"]]
    assert {"shop-dev-pr-7"} == {each["metadata"]["namespace"] for each in preview.manifests}
    assert usual.manifest("Deployment")["spec"] == preview.manifest("Deployment")["spec"]
    assert usual.manifest("Service")["spec"] == preview.manifest("Service")["spec"]
    assert not any(annotations(each) for each in preview.manifests), "a preview is not protected: it goes away"


def test_a_preview_of_a_named_namespace(workbench: Workbench) -> None:
    """What a file says is the beginning of the name; long ones are shortened to what Kubernetes allows."""
    workbench.app(INGRESS, **{"shop/dev/stack.yaml": f"{{name: dev, namespace: {'n' * 60}}}\n"})

    name = workbench.render("--preview", "feature-1").manifest("Deployment")["metadata"]["namespace"]

    assert label_name_problem(name) is None
    assert name != workbench.render("--preview", "feature-2").manifest("Deployment")["metadata"]["namespace"]


def test_a_preview_of_a_kusion_project_leaves_its_objects_alone(workbench: Workbench) -> None:
    """Also the namespaces that Kusion names after the project, and its IngressClass."""
    text = """
        web:
          workload: {containers: {web: {image: w}}, secrets: {}}
          accessories:
            network:
              ports: [{port: 80}]
              ingressClass: {controller: example.com/lb}
              ingress: {ingressClassName: shop-dev-web-ingressclass, defaultBackend: {service: {name: web, port: {number: 80}}}}
        """
    extension = "extensions: [{kind: kubernetesNamespace, kubernetesNamespace: {namespace: own}}]\n"
    workbench.app(
        text, **{"kusion-render.yaml": "compatibility: kusion\n", "shop/dev/stack.yaml": f"name: dev\n{extension}"}
    )
    usual = {
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in workbench.render().manifests
    }
    preview = workbench.render("--preview", "pr-7")

    assert not usual & {
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in preview.manifests
    }
    assert (
        preview.manifest("IngressClass")["metadata"]["name"] == preview.manifest("Ingress")["spec"]["ingressClassName"]
    )


def test_references_to_cluster_scoped_objects_follow() -> None:
    """Only to those of the render; another's keep their names."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}
    high = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {"external-dns.alpha.kubernetes.io/hostname": "a.example, b.example"}},
        "spec": {"containers": [{"name": "c"}], "priorityClassName": "high", "runtimeClassName": "theirs"},
    }
    resources = [Resource(each, "m") for each in (role, high, binding, pod)]

    role, high, binding, pod = (each.attributes for each in with_preview(resources, "x"))

    assert ("reader-x", "high-x", "reader") == tuple(each["metadata"]["name"] for each in (role, high, binding))
    assert binding["roleRef"]["name"] == "reader-x"
    assert ("high-x", "theirs") == (pod["spec"]["priorityClassName"], pod["spec"]["runtimeClassName"])
    assert ["x-a.example,x-b.example"] == list(pod["metadata"]["annotations"].values())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "try"),
        ("Feature/Login Page", "; try `feature-login-page`"),
        ("-x-", "; try `x`"),
        ("a" * 41, "it has 41 characters, 40 are allowed"),
        ("日本", "can't be a preview's name"),
    ],
)
def test_a_preview_is_called_as_a_namespace_may_be(workbench: Workbench, name: str, said: str) -> None:
    """What can't be is refused, with a name like it."""
    run = workbench.app(INGRESS).run("render", "--preview", name)

    assert (2, "") == (run.exit_code, run.stdout)
    assert said.replace("try", "--preview") in run.stderr or said in run.stderr


@given(st.text("abc-.*", min_size=1, max_size=80), st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True))
def test_a_previews_host_is_a_host(host: str, preview: str) -> None:
    """Every label stays within what DNS allows, and another preview has another host."""
    made = preview_host(host, check_preview(preview))

    assert made != host
    assert len(made.partition(".")[0]) <= 63
    assert made.endswith(host.partition(".")[1] + host.partition(".")[2])
