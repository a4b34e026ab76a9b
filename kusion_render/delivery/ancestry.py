"""Which of two commits of the sources is the newer one, as far as this clone knows, and a little further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import ToolError

if TYPE_CHECKING:
    from kusion_render.gitio.writing import Writer


class Ancestry:
    """Compares the commit `dry` with others; `remote` is asked once where this clone holds too little history."""

    def __init__(self, writer: Writer, dry: str, remote: str, *, adopt: bool) -> None:
        self._writer: Final = writer
        self._dry: Final = dry
        self._remote: Final = remote
        self._adopt: Final = adopt
        self._known: Final[dict[str, bool]] = {"": False, dry: False}
        self._deepened = False

    def is_newer(self, other: str) -> bool:
        """Tell whether `other` descends from our commit, and is another one; "" is no commit.

        Raises:
            ToolError: when it can't be known, unless a branch is adopted.
        """
        if other not in self._known:
            self._known[other] = self._find_out(other)
        return self._known[other]

    def _find_out(self, other: str) -> bool:
        found = self._compare(other)
        if found is None and not self._deepened and self._writer.address(self._remote):
            self._deepened = True
            self._writer.deepen(self._remote, [self._dry, other])
            found = self._compare(other)
        if found is None and not self._adopt:
            raise ToolError(
                f"the branch is rendered from commit {other}, and whether that is newer than {self._dry} can't be known: "
                "it is not in this clone, or the clone is shallow\n"
                "help: fetch the history of the sources (`git fetch --unshallow`); if that commit is gone for good, "
                "--adopt goes on without it"
            )
        return bool(found)

    def _compare(self, other: str) -> bool | None:
        git = self._writer.git
        if not git.has(other):
            return None
        newer = git.is_ancestor(self._dry, other)
        if newer is None and git.is_ancestor(other, self._dry):
            return False
        return newer
