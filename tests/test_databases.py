"""Databases: what stands in Git, what does not, and who finds whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = """
    web:
      workload: {{containers: {{web: {{image: "registry.example/web:1"}}}}}}
      accessories: {{mysql: {{type: local, version: "8.0", {more}}}}}
"""


def test_a_password_must_be_in_the_stack(workbench: Workbench) -> None:
    """The Secret of a password is a reference like any other."""
    workbench.app(APP.format(more="passwordSecret: database/password"))

    assert "error[KR326]: Secret `database` is not in this stack" in workbench.fail()


def test_both_halves_of_a_password_secret_are_explained(workbench: Workbench) -> None:
    """`NAME/KEY` becomes two fields, and both name the line."""
    workbench.app(
        APP.format(more="passwordSecret: database/password"),
        **{"shop/dev/s.app.yaml": "s: {accessories: {secrets: {database: {existing: true}}}}\n"},
    )

    said = workbench.run("explain", "shop/dev", "deployment/web", "spec.template.spec.containers[0].env[0]").stdout

    assert ".name = database\n  > shop/dev/app.yaml:3:70   database/password" in said
    assert ".key = password\n  > shop/dev/app.yaml:3:70   database/password" in said


def test_no_report_shows_a_made_up_password(workbench: Workbench) -> None:
    """Kusion's password is in the manifest alone; a workspace that allows it is not warned."""
    files = {
        "kusion-render.yaml": "compatibility: kusion\n",
        "workspaces/dev.yaml": "secrets: {allowLiteral: [shop-dev-web-mysql-mysql]}\n",
    }
    workbench.app(APP.format(more="size: 1"), **files)

    run = workbench.render()

    password = run.manifest("Secret", "shop-dev-web-mysql-mysql")["stringData"]["password"]
    assert (16, "") == (len(password), run.stderr)
    assert password not in workbench.run("explain", "shop/dev", "secret/shop-dev-web-mysql-mysql").stdout


def test_the_service_of_an_app_does_not_find_its_database(workbench: Workbench) -> None:
    """The database's pods have a name of their own, also where the app's labels give another."""
    workbench.app(
        """
        web:
          labels: {app.kubernetes.io/name: front, app.kubernetes.io/part-of: mall}
          workload: {containers: {web: {image: "registry.example/web:1"}}}
          accessories:
            network: {ports: [{port: 80}]}
            postgres: {type: local, version: 16, passwordSecret: a/b}
            secrets: {a: {existing: true}}
        """
    )

    run = workbench.render()

    selector = run.manifest("Service", "web")["spec"]["selector"]
    labels = run.manifest("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert not selector.items() <= labels.items()
    assert run.manifest("Service", "web-postgres")["spec"]["selector"].items() <= labels.items()
