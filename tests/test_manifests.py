"""Manifests as they stand: what is added to them, what is left alone, and where they are found."""

from __future__ import annotations

import os
from textwrap import dedent
from typing import TYPE_CHECKING, Final

from sources import Sources

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Workbench

APP: Final = "raw: {accessories: {k8s_manifest: {paths: [manifests]}}}\n"
ENCRYPTED: Final = """
    apiVersion: v1
    kind: Secret
    metadata:
      name: api
      labels: {kept: "yes"}
    stringData: {token: "ENC[AES256_GCM,data:abc=,type:str]"}
    sops: {mac: "ENC[AES256_GCM,data:jkl=,type:str]"}
"""


def role(name: str, namespace: str = "") -> str:
    """Return a Role as YAML."""
    said = f", namespace: {namespace}" if namespace else ""
    return f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}{said}}}\nrules: []\n"


def test_paths_are_relative_to_the_file_that_says_them(workbench: Workbench) -> None:
    """A base's manifests lie beside the base, a stack's beside the stack; a later layer's list replaces."""
    workbench.app(
        "other: {accessories: {k8s_manifest: {paths: [own.yaml]}}}\n",
        **{
            "shop/base/app.yaml": "shared: {accessories: {k8s_manifest: {paths: [own.yaml]}}}\n",
            "shop/base/own.yaml": role("base"),
            "shop/dev/own.yaml": role("dev"),
        },
    )

    assert ["base", "dev"] == sorted(each["metadata"]["name"] for each in workbench.render().manifests)


def test_inline_manifests_merge_by_what_makes_them_one(workbench: Workbench) -> None:
    """An overlay changes the object of the same version, kind and name, and adds others; references are replaced."""
    inline = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {%s}}"
    workbench.app(
        f"raw: {{accessories: {{k8s_manifest: {{resources: [{inline % ('b', 'K: new')}, {inline % ('c', 'K: x')}]}}}}}}\n",
        **{
            "shop/base/app.yaml": "raw: {accessories: {k8s_manifest: {resources: ["
            + ", ".join((inline % ("a", 'K: "${{ stack.name }}"'), inline % ("b", "K: old, L: kept")))
            + "]}}}\n"
        },
    )

    data = {each["metadata"]["name"]: each["data"] for each in workbench.render().manifests}

    assert {"a": {"K": "dev"}, "b": {"K": "new", "L": "kept"}, "c": {"K": "x"}} == data


def test_an_encrypted_manifest_is_left_alone(workbench: Workbench) -> None:
    """Whatever the workspace lays over objects, SOPS's checksum still holds; without a namespace that is a warning."""
    workbench.app(
        APP,
        **{
            "shop/dev/manifests/api.yaml": ENCRYPTED,
            "workspaces/dev.yaml": "{labels: {team: a}, annotations: {b: c}}\n",
        },
    )

    run = workbench.render("--profile", "argocd")

    assert {"name": "api", "labels": {"kept": "yes"}} == run.manifest("Secret")["metadata"]
    assert "shop/dev/manifests/api.yaml:1:1: warning[KR346]" in run.stderr


def test_a_value_beside_encrypted_ones_is_a_literal(workbench: Workbench) -> None:
    """A Secret is no safer for a `sops` key that covers not all of it."""
    workbench.app(
        APP, **{"shop/dev/manifests/api.yaml": ENCRYPTED.replace('"ENC[AES256_GCM,data:abc=,type:str]"', "abc")}
    )

    report = workbench.fail()

    assert "error[KR320]: Secret `api`" in report
    assert "abc" not in report


def test_a_literal_secret_may_be_allowed(workbench: Workbench) -> None:
    """The workspace's policy holds for manifests, too."""
    login = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2}\n"
    workbench.app(
        APP,
        **{"shop/dev/manifests/s.yaml": login, "workspaces/dev.yaml": "secrets: {allowLiteral: [login]}\n"},
    )

    assert {"password": "hunter2"} == workbench.render().manifest("Secret")["stringData"]


def test_a_namespace_of_its_own_is_never_left_out(workbench: Workbench) -> None:
    """With the policy `omit` only the destination's namespace is left to the destination."""
    workbench.app(APP, **{"shop/dev/manifests/roles.yaml": role("here") + role("there", "kube-system")})

    run = workbench.render("--namespace-policy", "omit")

    assert "namespace" not in run.manifest("Role", "here")["metadata"]
    assert "kube-system" == run.manifest("Role", "there")["metadata"]["namespace"]


def test_kusion_fills_in_no_namespace(workbench: Workbench) -> None:
    """In kusion mode a manifest is what Kusion makes of it."""
    workbench.app(
        APP, **{"shop/dev/manifests/role.yaml": role("here"), "kusion-render.yaml": "compatibility: kusion\n"}
    )

    assert {"name": "here"} == workbench.render().manifest("Role")["metadata"]


def test_a_preview_takes_what_says_the_namespace(workbench: Workbench) -> None:
    """What is written into the stack's own namespace moves with it; what is elsewhere would be shared."""
    workbench.app(APP, **{"shop/dev/manifests/roles.yaml": role("here") + role("said", "shop-dev")})

    run = workbench.render("--preview", "pr-1")

    assert ["shop-dev-pr-1"] * 2 == [each["metadata"]["namespace"] for each in run.manifests]

    crd = (
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: realms.x.example}\n"
    )
    workbench.write({"shop/dev/manifests/roles.yaml": role("there", "kube-system") + crd})
    report = workbench.fail("--preview", "pr-1")
    assert "roles.yaml:2:1: error[KR345]: this object is in the namespace `kube-system`" in report
    assert "roles.yaml:7:1: error[KR345]: the CustomResourceDefinition `realms.x.example`" in report

    encrypted = dedent(ENCRYPTED).replace("name: api", "{name: api, namespace: shop-dev}").replace("labels:", "x:")
    encrypted = encrypted.replace("metadata:\n  {", "metadata: {").replace('  x: {kept: "yes"}\n', "")
    workbench.write({"shop/dev/manifests/roles.yaml": encrypted})
    assert "error[KR345]: this encrypted object can't leave the namespace `shop-dev`" in workbench.fail(
        "--preview", "pr-1"
    )


def test_cluster_scoped_kinds_are_declared(workbench: Workbench) -> None:
    """The workspace and the root name custom kinds without a namespace; a preview gives their objects other names."""
    files = {
        "shop/dev/manifests/all.yaml": "\n---\n".join(
            f"{{apiVersion: x.example/v1, kind: {kind}, metadata: {{name: a}}}}" for kind in ("Realm", "Zone", "Thing")
        )
        + "\n---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: []}\n",
        "kusion-render.yaml": "{compatibility: native, clusterScopedKinds: [Zone]}\n",
        "workspaces/dev.yaml": "clusterScopedKinds: [x.example/Realm]\n",
    }
    workbench.app(APP, **files)

    run = workbench.render("--preview", "p")

    assert {
        "ClusterRole": {"name": "r-p"},
        "Realm": {"name": "a-p"},
        "Zone": {"name": "a-p"},
        "Thing": {"name": "a", "namespace": "shop-dev-p"},
    } == {each["kind"]: each["metadata"] for each in run.manifests}


def test_a_manifest_counts_where_something_refers_to_it(workbench: Workbench) -> None:
    """References to raw objects are no mistake, and an object made twice is one."""
    workbench.app(
        """
        web:
          workload: {containers: {web: {image: "registry.example/web:1", envFrom: [config/legacy]}}}
          accessories: {k8s_manifest: {paths: [legacy.yaml]}}
        """,
        **{"shop/dev/legacy.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: legacy}, data: {A: b}}\n"},
    )
    assert "legacy" == workbench.render().manifest("ConfigMap")["metadata"]["name"]

    workbench.write({"shop/dev/two.app.yaml": "raw: {accessories: {configs: {legacy: {data: {A: c}}}}}\n"})
    assert "error[KR511]: ConfigMap `legacy` is made twice" in workbench.fail()


def test_explain_names_the_line_of_the_manifest(workbench: Workbench) -> None:
    """A field of a file says its line there, the namespace that was filled in says who said it; no value of a Secret."""
    workbench.app(
        APP,
        **{
            "shop/dev/manifests/a.yaml": role("x")
            + role("here")
            + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
            "stringData: {password: hunter2}\n",
            "workspaces/dev.yaml": "secrets: {allowLiteral: true}\n",
        },
    )

    said = workbench.run("explain", "shop/dev", "role/here").stdout
    assert "metadata.name = here\n  > shop/dev/manifests/a.yaml:9:18" in said
    assert "metadata.namespace = shop-dev\n  > shop/dev/stack.yaml:1:7" in said
    secret = workbench.run("explain", "shop/dev", "secret/s").stdout
    assert "shop/dev/manifests/a.yaml:15:24" in secret
    assert "hunter2" not in secret


def test_what_is_wrong_with_an_object_is_shown_in_its_file(workbench: Workbench) -> None:
    """Checks of finished objects name the line of the manifest."""
    claim = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_A_Name}\n"
    workbench.app(APP, **{"shop/dev/manifests/a.yaml": role("x") + claim})

    assert "shop/dev/manifests/a.yaml:9:18: error[KR310]" in workbench.fail()


def test_inputs_are_the_files_and_the_folders(workbench: Workbench) -> None:
    """Each manifest read is an input, and each folder listed: a new file would change the render."""
    workbench.app(APP, **{"shop/dev/manifests/deep/a.yaml": role("x")})

    listed = workbench.run("inputs", "shop/dev").stdout

    assert "shop/dev/manifests/deep/a.yaml" in listed
    assert "shop/dev/manifests/deep\n" in listed.replace("/\n", "\n")


def test_a_link_does_not_lead_out(workbench: Workbench) -> None:
    """Neither a folder nor a file in one may be a link out of the repository."""
    outside = workbench.root.parent / f"{workbench.root.name}-outside"
    outside.mkdir()
    (outside / "role.yaml").write_text(role("stolen"))
    workbench.app(APP, **{"shop/dev/manifests/a.yaml": role("x")})
    os.symlink(outside / "role.yaml", workbench.root / "shop/dev/manifests/b.yaml")
    assert "error[KR111]" in workbench.fail()

    os.rename(workbench.root / "shop/dev/manifests", workbench.root / "shop/dev/kept")
    os.symlink(outside, workbench.root / "shop/dev/manifests")
    assert "error[KR111]" in workbench.fail()


def test_a_kind_is_a_name(workbench: Workbench) -> None:
    """A line that ran into `kind` does not turn a Secret into something that nobody checks."""
    broken = "apiVersion: v1\nkind: Secret\n  data: {}\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    workbench.app(APP, **{"shop/dev/manifests/a.yaml": broken.replace("  data: {}", "  of mine")})

    assert "error[KR344]: `Secret of mine` is no kind of object" in workbench.fail()


def test_odd_files_are_told(workbench: Workbench) -> None:
    """Deep, repeated and foreign YAML is refused or read as Kubernetes' own readers do; a Service without spec is passed."""
    workbench.app(
        APP,
        **{
            "shop/dev/manifests/a.yaml": "apiVersion: v1\r\nkind: Service\r\nmetadata: {name: s}\r\n",
            "shop/dev/manifests/b.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {defaultMode: 0644, containers: []}\n",
        },
    )
    run = workbench.render()
    assert "defaultMode: 0644\n" in run.stdout
    assert "s" == run.manifest("Service")["metadata"]["name"]

    workbench.write({"shop/dev/manifests/c.yaml": "a: " + "[" * 300 + "]" * 300})
    assert "error[KR109]" in workbench.fail()


def test_the_values_of_an_inline_secret_are_left_alone(workbench: Workbench) -> None:
    """A reference in them is text, as in all data of Secrets; the name may refer."""
    login = (
        '{apiVersion: v1, kind: Secret, metadata: {name: "${{ stack.name }}"}, stringData: {word: "${{ stack.name }}"}}'
    )
    workbench.app(
        f"raw: {{accessories: {{k8s_manifest: {{resources: [{login}]}}}}}}\n",
        **{"workspaces/dev.yaml": "secrets: {allowLiteral: [dev]}\n"},
    )

    made = workbench.render().manifest("Secret")

    assert ("dev", {"word": "${{ stack.name }}"}) == (made["metadata"]["name"], made["stringData"])


def test_a_workspace_names_files_beside_itself(workbench: Workbench) -> None:
    """What a workspace says lies beneath the app."""
    files = {
        "workspaces/dev.yaml": "modules: {k8s_manifest: {configs: {default: {paths: [all/base.yaml]}}}}\n",
        "workspaces/all/base.yaml": role("platform"),
        "shop/dev/own.yaml": role("own"),
    }
    workbench.app("raw: {accessories: {k8s_manifest: {}}}\n", **files)
    assert ["platform"] == [each["metadata"]["name"] for each in workbench.render().manifests]

    workbench.write({"shop/dev/app.yaml": "raw: {accessories: {k8s_manifest: {paths: [own.yaml]}}}\n"})
    assert ["own"] == [each["metadata"]["name"] for each in workbench.render().manifests]


def test_for_kusion_paths_are_the_stacks(workbench: Workbench) -> None:
    """In kusion mode a workspace's paths are relative to the stack's folder and joined to the app's, as by Kusion."""
    files = {
        "kusion-render.yaml": "compatibility: kusion\n",
        "workspaces/dev.yaml": "modules: {k8s_manifest: {configs: {default: {paths: [../all/base.yaml, ./own.yaml]}}}}\n",
        "shop/all/base.yaml": role("platform"),
        "shop/dev/own.yaml": role("own"),
    }
    workbench.app("raw: {accessories: {k8s_manifest: {paths: [own.yaml]}}}\n", **files)

    made = workbench.render().manifests

    assert ["own", "platform"] == sorted(each["metadata"]["name"] for each in made if each["kind"] == "Role")
    said = workbench.run("explain", "shop/dev", "role/platform", "metadata.name").stdout
    assert "shop/all/base.yaml:4:18" in said


def test_a_workspaces_config_files_lie_beside_it(workbench: Workbench) -> None:
    """Also what a workspace enforces names files beside the workspace."""
    workbench.app(
        'web: {workload: {containers: {web: {image: "registry.example/web:1"}}}}\n',
        **{
            "workspaces/dev.yaml": "enforce: {workload: {containers: {'*': {files: {/etc/ca.pem: {from: ca.pem}}}}}}\n",
            "workspaces/ca.pem": "CERTIFICATE\n",
        },
    )

    assert {"ca.pem": "CERTIFICATE\n"} == workbench.render().manifest("ConfigMap")["data"]


def test_manifests_are_read_from_commits(tmp_path: Path) -> None:
    """What is committed is the manifest of the revision, not that of the work tree."""
    sources = Sources.begin(tmp_path)
    sources.save(
        {
            "shop/prod/raw.app.yaml": "raw: {accessories: {k8s_manifest: {paths: [manifests]}}}\n",
            "shop/prod/manifests/deep/a.yaml": role("committed"),
        }
    )
    (sources.root / "shop/prod/manifests/deep/a.yaml").unlink()
    sources.write({"shop/prod/manifests/b.yaml": role("newer")})

    sources.push("--revision", "HEAD")
    shown = sources.at_remote("ls-tree", "-r", "--name-only", "env/prod")

    assert "role.rbac.authorization.k8s.io-committed.yaml" in shown or "role-committed.yaml" in shown
    assert "newer" not in shown
