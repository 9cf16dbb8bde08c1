"""Draws what each device does into docs/assets/devices/: python -m docs.tools.device_figures [kind ...].

Each curve is computed by the library from a netlist, as a user would.
"""

import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure

import circuitnn as cn
from circuitnn.plot.style import shades
from docs.tools.figures import keep

FOLDER = Path(__file__).parents[1] / "assets" / "devices"
SIZE = 4.2, 2.7  # inches


class Sweep(NamedTuple):
    """Curves of an operating point: one output over the value of a source, one curve a member of the family.

    Attributes:
        text: of a netlist, whose `{}` is the member; the source that is turned is Vx or Ix.
        family: what stands for `{}`, and how it is called.
        over: values of the source.
        output: what is drawn, and by how much it is multiplied.
        labels: of the axes, and of the legend.
        scales: of the axes.
    """

    text: str
    family: dict[str, str]
    over: np.ndarray
    output: tuple[str, float]
    labels: tuple[str, str, str]
    scales: tuple[str, str] = ("linear", "linear")


def _members(values, unit: str) -> dict[str, str]:
    return {f"{value:g}": f"{value:g} {unit}" for value in values}


SWEEPS = {
    "D": Sweep(
        "* d\nVx a 0 0\nD1 a 0 {}\n",
        {name: name for name in ("1N34A", "1N4148", "1N4001")},
        np.linspace(0, 0.8, 161),
        ("i(Vx)", -1e3),
        ("voltage in V", "current in mA", ""),
    ),
    "NPN": Sweep(
        "* q\nVx c 0 0\nIb 0 b {}u\nQ1 c b 0 2N3904\n",
        _members((5, 10, 20, 40), "µA"),
        np.linspace(0, 10, 121),
        ("i(Vx)", -1e3),
        ("collector to emitter in V", "collector current in mA", "into the base"),
    ),
    "NJF": Sweep(
        "* j\nVx d 0 0\nVg g 0 {}\nJ1 d g 0 2N5457\n",
        _members((0, -0.4, -0.8, -1.2), "V"),
        np.linspace(0, 10, 121),
        ("i(Vx)", -1e3),
        ("drain to source in V", "drain current in mA", "gate at"),
    ),
    "NMOS": Sweep(
        "* m\nVx d 0 0\nVg g 0 {}\nM1 d g 0 0 CH\n.model CH NMOS(VTO=1 KP=2m LAMBDA=0.02)\n",
        _members((1.5, 2, 2.5, 3), "V"),
        np.linspace(0, 10, 121),
        ("i(Vx)", -1e3),
        ("drain to source in V", "drain current in mA", "VTO 1 V, gate at"),
    ),
    "VDMOS": Sweep(
        "* m\nVx d 0 0\nVg g 0 {}\nM1 d g 0 2N7000\n",
        _members((2, 2.2, 2.4, 2.6), "V"),
        np.linspace(0, 10, 121),
        ("i(Vx)", -1e3),
        ("drain to source in V", "drain current in mA", "2N7000, gate at"),
    ),
    "VACTROL": Sweep(
        "* v\nIx 0 a 0\nIt 0 r 1u\nN1 a 0 r 0 {}\n",
        {"VTL5C3": "VTL5C3", "T4B": "T4B"},
        np.geomspace(1e-5, 4e-2, 81),
        ("r", 1e6),
        ("current of the diode in A", "resistance in Ω", ""),
        ("log", "log"),
    ),
    "TRIODE": Sweep(
        "* t\nVx p 0 0\nVg g 0 {}\nN1 p g 0 12AX7\n",
        _members((0, -0.5, -1, -1.5, -2, -3), "V"),
        np.linspace(0, 350, 141),
        ("i(Vx)", -1e3),
        ("plate to cathode in V", "plate current in mA", "12AX7, grid at"),
    ),
    "PENTODE": Sweep(
        "* p\nVx p 0 0\nVs s 0 250\nVg g 0 {}\nN1 p s g 0 EL84\n",
        _members((0, -2, -4, -6, -8, -10), "V"),
        np.linspace(0, 350, 141),
        ("i(Vx)", -1e3),
        ("plate to cathode in V", "plate current in mA", "EL84, screen at 250 V, grid at"),
    ),
    "OTA": Sweep(
        "* o\nIb m b {}u\nVx i 0 0\nVo o 0 0\nVp p 0 15\nVm m 0 -15\nN1 i 0 b o p m LM13700\n",
        _members((100, 250, 500), "µA"),
        np.linspace(-0.15, 0.15, 121),
        ("i(Vo)", 1e6),
        ("difference of the inputs in V", "output current in µA", "into the bias pin"),
    ),
    "HEATED": Sweep(
        "* h\nIx 0 a 0\nN1 a 0 HOT\n.model HOT HEATED(IS=2.52n N=1.752 RTH={} CTH=2e-4)\n",
        {"1m": "kept at 27 °C", "200": "200 K/W", "500": "500 K/W"},
        np.linspace(0, 0.4, 81),
        ("a", 1.0),
        ("current in A", "voltage in V", "1N4148"),
    ),
}


def main(kinds: list[str]) -> int:
    """Draws the devices with these kinds of models, or all."""
    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("ignore", cn.NetlistWarning)
    for kind in kinds or [*SWEEPS, *DRAWN]:
        keep(FOLDER / f"{kind.lower()}.svg", partial(drawn, kind))
        print(kind, flush=True)
    return 0


def drawn(kind: str) -> Figure:
    """The figure of one kind."""
    figure = Figure(figsize=SIZE)
    panel = figure.subplots()
    if kind in SWEEPS:
        _draw_sweep(panel, SWEEPS[kind])
    else:
        DRAWN[kind](panel)
    return figure


def _finished(panel, x: str, y: str, title: str) -> None:
    panel.set(xlabel=x, ylabel=y)
    panel.legend(title=title or None, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=1.2, alignment="left")


def _draw_sweep(panel, sweep: Sweep) -> None:
    output, factor = sweep.output
    for (member, name), color in zip(sweep.family.items(), shades(len(sweep.family)), strict=True):
        source = "Vx" if "\nVx " in sweep.text else "Ix"
        circuit = cn.read_netlist(sweep.text.format(member), inputs=(source,), outputs=(output,))

        def rest(value, circuit=circuit, source=source):
            return cn.nodal.operating_point(circuit.replace(**{source: value}))[output]

        panel.plot(sweep.over, factor * np.asarray(jax.jit(jax.vmap(rest))(sweep.over)), color=color, label=name)
    panel.set(xscale=sweep.scales[0], yscale=sweep.scales[1])
    _finished(panel, *sweep.labels)


def _draw_coil(panel) -> None:
    """The inductance that small signals see, over the current that flows."""
    currents, frequency = np.linspace(-30e-3, 30e-3, 121), 1.0
    for residual, color in zip((0, 0.05, 0.2), shades(3), strict=True):
        text = f"* c\nIx 0 a 0\nN1 a 0 CORE\n.model CORE COIL(L=2 ISAT=10m LSAT={residual:g})\n"
        circuit = cn.read_netlist(text, inputs=("Ix",), outputs=("a",))

        def impedance(i, circuit=circuit):
            return cn.nodal.frequency_response(circuit.replace(Ix=i), [frequency]).ravel()[0]

        henries = np.imag(jax.jit(jax.vmap(impedance))(currents)) / (2 * np.pi * frequency)
        panel.plot(1e3 * currents, henries, color=color, label=f"LSAT {residual:g} H")
    _finished(panel, "current in mA", "inductance in H", "L 2 H, ISAT 10 mA")


def _draw_loops(panel) -> None:
    """The last of many periods of sines from small to large, that have forgotten how they began."""
    fs, period, periods = 96_000, 960, 30
    turns, section, path = 230, 45.4e-6, 0.0754
    text = "* j\nVin in 0 0\nR1 in a 10\nN1 a 0 CORE\n.model CORE JACOIL()\n"
    circuit = cn.read_netlist(text, inputs=("Vin",), outputs=("i(R1)", "a"))
    model = cn.nodal.NodalModel(circuit, fs, dtype=np.float64)
    for peak, color in zip((0.2, 0.6, 1.2, 3.0), shades(4), strict=True):
        current, volts = np.asarray(
            cn.run(model, peak * np.sin(2 * np.pi * np.arange(periods * period + 1) / period))[1]
        ).T
        flux = np.cumsum(volts + np.append(0, volts[:-1])) / (2 * fs * turns * section)
        shown = slice(-period - 1, None)
        centred = flux[shown] - 0.5 * (flux[shown].max() + flux[shown].min())
        panel.plot(current[shown] * turns / path, centred, color=color, label=f"{peak:g} V")
    panel.set_xlim(-110, 110)
    _finished(panel, "field H in A/m", "flux density B in T", "100 Hz over 10 Ω")


def _draw_steps(panel) -> None:
    """A follower's answer to steps: the bandwidth's where they are small, the slew rate's where they are large."""
    fs = 100e6
    text = "* o\nVin in 0 0\nVp p 0 15\nVm m 0 -15\nN1 in out p m out TL072\nRl out 0 10k\n.model TL072 OPAMP()\n"
    model = cn.nodal.NodalModel(cn.read_netlist(text, outputs=("out",)), fs, dtype=np.float64)
    time = np.arange(150) / fs
    for volts, color in zip((0.1, 1.0, 5.0, 10.0), shades(4), strict=True):
        y = np.ravel(cn.run(model, np.full(len(time), volts))[1])
        panel.plot(1e6 * time, y, color=color, label=f"{volts:g} V")
    _finished(panel, "time in µs", "output in V", "13 V/µs, 3 MHz, a step of")


DRAWN: dict[str, Callable] = {"COIL": _draw_coil, "JACOIL": _draw_loops, "OPAMP": _draw_steps}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
