"""Everything there is to run: ``nox -l`` lists it, ``nox -s demo`` shows the SDK at work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

HERE = Path(__file__).parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def find_interpreters() -> list[str]:
    """The supported versions on this machine; pyenv's too, whose own commands may not run."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted(pyenv.glob("versions/*/bin")):
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return [version for version in VERSIONS if _runs(f"python{version}")]


def _runs(command: str) -> bool:
    path = shutil.which(command)
    if path is None:
        return False
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


PRESENT = find_interpreters() or [f"{sys.version_info[0]}.{sys.version_info[1]}"]
OLDEST_AND_NEWEST = sorted({PRESENT[0], PRESENT[-1]}, key=PRESENT.index)

EVERYWHERE = ["tests/core", "tests/parity", "tests/fronts"]
OLDEST_AND_NEWEST_ONLY = ["tests/emulator", "tests/scenarios", "tests/examples",
                          "tests/test_demo.py", "tests/test_sqlite_history.py",
                          "tests/web/test_asyncio_stream.py"]  # fmt: skip
# The tests start many processes, on some machines where none of them may write bytecode.
os.environ.setdefault("UV_COMPILE_BYTECODE", "1")
# As pip does: a company's proxy has a certificate that only the machine knows.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")
#: Most tests wait for sockets; each file stays in one process.
IN_PARALLEL = ["-n", "2", "--dist", "loadfile"]

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = [
    "lint", "types", "imports", "coverage", "lowest", "tests", "testing", "web", "build",
]  # fmt: skip


@nox.session(python=PRESENT[-1])
def demo(session: nox.Session) -> None:
    """An emulated server, an agent, a phone call and a chat: ``-- sync``, ``-- --chat``."""
    session.install("-q", "-e", ".[emulator]")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session(python=PRESENT)
def tests(session: nox.Session) -> None:
    """The core and both fronts on every interpreter there is; the emulator too on oldest and newest.

    There the core's own tests are left to ``build`` and ``coverage``.
    """
    session.install("-q", "-e", ".[emulator]", *nox.project.dependency_groups(PYPROJECT, "test"))
    if session.posargs:
        session.run("python", "-m", "pytest", "-q", *session.posargs)
        return
    all_of_it = session.python in OLDEST_AND_NEWEST
    where = [*EVERYWHERE, *(OLDEST_AND_NEWEST_ONLY if all_of_it else [])]
    if all_of_it:
        where.remove("tests/core")
    session.run("python", "-m", "pytest", "-q", *IN_PARALLEL, *where)
    if all_of_it:
        # The benchmarks have processes of their own.
        session.run("python", "-m", "pytest", "-q", "tests/test_benchmarks.py")


@nox.session(python=PRESENT)
def testing(session: nox.Session) -> None:
    """The pytest plugin: the examples' own tests with nothing but its extra, then the plugin's.

    The plugin's own tests run on the oldest and newest; callers as a state machine, and the
    examples under each named fault, on the newest.
    """
    session.install("-q", "-e", ".[testing]")
    if not session.posargs:
        session.run("python", "-m", "pytest", "-q", "examples")
        if session.python not in OLDEST_AND_NEWEST:
            return
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "test"))
    where = session.posargs or [*IN_PARALLEL, "tests/testing"]
    if session.python != PRESENT[-1] and not session.posargs:
        where += [f"--ignore=tests/testing/test_{name}.py" for name in ("machine", "docs")]
    session.run("python", "-m", "pytest", "-q", *where)
    if session.python == PRESENT[-1] and not session.posargs:
        session.run("python", "-m", "pytest", "-q", "-n", "2", "--pinecall-chaos", "examples")


@nox.session(python=OLDEST_AND_NEWEST)
def nightly(session: nox.Session) -> None:
    """The examples' tests a thousand times over, without one flake: ``-- --count=200`` for fewer."""
    session.install("-q", "-e", ".[testing]", *nox.project.dependency_groups(PYPROJECT, "nightly"))
    often = session.posargs or ["--count=1000"]
    session.run("python", "-m", "pytest", "-q", "-n", "2", "--maxfail=5", *often, "examples")


@nox.session(python=PRESENT[-1])
def web(session: nox.Session) -> None:
    """Event streams in the real frameworks, on their real servers, and in a real browser."""
    groups = nox.project.dependency_groups(PYPROJECT, "test", "web")
    session.install("-q", "-e", ".[emulator]", *groups)
    where = session.posargs or [*IN_PARALLEL, "tests/web", "tests/browser"]
    session.run("python", "-m", "pytest", "-q", *where)


@nox.session(python=PRESENT[-1])
def bench(session: nox.Session) -> None:
    """The cost beside the limit: ``-- --quick``, ``-- --json FILE``, ``-- --compare FILE``."""
    groups = nox.project.dependency_groups(PYPROJECT, "web", "bench")
    session.install("-q", "-e", ".[emulator]", *groups)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(python=PRESENT[-1])
def coverage(session: nox.Session) -> None:
    """The core's branches, by its own socket-free tests: 100 %, and each module by the tests under
    its name."""
    session.install("-q", "-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    session.run(
        "python", "-m", "pytest", "-q", *IN_PARALLEL, "tests/core", "--cov=pinecall/core", "--cov-branch",
        "--cov-report=term-missing:skip-covered", "--cov-fail-under=100", "--cov-context=test",
        *session.posargs, env={"SCHEDULES": "2000"},
    )  # fmt: skip
    session.run("python", "tests/core/own_coverage.py")


@nox.session(python=PRESENT[0])
def lowest(session: nox.Session) -> None:
    """The core, both fronts and the plugin on the oldest of every dependency that pyproject.toml admits."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    oldest, oldest_of_extras = (
        [wanted.replace(">=", "==") for wanted in group if not wanted.startswith(project["name"])]
        for group in (project["dependencies"], [*extras["emulator"], *extras["testing"]])
    )
    session.install("-q", "-e", ".[testing]", *oldest, *oldest_of_extras)
    if not session.posargs:
        session.run("python", "-m", "pytest", "-q", "examples")
    # What the project's own tests need is newer than what the extra admits.
    session.install("-q", *oldest, *nox.project.dependency_groups(PYPROJECT, "test"))
    where = session.posargs or [*IN_PARALLEL, "tests/core", "tests/fronts"]
    session.run("python", "-m", "pytest", "-q", *where)


@nox.session(python=PRESENT[-1])
def lint(session: nox.Session) -> None:
    """ruff: its rules, and the format."""
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=OLDEST_AND_NEWEST)
def types(session: nox.Session) -> None:
    """mypy --strict and pyright, over the packages and over what users write."""
    session.install(
        "-q", "-e", ".[emulator]", *nox.project.dependency_groups(PYPROJECT, "types", "test")
    )
    session.run("mypy", f"--python-version={session.python}")
    session.run("pyright", f"--pythonversion={session.python}")
    session.run("python", "-m", "pytest", "-q", "tests/typing")


@nox.session(python=OLDEST_AND_NEWEST)
def imports(session: nox.Session) -> None:
    """Without any extra: what is imported, and what is not."""
    session.install("-q", "-e", ".", "pytest>=8")
    tests = ["test_fronts.py", "test_event_names.py", "test_without_extra.py"]
    session.run(
        "python", "-m", "pytest", "-q", "tests/core/test_purity.py",
        *(f"tests/parity/{name}" for name in tests),
    )  # fmt: skip


@nox.session(python=OLDEST_AND_NEWEST)
def build(session: nox.Session) -> None:
    """Build the wheel, install it away from the sources, and use it."""
    session.install("-q", "build[uv]")
    folder = Path(session.create_tmp())
    session.run(
        "python", "-m", "build", "--installer=uv", "--outdir", str(folder), ".", silent=True
    )
    wheel = next(folder.glob("pinecall_sdk-*.whl"))
    session.install("-q", f"{wheel}[emulator]", *nox.project.dependency_groups(PYPROJECT, "test"))
    tests_copy = folder / "tests"
    shutil.rmtree(tests_copy, ignore_errors=True)
    shutil.copytree(HERE / "tests", tests_copy)
    shutil.rmtree(folder / "examples", ignore_errors=True)
    shutil.copytree(HERE / "examples", folder / "examples")
    session.chdir(folder)
    session.run(
        "python", "-c", "import pinecall, pathlib; assert 'site-packages' in pinecall.__file__"
    )
    for front in ("async", "sync"):
        session.run("python", "examples/demo.py", front, "--pace=0")
    if session.python != PRESENT[-1]:  # there "coverage" has run it
        session.run(
            "python", "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=.", *IN_PARALLEL,
            "tests/core",
        )  # fmt: skip


PYPROJECT = nox.project.load_toml("pyproject.toml")
