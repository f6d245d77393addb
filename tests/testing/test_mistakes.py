"""Every mistake of a test, or of the program under test, is a failure that says what and what to do."""

from __future__ import annotations

import ast

import pytest

from .inner import mistakes
from .running import INNER, Run, run_pytest

#: What each test's failure must tell: its docstring, in parts.
TOLD = {
    node.name: (ast.get_docstring(node) or "").split(" | ")
    for node in ast.parse((INNER / "mistakes.py").read_text()).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
}
