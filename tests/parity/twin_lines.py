"""How much of the two fronts is the same code written twice.

::

    python tests/parity/twin_lines.py            # a table, file by file
    python tests/parity/twin_lines.py driver     # the lines that both driver.py have

Files of one name are compared line by line. Imports, docstrings, comments and blank lines do not
count, and what makes a line of code asynchronous is taken out of it first.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: The folders of each front; what they share, and the emulator, is not there twice.
ASYNCIO = ("pinecall", "pinecall/_asyncio")
BLOCKING = ("pinecall_sync", "pinecall_sync/_threads")

_ASYNC_WORDS = re.compile(r"\b(async|await) |\bAsync(?=[A-Z])|(?<=Stop)Async(?=Iteration)")
#: ``__aenter__``, ``aclose``: the same names in the other front, without the ``a``.
_ASYNC_NAMES = re.compile(r"\b(_*)a(?=(enter|exit|iter|next|close)_*\b)")

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(source: str) -> list[str]:
    """The lines of code that count, as both fronts would write them."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    left_out = {row for node in _left_out(ast.parse(source)) for row in _rows(node)}
    counted = (line for row, line in enumerate(lines, 1) if row not in left_out)
    blocking = (_ASYNC_NAMES.sub(r"\1", _ASYNC_WORDS.sub("", line)).strip() for line in counted)
    return [line for line in blocking if line]


def _left_out(tree: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            yield node.body[0]


def _rows(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def equal_lines(one: list[str], two: list[str]) -> list[str]:
    """The lines that both have, in their order."""
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return [
        line
        for block in matcher.get_matching_blocks()
        for line in one[block.a : block.a + block.size]
    ]


def twin_lines(root: Path = ROOT) -> dict[str, tuple[list[str], int]]:
    """File name → its equal lines, and how many lines the smaller of the two files has."""
    one, two = ({path.name: path for path in _files(root, front)} for front in (ASYNCIO, BLOCKING))
    table = {}
    for name in sorted(one.keys() & two.keys()):
        left, right = (code_lines(path.read_text("utf-8")) for path in (one[name], two[name]))
        table[name] = equal_lines(left, right), min(len(left), len(right))
    return table


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (root / folder).glob("*.py") if path.stat().st_size)


def main() -> None:
    table = twin_lines()
    for name in sys.argv[1:]:
        print(*table[f"{name}.py"][0], sep="\n")
    if not sys.argv[1:]:
        for name, (equal, of) in table.items():
            print(f"{name:16}{len(equal):5} of {of}")
        total = sum(len(equal) for equal, _ in table.values())
        print(f"{'':16}{total:5} of {sum(of for _, of in table.values())}")


if __name__ == "__main__":
    main()
