"""The options of `argocd applications`: read, checked, and refused where they contradict each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kusion_render import __version__
from kusion_render.diagnostics import UsageError
from kusion_render.kubernetes.limits import config_key_problem, label_key_problem, label_value_problem, name_problem
from kusion_render.suggestion import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GENERATORS: Final = ("none", "git-files", "git-directories", "clusters", "pull-request")
PLUGIN: Final = f"kusion-render-v{__version__.partition('.')[0]}"
DEFAULT_SERVER: Final = "https://kubernetes.default.svc"
PLACEHOLDERS: Final = ("project", "stack", "workspace", "path")
# Splits a template into texts and placeholders.
PLACEHOLDER: Final = re.compile(r"(\{(?:project|stack|workspace|path)\})")
# ApplyOutOfSyncOnly is none of them: it saves work in Applications of thousands of objects, but then hooks run for a part.
DEFAULT_SYNC_OPTIONS: Final = {"ServerSideApply": "true", "PruneLast": "true"}
_SYNC_OPTIONS: Final = (
    "ApplyOutOfSyncOnly",
    "ClientSideApplyMigration",
    "CreateNamespace",
    "Delete",
    "FailOnSharedResource",
    "Force",
    "Prune",
    "PruneLast",
    "PrunePropagationPolicy",
    "Replace",
    "RespectIgnoreDifferences",
    "ServerSideApply",
    "SkipDryRunOnMissingResource",
    "Validate",
)
_SETS: Final = ("git-files", "git-directories", "clusters", "pull-request")
_GIT: Final = ("git-files", "git-directories", "clusters")
# Which generators an option has a meaning for.
_ONLY_WITH: Final = {
    "set_name": _SETS,
    "match": _GIT,
    "cluster_selector": ("clusters",),
    "destination_server": ("none", "git-files", "git-directories", "pull-request"),
    "destination_name": ("none", "git-files", "git-directories", "pull-request"),
    "revision": ("none", "git-files", "git-directories", "clusters"),
    "github": ("pull-request",),
    "label": ("pull-request",),
    "token_secret": ("pull-request",),
    "delete_resources": ("none", "git-files", "git-directories", "clusters"),
    "hydrate_branch": ("none", "git-files", "git-directories"),
    "hydrate_next": ("none", "git-files", "git-directories"),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says, checked; names are those of its options."""

    repo_url: str
    revision: str = "HEAD"
    generator: str = "none"
    name: str = "{project}-{stack}"
    set_name: str = ""
    match: Sequence[str] = ()
    argocd_namespace: str = "argocd"
    project: str = "default"
    destination: Mapping[str, str]
    plugin_name: str = PLUGIN
    automated: bool = False
    sync_options: Mapping[str, str]
    delete_resources: bool = False
    cluster_selector: Mapping[str, str]
    github: tuple[str, str] = ("", "")
    labels: Sequence[str] = ()
    token_secret: tuple[str, str] | None = None
    hydrate_branch: str = ""
    hydrate_next: str = ""


def read_options(said: Mapping[str, Any]) -> Options:
    """Return the options of a command line; `said` holds those that were given, by their names with underscores.

    Raises:
        UsageError: for a value that can't be used, and options that contradict each other.
    """
    generator = str(said.get("generator", "none"))
    for name, generators in _ONLY_WITH.items():
        if name in said and generator not in generators:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} means nothing with --generator {generator}; leave one of them out")
    if "destination_server" in said and "destination_name" in said:
        raise UsageError("--destination-server and --destination-name name the same thing; say one")
    if "hydrate_next" in said and "hydrate_branch" not in said:
        raise UsageError("--hydrate-next needs --hydrate-branch, the branch to sync from")
    if generator == "pull-request" and "github" not in said:
        raise UsageError("--generator pull-request needs --github OWNER/REPO, where the pull requests are")
    _check_texts(said)
    plain = {
        name: said[name]
        for name in ("revision", "name", "match", "argocd_namespace", "project", "plugin_name")
        if name in said
    }
    default_set = "kusion-render-previews" if generator == "pull-request" else "kusion-render"
    return Options(
        repo_url=_url("--repo-url", said["repo_url"]),
        generator=generator,
        set_name=said.get("set_name", default_set),
        destination=_destination(said),
        automated=bool(said.get("automated")),
        sync_options=_sync_options(said.get("sync_option", ())),
        delete_resources=bool(said.get("delete_resources")),
        cluster_selector=_selector(said.get("cluster_selector", ())),
        github=_pair("--github", said["github"], "OWNER/REPO") if "github" in said else ("", ""),
        labels=tuple(said.get("label", ("preview",))),
        token_secret=_token(said["token_secret"]) if "token_secret" in said else None,
        hydrate_branch=said.get("hydrate_branch", ""),
        hydrate_next=said.get("hydrate_next", ""),
        **plain,
    )


def _check_texts(said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        for text in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(text, str) and (not text.strip() or not text.isprintable() or "{{" in text or "}}" in text):
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{option} must be a text of one line, without `{{{{` and `}}}}`")
    for name, kind in (
        ("argocd_namespace", "Namespace"),
        ("project", "AppProject"),
        ("set_name", "ApplicationSet"),
        ("plugin_name", "Plugin"),
    ):
        problem = name_problem(kind, said[name]) if name in said else None
        if problem:
            raise UsageError(f"--{name.replace('_', '-')} `{said[name]}` is no name: {problem}")
    for name in ("name", "hydrate_branch", "hydrate_next"):
        _check_placeholders(name, said.get(name, ""))


def _check_placeholders(name: str, template: str) -> None:
    rest = PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        word = rest.partition("{")[2].partition("}")[0]
        step = suggest(word, PLACEHOLDERS)
        raise UsageError(f"--{name.replace('_', '-')} `{template}` has a placeholder that is none: {step}")


def _url(option: str, text: str) -> str:
    """Return a URL of a Git repository or a cluster; what may be a password is neither taken nor repeated."""
    if any(char.isspace() for char in text):
        raise UsageError(f"{option} must be a URL; it has a blank in it")
    if "://" not in text:
        host, colon, path = text.partition(":")
        if colon and host and path and "/" not in host and option == "--repo-url":
            return text  # as ssh takes it: git@host:path
        raise UsageError(f"{option} `{text}` is no URL; write such as https://git.example/team/config.git")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{option} is no URL: {error}") from error
    if parts.password is not None or (parts.username and parts.scheme in ("http", "https")):
        raise UsageError(f"{option} holds a user or a password; Argo CD keeps them in a repository Secret")
    if parts.scheme not in ("http", "https", "ssh", "git", "file") or not (parts.hostname or parts.scheme == "file"):
        raise UsageError(f"{option} `{text}` is no URL; write such as https://git.example/team/config.git")
    return text


def _destination(said: Mapping[str, Any]) -> dict[str, str]:
    if said.get("generator") == "clusters":
        return {"server": "{{.server}}"}
    if "destination_name" in said:
        return {"name": said["destination_name"]}
    server = said.get("destination_server", DEFAULT_SERVER)
    return {"server": _url("--destination-server", server)}


def _sync_options(texts: Sequence[str]) -> dict[str, str]:
    found = dict(DEFAULT_SYNC_OPTIONS)
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise UsageError(f"--sync-option `{text}` must be NAME=VALUE, such as Validate=false")
        if name not in _SYNC_OPTIONS:
            raise UsageError(f"--sync-option `{name}` is none that Argo CD knows; {suggest(name, _SYNC_OPTIONS)}")
        found[name] = value
    return found


def _selector(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        problem = label_key_problem(key) or label_value_problem(value) if sign else "there is no `=`"
        if problem:
            raise UsageError(f"--cluster-selector `{text}` must be LABEL=VALUE: {problem}")
        if found.setdefault(key, value) != value:
            raise UsageError(f"--cluster-selector gives `{key}` two values; no cluster has both")
    return found


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    first, _, second = text.partition("/")
    if any(
        not part or part.strip("-_.") == "" or not part.replace("-", "").replace("_", "").replace(".", "").isalnum()
        for part in (first, second)
    ):
        raise UsageError(f"{option} `{text}` must be {form}")
    return first, second


def _token(text: str) -> tuple[str, str]:
    name, _, key = text.partition("/")
    problem = name_problem("Secret", name) or config_key_problem(key)
    if problem:
        raise UsageError(f"--token-secret `{text}` must be NAME/KEY of a Secret: {problem}")
    return name, key
