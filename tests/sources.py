"""A Git repository with sources, a bare remote beside it, and the program run in it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from workbench import Run, Workbench

if TYPE_CHECKING:
    from pathlib import Path

# Nobody's own settings, and no clock.
GIT: Final = {
    "PATH": os.environ.get("PATH", ""),
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@shop.example",
    "GIT_COMMITTER_NAME": "Bot",
    "GIT_COMMITTER_EMAIL": "bot@shop.example",
}
DAY: Final = 86_400
START: Final = 1_700_000_000


def app(image: str) -> str:
    """Return the smallest app with a Service, so that it has two objects."""
    return (
        f"web:\n  workload: {{containers: {{web: {{image: '{image}', ports: {{http: 80}}}}}}}}\n"
        "  accessories: {network: {ports: [{port: 80, targetPort: http}]}}\n"
    )


class Sources(Workbench):
    """Project `shop` with stacks `dev` and `prod`, committed; each commit is a day later than the one before."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.days = 0

    @classmethod
    def begin(cls, folder: Path) -> Sources:
        """Make the repository `sources` and its remote `remote.git` in a folder."""
        made = cls(folder / "sources")
        made.root.mkdir(parents=True)
        made.git("init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
        made.git("init", "-q", "-b", "main")
        made.git("remote", "add", "origin", str(folder / "remote.git"))
        files: dict[str, str | bytes] = {
            "kusion-render.yaml": "compatibility: native\n",
            "shop/project.yaml": "name: shop\n",
        }
        for stack in ("dev", "prod"):
            files[f"shop/{stack}/stack.yaml"] = f"name: {stack}\n"
            files[f"shop/{stack}/app.yaml"] = app("registry.example/web:1")
        made.save(files, "first: all of it\n\nWhy it is there.")
        made.git("push", "-q", "origin", "main")
        return made

    def git(self, *arguments: str, env: dict[str, str] | None = None, ok: bool = True, stdin: str | None = None) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**GIT, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            input=stdin,
        )
        assert not ok or done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout.strip("\n")

    def save(self, files: dict[str, str | bytes], message: str = "change") -> str:
        """Write files, commit all there is, and return the commit."""
        self.write(files)
        self.git("add", "-A")
        moment = f"{START + self.days * DAY} +0200"
        self.days += 1
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        self.git("commit", "-q", "--allow-empty", "-m", message, env=dates)
        return self.git("rev-parse", "HEAD")

    def image(self, tag: str, stack: str = "prod") -> str:
        """Commit another image of a stack."""
        return self.save({f"shop/{stack}/app.yaml": app(f"registry.example/web:{tag}")}, f"web {tag}")

    def clone(self, name: str, *options: str) -> Sources:
        """Return a clone of the remote beside this one."""
        other = Sources(self.root.parent / name)
        address = (self.root.parent / "remote.git").as_uri()
        self.git("clone", "-q", *options, address, str(other.root))
        other.days = self.days
        return other

    def run(self, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> Run:
        """Run the program under the same settings as git."""
        return super().run(*arguments, env={**GIT, **(env or {})}, **options)

    def commit(self, *arguments: str, **options: Any) -> Run:
        """Commit renders, and expect it to succeed."""
        run = self.run("commit", *arguments, **options)
        assert run.exit_code == 0, (run.stdout, run.stderr)
        return run

    def push(self, *arguments: str, **options: Any) -> Run:
        """Push renders to the environments' branches, and expect it to succeed."""
        return self.commit("--branch", "env/{stack}", "--push", *arguments, **options)

    def at_remote(self, *arguments: str, ok: bool = True) -> str:
        """Run git in the remote."""
        return self.git("--git-dir", str(self.root.parent / "remote.git"), *arguments, ok=ok)

    def show(self, name: str) -> str:
        """Return what an object of the remote holds."""
        return self.at_remote("show", name)

    def note(self, branch: str) -> str:
        """Return the note of a branch of the remote."""
        return self.at_remote("notes", "--ref=hydrator.metadata", "show", branch)

    def state(self) -> dict[str, object]:
        """Return all that a commit elsewhere must leave alone: HEAD, index, status, files with their times."""
        return {
            "HEAD": (self.root / ".git/HEAD").read_text() + self.git("rev-parse", "HEAD"),
            "index": (self.root / ".git/index").read_bytes(),
            "status": self.git("status", "--porcelain", env={"GIT_OPTIONAL_LOCKS": "0"}),
            "files": {
                str(path): path.lstat().st_mtime_ns
                for path in sorted(self.root.rglob("*"))
                if ".git" not in path.relative_to(self.root).parts
            },
        }
