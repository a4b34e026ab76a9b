"""The report as a JUnit test suite, which most continuous integration shows: a file is a test case."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from kusion_render.report.as_text import describe
from kusion_render.report.frame import Frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from kusion_render.report.problem import Problem

# The test case of problems without a file, and the one that passes when there are no problems at all.
REPOSITORY: Final = "repository"


def write_junit(problems: Sequence[Problem], source: Callable[[str], str | None]) -> str:
    """Write one suite; `tests` and `failures` count test cases, so a file with two errors failed once."""
    frames = Frames(source)
    files: dict[str, list[Problem]] = {}
    for problem in problems:
        files.setdefault(problem.span.file if problem.span else REPOSITORY, []).append(problem)
    cases = [_case(file, group, frames) for file, group in (files or {REPOSITORY: []}).items()]
    failed = sum(case.find("failure") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
    suite = ET.Element("testsuite", {"name": "kusion-render", **counts})
    suite.extend(cases)
    ET.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def _case(file: str, problems: Sequence[Problem], frames: Frames) -> ET.Element:
    case = ET.Element("testcase", {"classname": "kusion-render", "name": _strip(file)})
    for problem in problems:
        if problem.severity == "error":
            kind = f"{problem.rule.code} {problem.rule.name}"
            failure = ET.SubElement(case, "failure", {"message": _strip(problem.message), "type": kind})
            failure.text = _strip(describe(problem, frames))
    others = [describe(problem, frames) for problem in problems if problem.severity != "error"]
    if others:
        ET.SubElement(case, "system-out").text = _strip("\n".join(others))
    return case


def _strip(text: str) -> str:
    """Leave out control characters; XML 1.0 has no way to write most of them."""
    return re.sub("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
