"""The pieces for CI, run as GitHub's and GitLab's runners do, and the ends that they talk to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, cast

import yaml
from sources import GIT, Sources
from workbench import PROJECT, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ACTION: Final = PROJECT / "plugins/github"
TEMPLATE: Final = PROJECT / "plugins/gitlab/kusion-render.yml"
Json = Any  # what YAML and JSON hold

Answer = tuple[int, dict[str, str], bytes]


def install(folder: Path) -> None:
    """Write the program into a folder, as `pip install` does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kusion-render"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(PROJECT)!r})\n"
        "from kusion_render.__main__ import main\nsys.exit(main())\n"
    )
    path.chmod(0o755)


def run_script(shell: list[str], script: str, folder: Path, env: dict[str, str], scratch: Path) -> Run:
    """Write a script down and run it, as runners do."""
    scratch.mkdir(parents=True, exist_ok=True)
    file = scratch / "script.sh"
    file.write_text(script)
    done = subprocess.run([*shell, str(file)], cwd=folder, env=env, capture_output=True, check=False, timeout=120)
    return Run(done)


class Action:
    """The GitHub action, used in the checkout of a repository."""

    def __init__(self, sources: Sources, event: Json = None, **env: str) -> None:
        self.sources: Final = sources
        self.event: Final = event or {}
        self.temporary: Final = sources.root.parent / "runner"
        self.definition: Final = yaml.safe_load((ACTION / "action.yml").read_text())
        self.env: Final = env
        install(self.temporary / "programs")

    def value(self, expression: str, inputs: dict[str, str]) -> str:
        """Return what an expression of `inputs` and event data gives."""
        for path in expression.split("||"):
            start, *rest = path.strip().removeprefix("github.").split(".")
            found: Json = {"inputs": inputs, "event": self.event}[start]
            for key in rest:
                found = found.get(key) if isinstance(found, dict) else None
            if found not in (None, ""):
                return str(found)
        return ""

    def fill(self, text: str, inputs: dict[str, str]) -> str:
        """Fill expressions in."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: self.value(found[1], inputs), text)

    def run(self, command: str, *, step: int = 1, **inputs: str) -> Run:
        """Run one step with inputs, whose names have `_` for `-`."""
        given = {name: str(each.get("default", "")) for name, each in self.definition["inputs"].items()}
        given |= {"command": command, **{name.replace("_", "-"): text for name, text in inputs.items()}}
        chosen = self.definition["runs"]["steps"][step]
        files = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")
        for name in files:
            (self.temporary / name).write_text("")
        env = {
            **{name: text for name, text in GIT.items() if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))},
            "PATH": f"{self.temporary / 'programs'}:{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "RUNNER_TEMP": str(self.temporary),
            **{name: str(self.temporary / name) for name in files},
            **self.env,
            **{name: self.fill(text, given) for name, text in chosen["env"].items()},
        }
        folder = self.sources.root / self.fill(chosen.get("working-directory", "."), given)
        # The command line that GitHub documents for `shell: bash`.
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
        return run_script(shell, chosen["run"], folder, env, self.temporary)

    @property
    def outputs(self) -> dict[str, str]:
        """What the last step put out."""
        lines = (self.temporary / "GITHUB_OUTPUT").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def summary(self) -> str:
        """The summary of the last step."""
        return (self.temporary / "GITHUB_STEP_SUMMARY").read_text()


class Jobs:
    """The jobs of the GitLab template, run in the checkout of a repository."""

    def __init__(self, sources: Sources, shell: str = "sh", **env: str) -> None:
        self.sources: Final = sources
        self.shell: Final = shell
        self.env: Final = env
        self.scratch: Final = sources.root.parent / "gitlab"
        self.definition: Final = yaml.safe_load(TEMPLATE.read_text())
        install(self.scratch / "programs")

    def script(self, job: str) -> str:
        """Return the script of a job as one text."""
        return "\n".join(self.definition[f"kusion-render:{job}"]["script"])

    def run(self, job: str, **env: str) -> Run:
        """Run a job; with variables."""
        known = {name: text for name, text in GIT.items() if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}
        environment = {
            **known,
            "PATH": f"{self.scratch / 'programs'}:{os.environ['PATH']}",
            "CI_SERVER_HOST": "git.example",
            "CI_SERVER_PORT": "443",
            "CI_SERVER_PROTOCOL": "https",
            "CI_COMMIT_SHA": self.sources.git("rev-parse", "HEAD"),
            "CI_JOB_TOKEN": "job-token",
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "3",
            **self.env,
            **env,
        }
        return run_script([self.shell, "-e"], self.script(job), self.sources.root, environment, self.scratch)


class Request:
    """One request, as a server got it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method: Final = handler.command
        self.path: Final = handler.path
        self.headers: Final = handler.headers
        self.body: Final = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))

    @property
    def content(self) -> Json:
        """The body, read as JSON."""
        return json.loads(self.body) if self.body else None


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """Answer requests on this machine; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if self.raw_requestline and self.parse_request():
                status, headers, body = answer(Request(self))
                self.send_response(status)
                for name, text in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(status: int, content: Json, **headers: str) -> Answer:
    """Return an answer of JSON."""
    return status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode()


class PullRequest:
    """The comments of one pull request, behind as much of GitHub's GraphQL as a comment needs."""

    def __init__(self) -> None:
        self.comments: Final[list[dict[str, Json]]] = []
        self.requests: Final[list[Request]] = []
        self.page: int = 2
        self.status: int = 200
        self.error: str = ""

    def add(self, body: str, *, ours: bool) -> None:
        """Add a comment."""
        self.comments.append({"id": f"C{len(self.comments)}", "viewerDidAuthor": ours, "body": body})

    def answer(self, request: Request) -> Answer:
        """Answer a query or a mutation."""
        self.requests.append(request)
        if self.status != 200 or self.error:
            return as_json(self.status, {"errors": [{"message": self.error}]})
        query, given = request.content["query"], request.content["variables"]
        if "addComment" in query:
            assert given["subject"] == "PR"
            self.add(given["body"], ours=True)
            return as_json(200, {"data": {}})
        if "updateIssueComment" in query:
            next(each for each in self.comments if each["id"] == given["comment"])["body"] = given["body"]
            return as_json(200, {"data": {}})
        start = int(given["after"] or 0)
        page = {
            "nodes": self.comments[start : start + self.page],
            "pageInfo": {"hasNextPage": len(self.comments) > start + self.page, "endCursor": str(start + self.page)},
        }
        return as_json(200, {"data": {"repository": {"pullRequest": {"id": "PR", "comments": page}}}})


class MergeRequest:
    """The notes of one merge request, behind as much of GitLab's REST as a note needs."""

    def __init__(self, notes: str = "/projects/7/merge_requests/3/notes") -> None:
        self.place: Final = notes
        self.notes: Final[list[dict[str, Json]]] = []
        self.requests: Final[list[Request]] = []
        self.status: int = 200

    def add(self, body: str, author: int) -> None:
        """Add a note; ours are by author 1."""
        self.notes.append({"id": len(self.notes) + 10, "author": {"id": author}, "body": body})

    def answer(self, request: Request) -> Answer:
        """Answer as the API does, with one note a page."""
        self.requests.append(request)
        path, _, query = request.path.partition("?")
        if self.status != 200:
            return as_json(self.status, {"message": "no"})
        if path == "/user":
            return as_json(200, {"id": 1})
        if request.method == "GET" and path == self.place:
            page = int(re.findall(r"\bpage=(\d+)", query)[0])
            following = str(page + 1) if page < len(self.notes) else ""
            return as_json(200, self.notes[page - 1 : page], **{"X-Next-Page": following})
        if request.method == "POST" and path == self.place:
            self.add(request.content["body"], 1)
            return as_json(201, self.notes[-1])
        note = next(each for each in self.notes if path == f"{self.place}/{each['id']}")
        note["body"] = request.content["body"]
        return as_json(200, note)


def git_over_http(folder: Path, authorization: str) -> Callable[[Request], Answer]:
    """Return what serves the repositories of a folder by git's own CGI program, to whom has the right password."""

    def answer(request: Request) -> Answer:
        if request.headers.get("Authorization") != authorization:
            return 401, {"WWW-Authenticate": 'Basic realm="git"'}, b""
        path, _, query = request.path.partition("?")
        env = {
            **GIT,
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "bot",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=env, input=request.body, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(cast("tuple[str, str]", line.split(": ", 1)) for line in head.decode().split("\r\n"))
        return int(headers.pop("Status", "200").split()[0]), headers, body

    return answer
