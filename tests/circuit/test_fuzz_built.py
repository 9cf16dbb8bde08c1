"""Mutated netlists, built and run: what comes out is finite, or said, or one of the library's own errors."""

import random
import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.numerics.report import SolveWarning

COUNT, RUN, LONGEST = 200, 200, 32
SEEDS = (
    "Vin in 0 AC 1|R1 in out 1k|C1 out 0 10n|R2 out 0 10k",
    "Vin in 0 AC 1|R1 in out 2.2k|D1 out 0 DX|D2 0 out DX|C1 out 0 10n|.model DX D(IS=2.52n N=1.752)",
    "Vin in 0 AC 1|V9 v 0 9|R1 in b 10k|R2 v b 470k|Q1 out b 0 QX|R3 v out 4.7k|.model QX NPN(IS=1e-14)",
    "Vin in 0 AC 1|R1 in m 10k|R2 m out 100k|E1 out 0 0 m 1e6|C1 m out 100p",
    "Vin in 0 AC 1|R1 in a 1k|L1 a out 10m|L2 out 0 22m|K1 L1 L2 0.5|R2 out 0 10k",
    "Vin in 0 AC 1|R1 in out 1k|B1 out 0 I={1e-3*tanh(v(out)/2)}|C1 out 0 1n",
)
NUMBERS = "1e-300 1e300 1e-60 1e60 1e-40 1e40 1e-20 1e20 1e-12 1e12 0 -1 -1e30 1 1k 1meg"
EXTREMES = (*NUMBERS.split(), "{1/0}", "{exp(900)}", "{0*1}")
LAWS = ("exp(1.35*log(v(out)/8+v(in)))", "1/v(out)", "sqrt(v(out))", "exp(exp(90*v(out)))", "log(v(in))", "v(out)**3")


def mutated(rng):
    lines = rng.choice(SEEDS).split("|")
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(1, len(lines))
        words = lines[place].split()
        match rng.randrange(7):
            case 0:  # a number that SPICE can hold
                words[-1] = rng.choice(EXTREMES)
            case 1 if len(words) > 2:  # a shorted, looped or floating part
                words[rng.choice((1, 2))] = rng.choice(["in", "out", "0", "nowhere", "m"])
            case 2:  # the same part again
                words[0] += "X"
                lines.append(lines[place].replace(lines[place].split()[0], words[0], 1))
            case 3:
                lines.append(f"V{len(lines)} {rng.choice(['in', 'out'])} 0 {rng.choice(EXTREMES)}")
            case 4:
                lines.append(f"B{len(lines)} {rng.choice(['out', 'x'])} 0 {rng.choice('IV')}={{{rng.choice(LAWS)}}}")
            case 5:
                lines.append(f"C{len(lines)} out {rng.choice(['0', 'lost'])} {rng.choice(EXTREMES)}")
            case _:
                lines.append(f"E{len(lines)} {rng.choice(['out', 'y'])} 0 out in {rng.choice(EXTREMES)}")
        lines[place] = " ".join(words)
    return "\n".join(["* mutated", *lines, ".end", ""])


def revalued(rng):
    """Other numbers in one of the netlists: however far apart, its equations stay those that are compiled."""
    lines = rng.choice(SEEDS).split("|")
    for _ in range(rng.randint(1, 3)):
        place = rng.choice([k for k, line in enumerate(lines) if line[0] in "RCLEV" and k])
        words = lines[place].split()
        words[-1] = f"{10 ** rng.uniform(-9, 9):.3e}"
        lines[place] = " ".join(words)
    return "\n".join(["* other values", *lines, ".end", ""])


def outcome(analysis):
    """ "finite", "said" or "refused"; whatever else is raised comes out, and what is neither is "silent"."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            values = analysis()
        except cn.CircuitError:
            return "refused"
    if all(np.all(np.isfinite(np.asarray(value))) for value in values):
        return "finite"
    return "said" if any(issubclass(warning.category, SolveWarning) for warning in said) else "silent"


def attacked(net, *, is_run):
    """The outcomes of all analyses of a netlist."""
    try:
        circuit = cn.read_netlist(net)
    except cn.CircuitError:
        return {"refused"}
    x = 0.1 * np.sin(np.arange(LONGEST, dtype=np.float32))
    outcomes = {outcome(lambda: [cn.nodal.NodalModel(circuit).fs]), outcome(lambda: [cn.wdf.derive(circuit).fs])}
    if is_run and "refused" not in outcomes:
        outcomes.add(outcome(lambda: [cn.run(cn.nodal.NodalModel(circuit), x)[1]]))
        outcomes.add(outcome(lambda: cn.nodal.operating_point(circuit).values()))
        outcomes.add(outcome(lambda: [cn.nodal.frequency_response(circuit, [100.0, 1e4])]))
    return outcomes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mutated_netlists_are_refused_or_run():
    rng = random.Random(12)
    counts: dict[str, int] = {}
    with jax.enable_x64(False):
        for number in range(COUNT):
            net = mutated(rng)
            outcomes = attacked(net, is_run=number % 10 == 0)
            assert "silent" not in outcomes, net
            for kind in outcomes:
                counts[kind] = counts.get(kind, 0) + 1
    assert counts["refused"] > COUNT // 10
    assert counts["finite"] > COUNT // 10


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_netlists_of_any_values_run():
    rng, run = random.Random(13), 0
    with jax.enable_x64(False):
        for _ in range(3 * RUN):
            net = revalued(rng)
            outcomes = attacked(net, is_run=True)
            assert "silent" not in outcomes, net
            run += "refused" not in outcomes
            if run == RUN:
                return
    pytest.fail(f"only {run} were run")
