"""Netlists of strangers: a circuit of finite numbers, or one error that costs next to nothing."""

import errno
import os
import re
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from circuitnn.circuit import CircuitError, NetlistError, catalogue, read_netlist
from tests.circuit.strategies import OTHER_KINDS
from tests.circuit.test_conditions import MAIN, TAKEN
from tests.circuit.test_dialects import MEANINGS, NEEDED
from tests.circuit.test_dialects import SOURCES as VOLTAGES
from tests.circuit.test_faults import FAULTS
from tests.circuit.test_faults import START as FAULTS_START
from tests.circuit.test_intake import DIVIDED, FAULTY, VENDOR
from tests.circuit.test_intake import START as INTAKE
from tests.circuit.test_libraries import DIVIDED as LIBRARIES
from tests.circuit.test_sources import HEAD, SOURCES
from tests.fuzz.forms import HEAD as FORMS_HEAD
from tests.fuzz.forms import netlist_of_forms
from tests.fuzz.limits import MEMORY, SECONDS, cost
from tests.fuzz.mutations import accident

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, makes pipes"),
    pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning"),
]


def mutated_netlist(random, seeds):
    """A seed after a few accidents, with lines and words of other seeds."""
    lines = random.choice(seeds).splitlines()
    for _ in range(random.randint(1, 6)):
        others = random.choice(seeds)
        lines = accident(random, lines, others.splitlines(), others.split())
    return "\n".join(lines) + "\n"


STANDARD = "D1 in a 1N4148\nQ1 v a out 2N3904\nX1 a out v 0 out TL072\nVv v 0 9\n.lib C:\\me\\standard.dio\n"
FOLDER = Path(catalogue.__file__).parent


def is_whole(text):
    """Whether it is read; then it is finite, and the same circuit when it is written and read again."""
    circuit = read_netlist("\n" + text, outputs=("n1",) if " n1 " in text else ("out",))
    assert all(np.isfinite(value) for value in circuit.resolve().values()), text
    assert read_netlist(circuit.to_spice(), inputs=circuit.inputs, outputs=circuit.outputs) == circuit, text
    return True


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mutated_netlists_are_read_or_refused_with_one_error(count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # nothing may be written there
    seeds = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.cir"))]
    library = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.lib")))
    seeds = [re.sub(r"(?im)^\.include.*$", lambda _: library, seed) for seed in seeds]
    seeds += ["* t\n.param knob=1 Gain=1 p_1=1\nVin in 0 1\nR1 in n1 1\nR2 n1 0 1\n" + kind for kind in OTHER_KINDS]
    seeds += [FAULTY, VENDOR, *(INTAKE + lines for lines, *_ in DIVIDED), *(HEAD + lines for lines, _ in SOURCES)]
    seeds += [f"{VOLTAGES}{NEEDED}B1 out 0 V={text}\nR1 out 0 1k\n.backanno\n" for text, *_ in MEANINGS]
    seeds += [MAIN + lines for lines in (*LIBRARIES, *(lines for lines, _ in TAKEN), STANDARD)]
    seeds += [FAULTS_START + line for line in FAULTS]
    seeds += [FAULTS_START + "E1 o 0 LAPLACE {v(in)} = {s/(1+s*k)**2}\nRo o 0 1\n.param k=1m R1=2\n.pot R1 1 2\n"]
    random = Random(count)
    is_whole(seeds[0])  # what is imported at first is not on the account of a stranger
    read, worst = 0, [0, 0.0]
    for _ in range(count):
        text = mutated_netlist(random, seeds)
        outcome, memory, seconds = cost(lambda text=text: is_whole(text))
        assert outcome is True or isinstance(outcome, NetlistError), (text, outcome)
        read += outcome is True
        worst = [max(worst[0], memory), max(worst[1], seconds)]
    assert read > count // 20
    assert worst[0] < MEMORY
    assert worst[1] < SECONDS
    assert not list(tmp_path.iterdir())


CASES = Path(__file__).parents[3] / "shared" / "cases"
WAYS = [{}] * 4 + [{"dialect": name} for name in ("ltspice", "pspice", "kicad")]
WAYS += [{"outputs": "v(in,out)"}, {"outputs": "i(R1)"}, {"tolerance_seed": 1}, {"uncharged": True}]


def is_written(text, options):
    """Whether a netlist is read; then it is finite, and the same circuit when it is written and read again."""
    circuit = read_netlist(text, **options)
    assert all(np.isfinite(value) for value in circuit.resolve().values()), text

    def again(circuit):
        net = circuit.to_spice()
        return read_netlist(net, inputs=circuit.inputs, outputs=circuit.outputs, uncharged=circuit.uncharged)

    if any(clamp.nodes[1] != "0" for clamp in circuit.clamps):  # a voltage between two nodes is written with parts
        circuit = again(circuit)
    assert again(circuit) == circuit, text
    return True


@pytest.mark.parametrize("count", [150, pytest.param(1_500, marks=pytest.mark.slow)])
def test_what_strangers_write_is_read_or_refused_with_one_error(count):
    random = Random(count)
    found = [*CASES.glob("netlists/*.cir"), *CASES.glob("ltspice/*.net")]
    others = [path.read_text(encoding="latin-1") for path in sorted(found)]
    read_netlist("\n" + FORMS_HEAD)
    read = 0
    for _ in range(count):
        text = netlist_of_forms(random, others)
        options = random.choice(WAYS)
        outcome, memory, seconds = cost(lambda text=text, options=options: is_written(text, options))
        assert outcome is True or isinstance(outcome, NetlistError), (text, options, outcome)
        assert seconds < SECONDS, text
        assert outcome is True or memory < MEMORY, text
        read += outcome is True
    assert count // 20 < read < count


START = "t\nVin in 0 1\nR1 in out 1\n"
LARGE = {
    "lines": "t\n" + "R1\n" * 333_000,
    "components": START + "".join(f"C{i} a b 1\n" for i in range(70_000)),
    "nodes": START + "".join(f"C{i} a{i} b{i} 1\n" for i in range(3_990)),
    "one component": START + "R1 a b 1\n" * 100_000,
    "parameters": START + ".param " + " ".join(f"p{i}=1" for i in range(2_600)) + "\n",
    "parameters of parameters": START + "".join(f".param p{i}={{p{i + 1}*p{i + 1}}}\n" for i in range(999)),
    "functions": "t\nR1 in out {f0(1)}\n" + "".join(f".func f{i}(x)={{f{i + 1}(f{i + 1}(x))}}\n" for i in range(99)),
    "brackets": "t\nVin in 0 1\nR1 in out {" + "(" * 2000 + "1" + ")" * 2000 + "}\n",
    "signs": "t\nVin in 0 1\nR1 in out {" + "-" * 4000 + "1}\n",
    "powers": "t\nVin in 0 1\nR1 in out {" + "9**" * 1300 + "9}\n",
    "digits": "t\nVin in 0 1\nR1 in out " + "9" * 19_000 + "\n",
    "an exponent": "t\nVin in 0 1\nR1 in out 1e" + "9" * 19_000 + "\n",
    "continuations": "t\nR1 in out 1\n" + "+ x\n" * 249_000,
    "empty continuations": "t\nR1 in out 1\n" + "+\n" * 490_000,
    "a word": "t\n" + "R" * 999_000 + "\n",
    "couplings": START + "L1 in 0 1\n" + "".join(f"K{i} L1 L1 1\n" for i in range(19_000)),
    "subcircuits": START + ".subckt s a\n.ends\n" * 9_000,
    "subcircuits in subcircuits": START + "X1 in out s0\n"
    + "".join(f".subckt s{i} a b\nXa a b s{i + 1}\nXb a b s{i + 1}\n.ends\n" for i in range(18))
    + ".subckt s18 a b\nR1 a b 1\n.ends\n",
    "models": START + "".join(f".model m{i} D(IS=1n)\n" for i in range(19_000)),
    "includes": START + ".include nothing.lib\n" * 19_000,
    "large includes": START + ".include large.lib\n" * 99,
    "a pipe included": START + ".include pipe.lib\n",
    "an endless file included": START + ".include zero.lib\n",
    "a huge file included": START + ".lib huge.lib x\n",
    "pictures": "* t\n" + "\U0001f600" * 999_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("netlists")
    os.mkfifo(folder / "pipe.lib")
    (folder / "zero.lib").symlink_to("/dev/zero")
    (folder / "large.lib").write_text("* t\n" + "R1 a b 1\n" * 4000)
    with (folder / "huge.lib").open("wb") as file:
        file.truncate(2**36)
    return folder


def refused(source, says=""):
    outcome, memory, seconds = cost(lambda: read_netlist(source))
    assert isinstance(outcome, CircuitError), outcome
    assert says in str(outcome)
    assert memory < MEMORY
    assert seconds < SECONDS


@pytest.mark.parametrize("name", LARGE)
def test_large_netlists_are_refused_soon_or_read(folder, name):
    (folder / "odd.cir").write_text(LARGE[name])
    if name in ("signs", "models", "nodes", "subcircuits"):
        assert "R1" in read_netlist(folder / "odd.cir")
    else:
        refused(folder / "odd.cir")


def test_what_is_no_file(folder):
    (folder / "loop.cir").symlink_to(folder / "loop.cir")
    (folder / "gone.cir").symlink_to(folder / "nowhere.cir")
    (folder / "noise.cir").write_bytes(Random(0).randbytes(3_000_000))
    for source, says in (
        (folder / "pipe.lib", "is a pipe, a device or a socket, not a file"),
        (folder / "zero.lib", "is a pipe, a device or a socket, not a file"),
        (folder / "huge.lib", "is larger than 4000000 bytes"),
        (folder / "loop.cir", "a link that leads to itself"),
        (folder / "gone.cir", "no such netlist file"),
        (folder / "noise.cir", ""),
        (folder, "is a folder, not a file"),
        ("a\0b", "no such netlist file"),
        ("\ud800", "no such netlist file"),
        ("a" * 5000, "no such netlist file"),
    ):
        refused(source, says)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def deny(path, flags):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    (tmp_path / "secret.cir").write_text(START)
    with monkeypatch.context() as patch:  # root may read everything
        patch.setattr(os, "open", deny)
        with pytest.raises(NetlistError, match=r"secret.cir': may not be read \(permission denied\)"):
            read_netlist(tmp_path / "secret.cir")
