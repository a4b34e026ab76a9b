"""What a post-render is told: `--key value`, `--key=value`, or `KUSION_RENDER_<KEY>` in the environment.

Without the command line's library, whose import costs more than a whole post-render.
"""

from __future__ import annotations

from kusion_render.diagnostics import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

FLAG: Final = ("true", "false")
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "workspace": (),
    "namespace": (),
    "namespace-policy": ("keep", "set", "omit"),
    "profile": ("plain", "argocd", "flux"),
    "log": (),
    "allow-empty": FLAG,
}
"""Each option with the values that it takes, none for any text. One that takes `FLAG` may stand without a value."""

_PREFIX: Final = "KUSION_RENDER_"
_HELM_NAMESPACE: Final = "HELM_NAMESPACE"


class Options:
    """The options of one post-render.

    `namespace` is "" where nobody says one; `namespace_policy` and `profile` are one of those of `NAMES`.
    """

    __slots__ = ("allow_empty", "namespace", "namespace_policy", "profile", "workspace")

    def __init__(
        self, *, workspace: str, namespace: str, namespace_policy: str, profile: str, allow_empty: bool
    ) -> None:
        self.workspace: Final = workspace
        self.namespace: Final = namespace
        self.namespace_policy: Final = namespace_policy
        self.profile: Final = profile
        self.allow_empty: Final = allow_empty


def read_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Return the options that the command line says, else the environment, else none.

    Raises:
        UsageError: for an unknown option, a value that is not allowed, or a missing workspace or namespace.
    """
    said = {**_from_environment(environment), **_from_arguments(arguments)}
    for name, value in said.items():
        if NAMES[name] and value not in NAMES[name]:
            from kusion_render.suggestion import suggest

            raise UsageError(f"--{name} can't be `{value}`; {suggest(value, NAMES[name])}")
    if not said.get("workspace"):
        raise UsageError(f"say which workspace's policies to apply: --workspace NAME, or {_PREFIX}WORKSPACE")
    options = Options(
        workspace=said["workspace"],
        namespace=said.get("namespace", ""),
        namespace_policy=said.get("namespace-policy", "keep"),
        profile=said.get("profile", "plain"),
        allow_empty=said.get("allow-empty") == "true",
    )
    _check_namespace(options)
    return options


def log_file(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the file that problems are appended to, "" for none; whatever else is wrong with the options."""
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--log" and (equals or number + 1 < len(arguments)):
            return value if equals else arguments[number + 1]
    return environment.get(_PREFIX + "LOG", "")


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    said = {name: environment.get(_PREFIX + name.upper().replace("-", "_"), "") for name in NAMES}
    said["namespace"] = said["namespace"] or environment.get(_HELM_NAMESPACE, "")
    return {name: value for name, value in said.items() if value}


def _from_arguments(arguments: Sequence[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    left = list(arguments)
    while left:
        argument = left.pop(0)
        option, equals, value = argument.partition("=")
        name = option.removeprefix("--")
        if not option.startswith("--") or name not in NAMES:
            from kusion_render.suggestion import suggest

            raise UsageError(f"unknown argument `{option}`; {suggest(option, [f'--{each}' for each in NAMES])}")
        if not equals and NAMES[name] is FLAG:
            value = "true"
        elif not equals:
            if not left:
                raise UsageError(f"--{name} needs a value")
            value = left.pop(0)
        said[name] = value
    return said


def _check_namespace(options: Options) -> None:
    if options.namespace:
        from kusion_render.kubernetes.limits import name_problem

        problem = name_problem("Namespace", options.namespace)
        if problem:
            raise UsageError(f"`{options.namespace}` is no name for a namespace: {problem}")
    elif options.namespace_policy != "keep":
        raise UsageError(
            f"--namespace-policy {options.namespace_policy} needs the release's namespace: --namespace NAME, "
            f"{_PREFIX}NAMESPACE or {_HELM_NAMESPACE}"
        )
