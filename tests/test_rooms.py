"""What rooms hand on when it is asked for: nothing is imported before, and nothing is missing afterwards."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import rooms, settings
from circuitnn.recurrent import GRU
from tests.test_house import PACKAGE, imports_of

HEAVY = {"jax", "jaxlib", "flax", "optax", "scipy", "matplotlib", "numpy", "soundfile"}
ON_DEMAND = (
    "circuitnn",
    "circuitnn.audio",
    "circuitnn.capture",
    "circuitnn.circuit",
    "circuitnn.circuit.catalogue",
    "circuitnn.export",
    "circuitnn.pages",
    "circuitnn.plot",
    "circuitnn.spice",
    "circuitnn.study",
    "circuitnn.train",
)


def heavy_after(program):
    """Which of the packages that take long to import a new process has imported after a program."""
    told = f"import sys\n{program}\nprint('heavy:', *sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_import_of_the_package_imports_nothing_heavy():
    assert heavy_after("import circuitnn as cn; assert 'nodal' in dir(cn)") == set()


def test_sound_files_need_no_jax():
    assert heavy_after("import circuitnn as cn; cn.audio.read") == {"numpy", "soundfile"}


def test_what_is_asked_for_is_imported():
    assert {"jax", "flax"} <= heavy_after(
        "import circuitnn as cn\n"
        "from circuitnn.nodal import NodalModel\n"
        "assert cn.nodal.NodalModel is NodalModel and 'NodalModel' in dir(cn.nodal)\n"
        "from circuitnn import *\n"
    )


def named_imports(room):
    """Home, name there and name here of all that a room imports for type checkers."""
    tree = ast.parse(Path(importlib.import_module(room).__file__).read_text(encoding="utf-8"))
    (guarded,) = [node for node in tree.body if isinstance(node, ast.If)]
    return [(node.module, alias.name, alias.asname) for node in guarded.body for alias in node.names]


@pytest.mark.parametrize("room", ON_DEMAND)
def test_type_checkers_see_what_programs_get(room):
    module = importlib.import_module(room)
    for home, name, here in named_imports(room):
        there = importlib.import_module(home)
        assert getattr(module, here) is getattr(there, name, sys.modules.get(f"{home}.{name}"))


def test_what_a_room_does_not_have():
    with pytest.raises(AttributeError, match="module 'circuitnn' has no attribute 'nodel'"):
        cn.nodel  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'nodel'"):
        from circuitnn import nodel  # noqa: F401


def test_a_name_is_looked_for_once(monkeypatch):
    monkeypatch.delitem(vars(cn), "run", raising=False)
    get, shown = rooms.on_demand("circuitnn", names={"circuitnn.model": "run trace"})
    assert get("run") is vars(cn)["run"]
    assert {"run", "trace"} <= set(shown())


def test_a_saved_model_opens_in_a_new_process(tmp_path):
    """Its kind is known to no module that was imported so far."""
    cn.train.save(GRU(2, rngs=nnx.Rngs(0)), tmp_path / "m.npz")
    program = (
        f"from circuitnn.train import restore; assert type(restore({str(tmp_path / 'm.npz')!r})).__name__ == 'GRU'"
    )
    assert "jax" in heavy_after(program)


def test_what_registers_kinds_is_imported_where_a_kind_is_sought():
    reached, waiting = set(), list(settings._HOMES)
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            path = PACKAGE.parent.joinpath(*module.split("."))
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            waiting += imports_of(path)
    imported = re.compile(r"^from circuitnn\.settings import .*\bregister\b", flags=re.MULTILINE)
    registering = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if imported.search(path.read_text(encoding="utf-8"))
    }
    assert len(registering) > 30
    assert registering <= reached
