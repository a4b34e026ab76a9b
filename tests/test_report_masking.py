"""No code frame shows the value of a secret, whether the file parses or not."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kusion_render.diagnostics import Diagnostic, Rule, Span
from kusion_render.report import write

if TYPE_CHECKING:
    from kusion_render.diagnostics import Json

RULE = Rule("KR201", "wrong-type")


def show(text: str, *, file: str = "app.yaml") -> str:
    """Give a file as its code frames show it, line by line."""
    text = textwrap.dedent(text).removeprefix("\n")
    return "".join(frame(text, Span(file, number))[0] + "\n" for number in range(1, len(text.splitlines()) + 1))


def frame(text: str, span: Span) -> tuple[str, str]:
    """Give the line and the underline of one code frame."""
    report = write([Diagnostic(RULE, "m", span)], "text", source={span.file: text}.get)
    _, code, underline, *_ = report.split("\n")
    return code[8:], underline[8:]


def dedent(text: str) -> str:
    """Write down an expected file with the indentation of its test."""
    return textwrap.dedent(text).removeprefix("\n")


def test_everything_below_secrets_is_masked() -> None:
    """Below `secrets` only the words that the schema fixes are shown, in every form of YAML."""
    assert show("""
        shop:
          workload:
            secrets:
              db:
                type: opaque
                immutable: true
                existing: false
                params: {type: hunter2}
                data:
                  user: bob  # or hunter2
                  pass: "hunter2"
                  key: |
                    hunter2

                    type: hunter2
                  list:
                  - hunter2
                  - a: hunter2
              other: &o {data: {a: hunter2, 'b': 'hun ter'}, type: opaque}
            replicas: 3
    """) == dedent("""
        shop:
          workload:
            secrets:
              db:
                type: opaque
                immutable: true
                existing: false
                params: {type: •••}
                data:
                  user: •••
                  pass: •••
                  key: |
                    •••

                    •••
                  list:
                  - •••
                  - a: •••
              other: &o {data: {a: •••, 'b': •••}, type: opaque}
            replicas: 3
    """)


def test_keys_that_sound_secret_hide_their_values() -> None:
    """The name of the nearest key decides, with its lists, block scalars and further lines."""
    assert show("""
        token-service:
          image: nginx
        DB_PASSWORD: hunter2
        apiKey: hunter2
        'private-key': hunter2
        tls.key: >-
          hunter2
          hunter2
        accessToken: "hunter
          2"
        tokens:
        - hunter2
        - [hunter2, hunter2]
        passwords: {main: hunter2}
        files: {/etc/tls.key: {content: hunter2, mode: "0644"}}
        clientSecret:
          value: hunter2
        note: x
        ? password
        : hunter2
    """) == dedent("""
        token-service:
          image: nginx
        DB_PASSWORD: •••
        apiKey: •••
        'private-key': •••
        tls.key: >-
          •••
          •••
        accessToken: •••
          •••
        tokens:
        - •••
        - [•••, •••]
        passwords: {main: •••}
        files: {/etc/tls.key: {content: •••, mode: "0644"}}
        clientSecret:
          value: •••
        note: x
        ? password
        : •••
    """)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("{fake: {data: [{key: database, value: hunter2}]}}", "{fake: {data: [{key: database, value: •••}]}}"),
        ("{fake: {data: [{valueMap: {a: hunter2}}]}}", "{fake: {data: [{valueMap: {a: •••}}]}}"),
        ("{onpremises: {name: safe, attributes: {a: hunter2}}}", "{onpremises: {name: safe, attributes: {a: •••}}}"),
    ],
)
def test_what_a_secret_store_holds_itself_is_masked(line: str, shown: str) -> None:
    """Two of Kusion's stores hold their values in the workspace."""
    text = f"secretStore: {{provider: {line}}}"
    assert frame(text, Span("workspaces/dev.yaml", 1, 1))[0] == f"secretStore: {{provider: {shown}}}"


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD: secret://db/password",
        "PASSWORD: ${{ context.password }}",
        "contentFrom: ${secret://db/password}",
        "AWS_SECRET_ACCESS_KEY: ref://aws/key",
        "passwordSecret: db/password",
        "secretName: db",
        "secretStore: {provider: {aws: {region: eu}}}",
        "secretStore: {provider: {fake: {data: [{key: database, version: v1}]}}}",
        "valueFrom: {secretKeyRef: {name: db, key: token}}",
        "env: {TOKEN: {secret: checkout, key: token}}",
        "dirs: {/certs: {secret: certs, optional: true}}",
        "envFrom: [{secret: db, prefix: DB_}, secret/db]",
        "imagePullSecrets: [{name: registry}]",
        "automountToken: yess",
        "token: true",
        "secrets: {allowLiteral: [db, cache]}",
        "secrets: {db: {type: opaque, immutable: true}}",
        "url: https://example.com/a:b@c",
    ],
)
def test_references_to_secrets_are_shown(line: str) -> None:
    """What only names a secret helps the reader and tells nobody anything."""
    assert frame(line, Span("app.yaml", 1, 1))[0] == line


def test_references_are_shown_in_block_form() -> None:
    """A secret named below `env` is shown; a variable that is itself called secret is not."""
    text = dedent("""
        env:
          TOKEN:
            secret: checkout
            key: token
          SECRET: hunter2
    """)
    assert show(text) == text.replace("hunter2", "•••")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("args: [--password=hunter2, -v]", "args: [--password=•••, -v]"),
        ("dsn: postgres://bob:hunter2@db/shop", "dsn: postgres://bob:•••@db/shop"),
        ("# password: hunter2", "# password: •••"),
        ("a: 1 # token=hunter2", "a: 1 # token=•••"),
        ("env: [{name: DB_TOKEN, value: hunter2}]", "env: [{name: DB_TOKEN, value: •••}]"),
        ("env: [{value: hunter2, name: DB_TOKEN}]", "env: [{value: •••, name: DB_TOKEN}]"),
        ("env: [{name: PORT, value: 1}]", "env: [{name: PORT, value: 1}]"),
        ("{kind: Secret, data: {a: hunter2}}", "{kind: Secret, data: {a: •••}}"),
        ("{kind: ConfigMap, data: {a: b}}", "{kind: ConfigMap, data: {a: b}}"),
        ("stringData: {a: hunter2}", "stringData: {a: •••}"),
        ('{"password":"hunter2","port":1}', '{"password":•••,"port":1}'),
        ("secrets: hunter2", "secrets: •••"),
        ("{token: abc}", "{token: •••}"),
        ("{token: !hunter2, a: 1}", "{token: •••, a: 1}"),
        ('{token: !!str "hun, ter: 2", a: 1}', "{token: ••• •••, a: 1}"),
        ("token: &hunter2", "token: •••"),
        ("--- {token: hunter2, a: 1}", "--- {token: •••, a: 1}"),
        ("a: [b]] hunter2", "a: [b]] hunter2"),
        ("secrets: [a]] hunter2", "secrets: [•••]•••"),
        ("[" * 40 + "{token: hunter2}" + "]" * 40, "[" * 40 + "{token: •••}" + "]" * 40),
    ],
)
def test_secrets_are_found_within_a_line(line: str, shown: str) -> None:
    """Settings in arguments, addresses and comments, entries beside a telling name, and manifests are masked too."""
    assert frame(line, Span("app.yaml", 1, 1))[0] == shown


def test_a_file_that_does_not_parse_is_masked() -> None:
    """A quote or bracket that is never closed, or a body indented too little, hides no secret from the report."""
    unclosed = 'name: "abc\nsecrets:\n  db:\n    data:\n      x: "hunter2"\n      y: hunter2\nreplicas: 3\n'
    assert show(unclosed).endswith("      x: •••\n      y: •••\nreplicas: 3\n")
    assert show("secrets: {db: {data: {x:\nhunter2,\ny: 'hunter2'}}}\n") == "secrets: {db: {data: {x:\n•••\ny: •••}}}\n"
    assert show("secrets:\n  a:\n    data:\n      k: |\n    -----BEGIN\nhunter2\nb: 1\n").endswith("•••\n•••\nb: 1\n")


def test_a_tagged_quote_goes_on_below() -> None:
    """What looks like a key within a quoted secret is part of it, behind a tag as without one."""
    assert show('token: !!str "a\n  b: hunter2"\nreplicas: 3\n') == "token: •••\n  •••\nreplicas: 3\n"
    assert show('{token: "a\n  b: hunter2", a: 1}\n').startswith("{token: •••\n  •••")


def test_a_new_document_has_its_own_keys() -> None:
    """Keys of one document say nothing about the next."""
    assert show("secrets:\n  a:\n---\n  b: 1\n") == "secrets:\n  a:\n---\n  b: 1\n"


def test_kcl_is_masked_as_yaml_is() -> None:
    """Schemas, `=` and line ends instead of commas are read in KCL files."""
    kcl = """
        shop: ac.AppConfiguration {
            workload: service.Service {
                secrets: {
                    "db": sec.Secret {
                        data: {
                            "x": "hunter2"
                        }
                    }
                }
                password = "hunter2"
                replicas = 3
            }
        }
        cache = app.App {
            secrets = {a = sec.Secret {type = "opaque", data = {b = "hunter2"}}}
            image = "nginx"
        }
    """
    shown = show(kcl, file="main.k")
    assert "hunter2" not in shown
    assert "        replicas = 3\n" in shown
    assert '    image = "nginx"\n' in shown


@pytest.mark.parametrize(
    ("span", "underline"),
    [
        (Span("f", 1, 1, 1, 9), "^^^^^^^^"),
        (Span("f", 1, 11, 1, 18), "          ^^^"),
        (Span("f", 1, 14, 1, 15), "          ^^^"),
        (Span("f", 1, 1, 1, 14), "^^^^^^^^^^^^^"),
        (Span("f", 1, 19, 1, 20), "              ^"),
    ],
)
def test_the_underline_does_not_tell_a_length(span: Span, underline: str) -> None:
    """An underline within a masked value covers the mask, and what follows moves with it."""
    assert frame("{password: hunter2, b: c}", Span("f", 1, span.column + 1, 1, span.end_column + 1)) == (
        "{password: •••, b: c}",
        f" {underline}",
    )


JSON = st.recursive(
    st.sampled_from(
        ["hunter2", "a hunter2: b", "x\nhunter2\n  y: hunter2\n", "hunter2 # c", "'hunter2\"", "- hunter2"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b-c", "d e", "1"]), inner),
    max_leaves=8,
)


@given(JSON, st.booleans(), st.sampled_from([20, 80, 10000]))
def test_no_form_of_yaml_shows_a_secret(data: Json, flow: bool, width: int) -> None:  # noqa: FBT001 - Hypothesis passes by position
    """Whatever is written below `secrets`, in block or flow form, no line of it shows the value."""
    document = {"app": {"secrets": {"db": {"data": data}}, "replicas": 3}}
    text = yaml.safe_dump(document, default_flow_style=flow, width=width)
    assert "hunter2" not in show(text)
