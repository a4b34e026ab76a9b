"""Cloud resources: databases and search domains of clouds, who gets them, and what a workspace says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = """
    web:
      workload: {containers: {web: {image: "registry.example/web:1"}}}
      accessories: {mysql: {type: cloud, version: "8.0"}}
"""
AWS: Final = "cloud: aws, instanceType: db.t3.micro"
ALICLOUD: Final = "cloud: alicloud, instanceType: mysql.n2"
DATABASE: Final = "hashicorp:aws:aws_db_instance:shop-dev-web-mysql"
IMPORT: Final = "kusionstack.io/import-id"
KUSION: Final = {"kusion-render.yaml": "compatibility: kusion\n"}


def platform(config: str, *more: str) -> dict[str, str]:
    """Return a workspace that says this about MySQL, and further lines."""
    lines = [f"modules: {{mysql: {{configs: {{default: {{{config}}}}}}}}}", *more]
    return {"workspaces/dev.yaml": "".join(f"{line}\n" for line in lines)}


def spec(workbench: Workbench, *arguments: str) -> dict[str, Any]:
    """Render the one stack as a Spec."""
    found: dict[str, Any] = yaml.safe_load(workbench.render("--target", "spec", *arguments).stdout)
    return found


def by_id(found: dict[str, Any]) -> dict[str, Any]:
    """Return a Spec's resources by ID."""
    return {resource["id"]: resource for resource in found["resources"]}


def host(found: dict[str, Any]) -> str:
    """Return where the app looks for its database."""
    secrets = [each["attributes"] for each in found["resources"] if each["id"].startswith("v1:Secret:")]
    return str(secrets[0]["stringData"]["hostAddress"])


# Regions, quirk Q19


def test_the_region_is_the_workspaces(workbench: Workbench) -> None:
    """Q19: a module's `region` comes before the context's; the machine's environment counts for nothing."""
    workbench.app(APP, **platform(f"{AWS}, region: eu-north-1", "context: {AWS_REGION: us-east-1}"))
    environment = {"AWS_REGION": "mars-1", "ALICLOUD_REGION": "mars-2"}

    named = workbench.render("--target", "spec", env=environment).stdout
    workbench.write(platform(AWS, "context: {AWS_REGION: us-east-1}"))
    from_context = workbench.render("--target", "spec", env=environment).stdout

    regions = [by_id(yaml.safe_load(text))[DATABASE]["extensions"]["providerMeta"] for text in (named, from_context)]
    assert [{"region": "eu-north-1"}, {"region": "us-east-1"}] == regions
    assert "mars" not in named + from_context


@pytest.mark.parametrize(("config", "variable"), [(AWS, "AWS_REGION"), (ALICLOUD, "ALICLOUD_REGION")])
def test_a_missing_region_is_told(workbench: Workbench, config: str, variable: str) -> None:
    """Without a region nothing can be made; plain manifests do not need one."""
    workbench.app(APP, **platform(config, "context: {AWS_REGION: 5, ALICLOUD_REGION: ''}"))

    said = workbench.fail("--target", "spec", env={variable: "mars-1"})

    assert "shop/dev/app.yaml:3:31: error[KR309]: what" in said
    assert f"`modules.mysql.configs.default.region` in the workspace, or `{variable}` in its `context`" in said
    assert "KR309" not in workbench.render().stderr


# Names


def test_names_are_unique_in_an_account(workbench: Workbench) -> None:
    """An account has no namespaces, so natively project and stack are in a name; the app's variables keep theirs."""
    workbench.app(APP, **platform(f"{AWS}, region: a"))

    found = by_id(spec(workbench))

    assert "shop-dev-web-mysql" == found[DATABASE]["attributes"]["identifier"]
    assert {"v1:Secret:shop-dev:web-mysql", "hashicorp:random:random_password:shop-dev-web-mysql"} <= found.keys()


def test_a_preview_has_a_database_of_its_own(workbench: Workbench) -> None:
    """What is previewed is neither changed nor taken over, also where its name is given or it is imported."""
    imported = 'databaseName: store, importedResources: {"hashicorp:aws:aws_db_instance:store": prod-store}'
    workbench.app(APP, **platform(f"{AWS}, region: a, {imported}"))

    assert {IMPORT: "prod-store"}.items() <= by_id(spec(workbench))[DATABASE.replace("shop-dev-web-mysql", "store")][
        "extensions"
    ].items()
    preview = by_id(spec(workbench, "--preview", "pr-7"))
    instance = preview["hashicorp:aws:aws_db_instance:store-pr-7"]
    assert "store-pr-7" == instance["attributes"]["identifier"]
    assert IMPORT not in instance["extensions"]
    assert not any(name.endswith(":store") and "v1:Secret" not in name for name in preview)


def test_a_long_name_fits(workbench: Workbench) -> None:
    """A cloud takes 63 characters."""
    workbench.app(APP.replace("web:\n", f"{'w' * 55}:\n", 1), **platform(f"{AWS}, region: a"))

    names = [each.rpartition(":")[2] for each in by_id(spec(workbench)) if "aws_db_instance" in each]

    assert [63] == [len(name) for name in names]


def test_two_databases_of_one_name_are_one_too_many(workbench: Workbench) -> None:
    """A name that the workspace gives to all databases is given twice: KR511 in a stack, KR515 among stacks."""
    two = APP.replace('version: "8.0"}', 'version: "8.0"}, more: {module: mysql, type: cloud, version: "8.0"}')
    workbench.app(two, **platform(f"{AWS}, region: a, databaseName: store"))
    in_one = workbench.fail("--target", "spec")
    workbench.write(
        {
            "shop/dev/app.yaml": APP,
            "bank/project.yaml": "name: bank\n",
            "bank/dev/stack.yaml": "name: dev\n",
            "bank/dev/app.yaml": APP,
        }
    )

    assert "error[KR511]: aws_db_instance `store` is made twice" in in_one
    among = workbench.fail("--target", "spec")
    assert "error[KR515]: random_password `store` and 2 more objects are made by `bank/dev` and by `shop/dev`" in among
    assert 0 == workbench.run("render").exit_code


# Addresses, quirks Q9 and Q10


def test_security_ips_are_a_list(workbench: Workbench) -> None:
    """Q10: Kusion fails on any list. Each address is a range, those of version 6 have an argument of their own."""
    workbench.app(APP, **platform(f'{AWS}, region: a, securityIPs: [10.1.2.3, 192.168.0.0/16, "fd00::1", "fc00::/8"]'))

    found = by_id(spec(workbench))

    (rule,) = found["hashicorp:aws:aws_security_group:shop-dev-web-mysql"]["attributes"]["ingress"]
    assert ["10.1.2.3/32", "192.168.0.0/16"] == rule["cidr_blocks"]
    assert ["fd00::1/128", "fc00::/8"] == rule["ipv6_cidr_blocks"]
    assert found[DATABASE]["attributes"]["publicly_accessible"] is False


@pytest.mark.parametrize("address", ["8.8.8.8", "172.15.0.0/16", "10.0.0.0/7", "::/0", "2001:db8::1"])
def test_who_is_not_in_a_private_network_is_the_public(workbench: Workbench, address: str) -> None:
    """One address beyond the private ranges makes a database public."""
    workbench.app(APP, **platform(f'{AWS}, region: a, securityIPs: [10.0.0.0/8, "{address}"]'))

    assert by_id(spec(workbench))[DATABASE]["attributes"]["publicly_accessible"] is True


def test_what_is_no_address_is_told(workbench: Workbench) -> None:
    """Every wrong entry is reported at its place in the workspace."""
    workbench.app(
        APP,
        **platform(
            f'{AWS}, region: a, securityIPs: [10.0.0.0/8, 10.0.0.300, "10.0.0.0/33", home, "", "fe80::1%eth0", 10.0.0.0/255.0.0.0]'
        ),
    )

    said = workbench.fail("--target", "spec")

    assert 6 == said.count("error[KR355]")
    assert "workspaces/dev.yaml:1:115: error[KR355]: `10.0.0.300` is neither an IP address nor a range of them" in said


def test_without_a_public_address_there_is_the_private_one(workbench: Workbench) -> None:
    """Q9: `privateRouting: false` where nobody public may come in; Kusion refers to a connection that it does not make."""
    workbench.app(APP, **platform(f"{ALICLOUD}, region: a, privateRouting: false, securityIPs: [10.0.0.0/8]"))

    run = workbench.render("--target", "spec")

    found = yaml.safe_load(run.stdout)
    instance = "aliyun:alicloud:alicloud_db_instance:shop-dev-web-mysql"
    assert f"$kusion_path.{instance}.connection_string" == host(found)
    assert instance in by_id(found)
    assert "warning[KR356]: the database has no public address" in run.stderr


def test_private_routing_is_the_default(workbench: Workbench) -> None:
    """A public database of Alibaba Cloud has a connection; the app uses it only if told to."""
    workbench.app(APP, **platform(f"{ALICLOUD}, region: a"))
    private = spec(workbench)
    workbench.write(platform(f"{ALICLOUD}, region: a, privateRouting: false"))
    public = spec(workbench)

    connection = "aliyun:alicloud:alicloud_db_connection:shop-dev-web-mysql"
    assert "$kusion_path.aliyun:alicloud:alicloud_db_instance:shop-dev-web-mysql.connection_string" == host(private)
    assert f"$kusion_path.{connection}.connection_string" == host(public)
    # Only of PostgreSQL the port is said.
    assert ["instance_id"] == [*by_id(private)[connection]["attributes"]]


# Who gets them


@pytest.mark.parametrize("target", ["kubernetes", "helm", "kustomize"])
def test_manifests_leave_the_database_out_and_say_so(workbench: Workbench, target: str) -> None:
    """Neither the cloud's resources nor the Secret that waits for them are applied; the reference to it is no mistake."""
    workbench.app(APP, **platform(f"{AWS}, region: a"))

    run = workbench.render("--target", target, "--output", "out")

    text = "".join(path.read_text() for path in sorted((workbench.root / "out").rglob("*.y*ml")))
    assert "warning[KR353]: the aws database `web-mysql` and its Secret `web-mysql` are not rendered" in run.stderr
    assert "render to an engine's form with `--target spec`" in run.stderr
    assert "kusion_path" not in text
    assert "kind: Secret" not in text
    assert "secretKeyRef" in text


def test_a_spec_has_no_word_of_what_is_not_rendered(workbench: Workbench) -> None:
    """With `--target spec` all is there, on stdout and in a folder the same, and `check` agrees."""
    workbench.app(APP, **platform(f"{AWS}, region: a"))

    run = workbench.render("--target", "spec")
    written = workbench.render("--target", "spec", "--output", "out")

    assert "" == run.stderr
    assert run.stdout == (workbench.root / "out/shop/dev/spec.yaml").read_text()
    assert "1 files written" in written.stderr
    assert 0 == workbench.run("check", "--target", "spec", "--output", "out").exit_code
    workbench.write(platform(f"{AWS}, region: b"))
    assert 4 == workbench.run("check", "--target", "spec", "--output", "out").exit_code


@pytest.mark.parametrize("command", ["validate", "explain shop/dev", "affected --all", "diff", "inputs"])
def test_other_commands_do_not_stumble(workbench: Workbench, command: str) -> None:
    """A cloud resource is no object of a cluster, and nobody takes it for one."""
    workbench.app(APP, **platform(f"{AWS}, region: a"))

    assert "Traceback" not in workbench.run(*command.split()).stderr


# OpenSearch


def test_the_platform_has_the_last_word_only_in_kusion_mode(workbench: Workbench) -> None:
    """Kusion lays the platform's settings of a domain over the developer's, we beneath."""
    workbench.app(
        "web: {accessories: {opensearch: {domainName: find, engineVersion: own, region: a}}}\n",
        **{"workspaces/dev.yaml": "modules: {opensearch: {configs: {default: {engineVersion: platform}}}}\n"},
    )

    native = spec(workbench)
    workbench.write(KUSION)
    kusion = spec(workbench)

    assert ["own"] == [each["attributes"]["engine_version"] for each in native["resources"]]
    (domain,) = [each for each in kusion["resources"] if each["type"] == "Terraform"]
    assert "platform" == domain["attributes"]["engine_version"]
    assert "hashicorp:aws:aws_opensearch_domain:shop-dev-web" == domain["id"]


def test_a_domain_is_found_by_two_variables(workbench: Workbench) -> None:
    """As by Kusion: the region first, then what the engine knows of the domain, then the container's own."""
    workbench.app(
        """
        web:
          workload: {containers: {web: {image: "registry.example/web:1", env: {A: b}}}}
          accessories: {opensearch: {domainName: find, region: a}}
        """,
        **KUSION,
    )

    workload = by_id(spec(workbench))["apps/v1:Deployment:shop:shop-dev-web"]["attributes"]

    assert [
        {"name": "OPEN_SEARCH_REGION", "value": "a"},
        {
            "name": "OPEN_SEARCH_ENDPOINT",
            "value": "$kusion_path.hashicorp:aws:aws_opensearch_domain:shop-dev-web.endpoint",
        },
        {"name": "A", "value": "b"},
    ] == workload["spec"]["template"]["spec"]["containers"][0]["env"]


def test_a_domain_without_settings_is_as_kusions(workbench: Workbench) -> None:
    """What is not said stands there as empty, and there are no policies."""
    workbench.app("web: {accessories: {opensearch: {domainName: find, region: a}}}\n", **KUSION)

    (domain,) = [each for each in spec(workbench)["resources"] if each["type"] == "Terraform"]

    assert {
        "domain_name": "find",
        "engine_version": "",
        "cluster_config": {"instance_type": ""},
        "ebs_options": {"ebs_enabled": False, "volume_size": 0},
    } == domain["attributes"]
    assert {
        "provider": "registry.terraform.io/hashicorp/aws/5.51.1",
        "providerMeta": {"region": "a"},
        "resourceType": "aws_opensearch_domain",
    } == domain["extensions"]


def test_policies_are_compact_json(workbench: Workbench) -> None:
    """The statements are one text, keys in Kusion's order and no spaces."""
    statement = 'statement: [{action: ["es:*"], principals: [{identifiers: ["*"], type: AWS}], effect: Allow}]'
    workbench.app(f"web: {{accessories: {{opensearch: {{domainName: find, region: a, {statement}}}}}}}\n")

    (domain,) = spec(workbench)["resources"]

    wanted = '[{"effect":"Allow","principals":[{"type":"AWS","identifiers":["*"]}],"action":["es:*"]}]'
    assert wanted == domain["attributes"]["access_policies"]


def test_a_region_is_explained(workbench: Workbench) -> None:
    """What comes from the workspace's context names its line there."""
    app = 'web: {workload: {containers: {a: {image: "a:1"}}}, accessories: {opensearch: {domainName: find}}}\n'
    workbench.app(app, **{"workspaces/dev.yaml": "context:\n  owner: shop\n  AWS_REGION: eu-west-1\n"})

    field = "spec.template.spec.containers[0].env[0].value"
    said = workbench.run("explain", "shop/dev", "deployment/web", field).stdout

    assert f"{field} = eu-west-1\n  > workspaces/dev.yaml:3:15" in said


# Imports and health policies, quirk Q20


@pytest.mark.parametrize("mode", ["native", "kusion"])
def test_imports_work_in_every_block(workbench: Workbench, mode: str) -> None:
    """Q20: Kusion fails where a block for some projects imports something. What is imported has no attributes."""
    workbench.app(
        APP,
        **{
            "kusion-render.yaml": f"compatibility: {mode}\n",
            "workspaces/dev.yaml": f"""
            modules:
              mysql:
                configs:
                  default: {{{AWS}, region: a, databaseName: store}}
                  ours:
                    projectSelector: [shop]
                    importedResources: {{"hashicorp:aws:aws_db_instance:store": "${{{{ project.name }}}}-store"}}
                  theirs:
                    projectSelector: [bank]
                    importedResources: {{"hashicorp:aws:aws_db_instance:store": bank-store}}
            """,
        },
    )

    imported = by_id(spec(workbench))["hashicorp:aws:aws_db_instance:store"]

    assert {} == imported["attributes"]
    assert "shop-store" == imported["extensions"][IMPORT]
    assert "aws_db_instance" == imported["extensions"]["resourceType"]


@pytest.mark.parametrize(("mode", "imported"), [("native", 2), ("kusion", 1)])
def test_a_block_for_some_projects_adds_to_imports(workbench: Workbench, mode: str, imported: int) -> None:
    """Natively maps of two blocks merge, as elsewhere; in `kusion` mode the block's map replaces that of `default`."""
    password, instance = "hashicorp:random:random_password:store", "hashicorp:aws:aws_db_instance:store"
    workbench.app(
        APP,
        **{
            "kusion-render.yaml": f"compatibility: {mode}\n",
            "workspaces/dev.yaml": f"""
            modules:
              mysql:
                configs:
                  default:
                    {{{AWS}, region: a, databaseName: store, importedResources: {{{instance!r}: i}}}}
                  ours: {{projectSelector: [shop], importedResources: {{{password!r}: p, {password + "-mysql"!r}: p}}}}
            """.replace(f"{password!r}: p, " if mode == "kusion" else f", {password + '-mysql'!r}: p", ""),
        },
    )

    assert imported == workbench.render("--target", "spec").stdout.count(IMPORT)


def test_an_import_that_matches_nothing(workbench: Workbench) -> None:
    """Natively it is an error with the nearest ID, also for an object of the cluster; Kusion passes it by."""
    workbench.app(
        APP, **platform(f'{AWS}, region: a, importedResources: {{"{DATABASE}x": i, "v1:Secret:shop-dev:web-mysql": j}}')
    )

    said = workbench.fail("--target", "spec")

    assert 2 == said.count("error[KR472]")
    assert f"help: did you mean `{DATABASE}`?" in said
    assert 0 == workbench.run("render").exit_code
    workbench.write(KUSION)
    assert IMPORT not in workbench.render("--target", "spec").stdout


def test_kusion_imports_what_has_the_id(workbench: Workbench) -> None:
    """In `kusion` mode every resource can be imported, as by Kusion; what depends on it stays as it is."""
    workbench.app(APP, **KUSION, **platform(f'{AWS}, region: a, importedResources: {{"v1:Namespace:shop": ns}}'))

    found = by_id(spec(workbench))

    assert {"GVK": "/v1, Kind=Namespace", IMPORT: "ns"} == found["v1:Namespace:shop"]["extensions"]
    assert {} == found["v1:Namespace:shop"]["attributes"]
    assert "v1:Namespace:shop" in found["apps/v1:Deployment:shop:shop-dev-web"]["dependsOn"]


def test_one_id_is_imported_once(workbench: Workbench) -> None:
    """Two modules that import one ID as two things are both named; the same twice is fine."""
    imported = (
        f"modules: {{mysql: {{configs: {{default: {{{AWS}, region: a, importedResources: {{{DATABASE!r}: i}}}}}}}},"
    )
    other = f"service: {{configs: {{default: {{importedResources: {{{DATABASE!r}: j}}}}}}}}}}"
    workbench.app(APP, **{"workspaces/dev.yaml": f"{imported}\n{other}\n"})

    said = workbench.fail("--target", "spec")

    assert (
        f"workspaces/dev.yaml:2:{other.index(': j') + 3}: error[KR473]: `{DATABASE}` is imported as `j` and as `i`"
        in said
    )
    assert "note: the other one\n  --> workspaces/dev.yaml:1:" in said
    workbench.write({"workspaces/dev.yaml": f"{imported}\n{other.replace(': j', ': i')}\n"})
    assert "i" == by_id(spec(workbench))[DATABASE]["extensions"][IMPORT]


@pytest.mark.parametrize("block", ["default: {", "some: {projectSelector: [shop], "])
def test_a_health_policy_is_the_workloads(workbench: Workbench, block: str) -> None:
    """It is an extension of the module's workload, and of all objects of the kind it names, whatever the case."""
    policy = "healthPolicy: {health.kcl: 'assert a', apiVersion: V1, kind: service}"
    workbench.app(
        """
        web:
          workload: {containers: {web: {image: "registry.example/web:1", ports: {http: 80}}}}
          accessories: {network: {ports: [{port: 80}]}, configs: {c: {data: {a: b}}}}
        """,
        **{"workspaces/dev.yaml": f"modules: {{service: {{configs: {{{block}{policy}}}}}}}}}\n"},
    )

    found = by_id(spec(workbench))

    having = [name for name, each in found.items() if "healthPolicy" in each["extensions"]]
    assert ["v1:Service:shop-dev:web", "apps/v1:Deployment:shop-dev:web"] == having
    wanted = {"health.kcl": "assert a", "apiVersion": "V1", "kind": "service"}
    assert wanted == found["apps/v1:Deployment:shop-dev:web"]["extensions"]["healthPolicy"]


# The workspace's store and context


def test_a_credential_in_the_context_is_refused(workbench: Workbench) -> None:
    """A Spec would carry it along; a reference, or what the workspace allows, may stand. No report shows the value."""
    context = "context: {AWS_SECRET_ACCESS_KEY: hunter2, AWS_ACCESS_KEY_ID: ref://aws/id, KUBECONFIG_PATH: /etc/kube}"
    workbench.app(APP, **platform(f"{AWS}, region: a", context))

    said = workbench.fail("--target", "spec")

    assert "workspaces/dev.yaml:2:34: error[KR470]: `AWS_SECRET_ACCESS_KEY` of the context is written out" in said
    assert 1 == said.count("KR470")
    assert "hunter2" not in said
    assert "KR470" not in workbench.render().stderr
    for allowed in ("true", "[AWS_SECRET_ACCESS_KEY]"):
        workbench.write(platform(f"{AWS}, region: a", context, f"secrets: {{allowLiteral: {allowed}}}"))
        assert yaml.safe_load(context)["context"] == spec(workbench)["context"]
    workbench.write({**platform(f"{AWS}, region: a", context), **KUSION})
    run = workbench.render("--target", "spec")
    assert yaml.safe_load(context)["context"] == yaml.safe_load(run.stdout)["context"]
    assert "warning[KR470]" in run.stderr


def test_only_kusions_part_of_the_store_is_in_the_spec(workbench: Workbench) -> None:
    """Kusion refuses what it does not know."""
    ours = "externalSecrets: {store: {name: vault}}"
    workbench.app(APP, **platform(f"{AWS}, region: a", f"secretStore: {{provider: {{vault: {{server: v}}}}, {ours}}}"))
    both = spec(workbench)["secretStore"]
    workbench.write(platform(f"{AWS}, region: a", f"secretStore: {{{ours}}}"))

    assert {"provider": {"vault": {"server": "v"}}} == both
    assert spec(workbench)["secretStore"] is None


# What a Spec can't hold, and its form


def test_an_object_needs_an_id(workbench: Workbench) -> None:
    """Kusion splits IDs at `:`; an object of a cluster may have one in its name, one of a namespace none."""
    workbench.app(
        "web: {accessories: {k8s_manifest: {paths: [objects.yaml]}}}\n",
        **{
            "shop/dev/objects.yaml": """
            {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "system:shop"}}
            ---
            {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: "shop:a"}}
            """
        },
    )

    said = workbench.fail("--target", "spec")

    assert "shop/dev/objects.yaml:3:73: error[KR471]: a Spec can't hold Role `shop:a`: a `:` in its name splits" in said
    assert 1 == said.count("KR471")


def test_a_reference_ends_at_a_dot(workbench: Workbench) -> None:
    """Kusion takes what stands before the first dot for the ID, so no ID may have one."""
    workbench.app(
        "web: {accessories: {opensearch: {domainName: find, region: a}}}\n",
        **{**KUSION, "shop/project.yaml": "name: shop.eu\nnamespace: shop\n"},
    )

    said = workbench.fail("--target", "spec")

    assert "error[KR471]: a Spec can't hold aws_opensearch_domain `shop.eu-dev-web`" in said


def test_manifests_as_they_stand_have_no_extensions(workbench: Workbench) -> None:
    """As with Kusion; what has no rank among kinds waits for all that have one, and nothing for what has none."""
    workbench.app(
        """
        web:
          workload: {containers: {web: {image: "registry.example/web:1"}}}
          accessories:
            k8s_manifest:
              resources:
              - {apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}
              - {apiVersion: example.com/v1, kind: Thing, metadata: {name: b}}
              - {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
        """
    )

    found = by_id(spec(workbench))

    thing = found["example.com/v1:Thing:shop-dev:a"]
    assert "extensions" not in thing
    assert ["v1:ConfigMap:shop-dev:c", "apps/v1:Deployment:shop-dev:web"] == thing["dependsOn"]
    assert ["v1:ConfigMap:shop-dev:c"] == found["apps/v1:Deployment:shop-dev:web"]["dependsOn"]
    assert "dependsOn" not in found["v1:ConfigMap:shop-dev:c"]


def test_dependencies_are_named_once(workbench: Workbench) -> None:
    """Q15: with several apps Kusion repeats what earlier ones depend on."""
    workbench.app(
        """
        one: {workload: {containers: {web: {image: "registry.example/web:1"}}}, accessories: {network: {ports: [{port: 80}]}}}
        two: {workload: {containers: {web: {image: "registry.example/web:1"}}}, accessories: {network: {ports: [{port: 80}]}}}
        """,
        **KUSION,
    )

    services = [f"v1:Service:shop:shop-dev-{app}-private" for app in ("one", "two")]
    for app in ("one", "two"):
        wanted = ["v1:Namespace:shop", *services]
        assert wanted == by_id(spec(workbench))[f"apps/v1:Deployment:shop:shop-dev-{app}"]["dependsOn"]


def test_every_stack_is_a_document(workbench: Workbench) -> None:
    """On stdout Specs follow each other; nothing in one depends on another."""
    workbench.app(APP, **platform(f"{AWS}, region: a"))
    workbench.write({"shop/qa/stack.yaml": "name: qa\nworkspace: dev\n", "shop/qa/app.yaml": APP})

    documents = list(yaml.safe_load_all(workbench.render("--target", "spec").stdout))

    assert [DATABASE, DATABASE.replace("-dev-", "-qa-")] == [
        each["id"] for document in documents for each in document["resources"] if "db_instance" in each["id"]
    ]
    assert all(["resources", "secretStore", "context"] == [*document] for document in documents)
