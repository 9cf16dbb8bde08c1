"""pyproject.toml, constraints.txt and the code say the same."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def package(requirement):
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower()


def constrained():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {package(line): line.partition("==")[2] for line in lines if not line.startswith("#")}


NAMES = {"visqol": "visqol-python"}  # of packages that are imported by another one


def imports(folder):
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(str(node.module).partition(".")[0])
    found = {NAMES.get(name, name) for name in found}
    return found - set(sys.stdlib_module_names) - {"circuitnn", "benchmarks"}


@pytest.mark.parametrize(
    ("folder", "extras"), [("circuitnn", ["plots", "cluster", "listening"]), ("benchmarks", ["plots", "bench"])]
)
def test_what_is_imported_is_declared(folder, extras):
    declared = [
        *PROJECT["dependencies"],
        *(item for extra in extras for item in PROJECT["optional-dependencies"][extra]),
    ]
    assert imports(ROOT / folder) <= {package(requirement) for requirement in declared}


def test_each_dependency_has_a_tested_version():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    assert {package(requirement) for group in groups for requirement in group} <= set(constrained())


def test_the_wheel_holds_the_netlists():
    # Hatch takes the whole folder along; what git ignores is what it leaves out.
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"] == {
        "packages": ["circuitnn"]
    }
    netlists = list((ROOT / "circuitnn").rglob("*.cir"))
    assert netlists
    assert not any(path.suffix in line for line in (ROOT / ".gitignore").read_text().split() for path in netlists)
