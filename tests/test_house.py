"""The order of the house: imports go down the floors, never up or round, and no file is a maze."""

import ast
import graphlib
import statistics
from pathlib import Path

import circuitnn

PACKAGE = Path(circuitnn.__file__).parent
# From the ground up; what stands on one line are neighbours that do not import each other.
FLOORS = (
    ("deferred",),
    ("files", "opening", "operations", "arguments", "knobs", "plainly", "rooms", "samples", "settings", "version"),
    ("description", "archive", "tables"),
    ("numerics",),
    ("expressions",),
    ("devices",),
    ("circuit", "audio", "losses", "metrics"),
    ("mna", "spice"),
    ("lengths", "recovery"),
    ("running",),
    ("model",),
    ("wrapper",),
    ("composition", "control_frames", "counting", "oversampling", "rates", "rings"),
    ("native",),
    ("transient", "networks"),
    ("nodal", "wdf", "filters", "recurrent", "convolutional"),
    ("frames",),
    ("hybrid",),
    ("train",),
    ("plot",),
    ("estimation", "tone", "capture"),
    ("export", "pages"),
    ("study",),
    ("cli",),
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
OUTSIDE = ("__init__", "testing")  # the front door, and what tests of users import
MOST_LINES, MEDIAN_LINES = 350, 150


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in it; what is only for type checkers is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            modules += [name if is_module(name) else node.module for name in below]
    return {module for module in modules if module.split(".")[0] == "circuitnn"}


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def rooms_of(path: Path) -> set[str]:
    return {room_of(module) for module in imports_of(path)}


def test_imports_go_down():
    files = [(path, path.relative_to(PACKAGE).parts[0].removesuffix(".py")) for path in sorted(PACKAGE.rglob("*.py"))]
    inside = [(path, room) for path, room in files if room not in OUTSIDE]
    unknown = {room for _, room in inside} - set(FLOOR)
    assert not unknown, f"rooms without a floor: {unknown}"
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path, room in inside
        for other in sorted(rooms_of(path) - {room, "__init__"})
        if FLOOR[other] >= FLOOR[room]
    ]
    assert not upwards, "\n".join(upwards)
    through_the_door = [str(path) for path, room in inside if "__init__" in rooms_of(path) and room != "cli"]
    assert not through_the_door, f"these import the whole package: {through_the_door}"


def test_no_module_leads_back_to_itself():
    graph = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = imports_of(path)
    # train hands on the names of the two rooms above it: that is under TYPE_CHECKING, and left out with it.
    tuple(graphlib.TopologicalSorter(graph).static_order())  # a CycleError names the circle


def test_files_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(PACKAGE.rglob("*.py"))}
    long = {str(path.relative_to(PACKAGE)): length for path, length in lengths.items() if length > MOST_LINES}
    assert not long
    assert statistics.median(lengths.values()) <= MEDIAN_LINES
