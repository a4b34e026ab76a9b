"""The door to outside programs: nothing inherited, nothing endless, and an error that says what to do."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from kusion_render.diagnostics import ToolError
from kusion_render.process import Conversation, find, run

if TYPE_CHECKING:
    from pathlib import Path

HERE: Final = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}


def python(code: str, **options: object) -> bytes:
    """Run Python code through the door and return its output."""
    return run([os.path.basename(sys.executable), "-c", code], HERE, **options).output  # type: ignore[arg-type]


def test_what_is_given_comes_in_and_what_is_said_comes_out() -> None:
    """Both may be larger than a pipe holds."""
    much = b"x" * 3_000_000

    assert much == python("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", given=much)


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is the one that was given."""
    monkeypatch.setenv("HIDDEN", "1")

    assert b"False" in python("import os; print('HIDDEN' in os.environ)")


def test_a_failure_says_what_was_run_its_last_words_and_the_next_step() -> None:
    """The exit code of the error is that of a failed tool; a password of a URL is not told."""
    code = "import sys; [print('line', n, file=sys.stderr) for n in range(50)]; sys.exit('no https://me:pa55@git.example/x')"
    with pytest.raises(ToolError) as caught:
        python(code, help="do this")
    said = str(caught.value)

    assert 3 == caught.value.exit_code
    assert "failed with exit code 1" in said
    assert "line 49" in said
    assert "line 10" not in said
    assert "pa55" not in said
    assert "https://***@git.example/x" in said
    assert said.endswith("\nhelp: do this")


def test_a_program_that_hangs_is_ended() -> None:
    """After the time limit, also when it has closed its output."""
    start = time.monotonic()
    for code in (
        "import time; time.sleep(60)",
        "import os,time; os.close(0); os.close(1); os.close(2); time.sleep(60)",
    ):
        with pytest.raises(ToolError, match=r"took longer than 0.5 seconds"):
            python(code, seconds=0.5)

    assert time.monotonic() - start < 20


def test_a_program_that_never_stops_talking_is_ended() -> None:
    """Output is bounded."""
    with pytest.raises(ToolError, match="printed more than 1000 bytes"):
        python("while True: print('x' * 1000)", output_bytes=1000)


def test_a_program_that_does_not_listen_is_no_failure() -> None:
    """What it has no ear for is not written."""
    assert b"done\n" == python("print('done')", given=b"x" * 1_000_000)


def test_missing_programs_are_said() -> None:
    """With the next step."""
    with pytest.raises(ToolError, match="not installed"):
        run(["no-such-program"], HERE)


def test_programs_of_the_repository_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative part of PATH is passed over."""
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    assert str(tmp_path / "git") == find("git", {"PATH": f".::{tmp_path}"})
    with pytest.raises(ToolError):
        find("git", {"PATH": ".:"})


def test_a_conversation_asks_and_answers() -> None:
    """One that ends too early is a failure with its last words."""
    code = "import sys\nfor line in sys.stdin:\n    if 'end' in line: sys.exit('why')\n    print(line.strip()*2, flush=True)"
    talk = Conversation([os.path.basename(sys.executable), "-c", code], HERE)
    talk.ask(b"ab\n")

    assert b"abab" == talk.line()

    talk.ask(b"xyz\n")
    assert b"xyzxyz\n" == talk.exactly(7)

    talk.ask(b"end\n")
    with pytest.raises(ToolError, match="why"):
        talk.line()
    talk.close()
