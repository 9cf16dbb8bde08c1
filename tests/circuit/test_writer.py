"""What to_spice() writes reads back to the same circuit."""

import subprocess

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitnn.circuit import catalogue, read_netlist
from tests.circuit.strategies import OTHER_KINDS, netlists


@given(netlists())
@settings(max_examples=30, deadline=None)
def test_a_circuit_survives_being_written_and_read(text):
    circuit = read_netlist(text, inputs=("Vin", "I1"), outputs=("n1", "out"), dialect="ngspice")
    written = circuit.to_spice()
    again = read_netlist(written, inputs=circuit.inputs, outputs=circuit.outputs)
    assert again == circuit
    assert again.to_spice() == written


@given(st.floats(1e-30, 1e30), st.floats(-1e30, 1e30))
def test_numbers_are_written_with_every_digit(value, voltage):
    circuit = catalogue.diode_clipper().replace(R1=value, Vin=voltage, **{"DCLIP.IS": value})
    assert read_netlist(circuit.to_spice()) == circuit


@given(st.text(max_size=60))
def test_any_title_stays_one_line(title):
    text = "* " + title.replace("\n", " ").replace("\r", " ") + "\nVin in 0 1\nR1 in out 1k\nR2 out 0 1k\n"
    if "\0" in text:
        return
    circuit = read_netlist(text)
    assert read_netlist(circuit.to_spice()) == circuit


def test_the_text_of_the_clipper():
    assert catalogue.diode_clipper().to_spice() == (
        "* First-order diode clipper\nVin in 0 DC 0.0 AC 1\nR1 in out 2200.0\nC1 out 0 1e-08\n"
        "D1 out 0 DCLIP\nD2 0 out DCLIP\n.model DCLIP D(IS=2.52e-09 N=1.752)\n.op\n.end\n"
    )


def test_single_precision_values_read_back_to_what_they_are():
    single = catalogue.diode_clipper().astype(jnp.float32)
    assert read_netlist(single.to_spice()) == single


def test_traced_and_batched_values_have_no_netlist():
    circuit = catalogue.diode_clipper()
    with pytest.raises(ValueError, match="R1 is traced"):
        jax.jit(lambda r: circuit.replace(R1=r).to_spice())(1.0)
    with pytest.raises(ValueError, match=r"R1 is a batch of shape \(2,\)"):
        circuit.replace(R1=[1.0, 2.0]).to_spice()


LADDER = (
    "* every kind\n.param knob=0.3 Gain=2 p_1=0.5\nVin in 0 0.4\nR1 in n1 1k\nR2 n1 out 1k\nC1 out 0 1n\nR3 out 0 1k\n"
)


def operating_point(folder, text):
    """With next to no GMIN, of which m devices have m."""
    (folder / "c.cir").write_text(
        text.replace(".op\n", ".options gmin=1e-15\n.control\nset numdgt=12\nop\nprint all\nquit\n.endc\n")
    )
    run = subprocess.run(["ngspice", "-n", "-b", "c.cir"], cwd=folder, capture_output=True, text=True, check=False)
    found = [line.split(" = ") for line in run.stdout.splitlines() if line.count(" = ") == 1]
    return {name.strip(): float(value) for name, value in found}, run.stdout + run.stderr


@pytest.mark.ngspice
@pytest.mark.filterwarnings("ignore:[^$]*IS counts as IBE and IBC:circuitnn.NetlistWarning")
@pytest.mark.parametrize("added", OTHER_KINDS)
def test_ngspice_runs_what_is_written_and_agrees_with_what_was_read(tmp_path, added):
    text = f"{LADDER}{added}\n.op\n.end\n"
    circuit = read_netlist(text, dialect="ngspice")
    written = circuit.to_spice()
    assert read_netlist(written) == circuit
    # ngspice has no limit() by default.
    before, _ = operating_point(tmp_path, text.replace("limit(v(in),-1m,{1m*knob})", "min(max(v(in),-1m),{1m*knob})"))
    after, words = operating_point(tmp_path, written)
    assert len(after) >= len(circuit.nodes), words
    assert set(before) == set(after)
    for name, value in before.items():
        assert after[name] == pytest.approx(value, rel=1e-5, abs=1e-12), name
