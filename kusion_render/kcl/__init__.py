"""The only door to KCL: programs are parsed and run in a child process that can be killed, under limits.

What a program may know is handed over: the files, the packages, the options. It reads no other file, opens no
connection and asks no clock, for `purity` says which modules of the language itself may be imported.
"""

from __future__ import annotations

from kusion_render.kcl.builtin import BENEATH, KUSIONS, PACKAGES, package_folder
from kusion_render.kcl.engine import is_available
from kusion_render.kcl.evaluator import Evaluator, Failure, Outcome
from kusion_render.kcl.messages import Complaint
from kusion_render.kcl.positions import positions_of
from kusion_render.kcl.purity import Refusal, is_system_module, refusals
from kusion_render.kcl.syntax import Import, Syntax

__all__ = [
    "BENEATH",
    "KUSIONS",
    "PACKAGES",
    "Complaint",
    "Evaluator",
    "Failure",
    "Import",
    "Outcome",
    "Refusal",
    "Syntax",
    "is_available",
    "is_system_module",
    "package_folder",
    "positions_of",
    "refusals",
]
