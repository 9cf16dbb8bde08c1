"""Circuits at rest, and their devices."""

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit import Circuit, NetlistWarning, read_netlist
from circuitnn.circuit.standard import standard_part
from circuitnn.model import Controls
from circuitnn.nodal import operating_point as rest
from circuitnn.plot import style
from circuitnn.plot.values import draw_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.drawn
def operating_point(circuit: Circuit, controls: Controls | None = None, *, title: str | None = None) -> "Figure":
    """The voltages of a circuit's nodes at rest, as ngspice's ``.op`` has them.

    Args:
        circuit: any.
        controls: knobs, constants; the defaults when None.
        title: what the picture says, above it.
    """
    with jax.enable_x64(True):
        found = rest(circuit, controls=controls)
        volts = {node: float(found[node]) for node in circuit.nodes if "." not in node}
    return draw_bars(volts, "voltage at rest in V", title)


@final
class Sweep(NamedTuple):
    """How a kind of device is measured.

    Attributes:
        text: of a netlist; {card} is the device's model. Vx is turned, Vg or Ib has the values of the family.
        family: values that are held.
        title: what is held.
        over: volts, from and to.
        axis: what they are.
    """

    text: str
    family: tuple[float, ...]
    title: str
    over: tuple[float, float]
    axis: str


_D = Sweep("Vx a 0 0\nD1 a 0 {card}", (0.0,), "", (-0.2, 0.9), "voltage in V")
_Q = Sweep("Vx c 0 0\nIb {flow} 0\nQ1 c b 0 {{card}}", (5, 10, 20, 40), "base current in uA", (0, 10), "")
_BIPOLAR = "collector to emitter in V"
_FIELD = "drain to source in V"
SWEEPS = {
    "D": _D,
    "NPN": _Q._replace(text=_Q.text.format(flow="0 b"), axis=_BIPOLAR),
    "PNP": _Q._replace(text=_Q.text.format(flow="b 0"), axis=_BIPOLAR, over=(-10, 0)),
    "NJF": Sweep("Vx d 0 0\nVg g 0 0\nJ1 d g 0 {card}", (0, -0.5, -1, -1.5), "gate in V", (0, 10), _FIELD),
    "PJF": Sweep("Vx d 0 0\nVg g 0 0\nJ1 d g 0 {card}", (0, 0.5, 1, 1.5), "gate in V", (-10, 0), _FIELD),
    "NMOS": Sweep("Vx d 0 0\nVg g 0 0\nM1 d g 0 0 {card}", (1, 1.5, 2, 2.5, 3), "gate in V", (0, 10), _FIELD),
    "PMOS": Sweep("Vx d 0 0\nVg g 0 0\nM1 d g 0 0 {card}", (-1, -1.5, -2, -2.5), "gate in V", (-10, 0), _FIELD),
    "VDMOS": Sweep("Vx d 0 0\nVg g 0 0\nM1 d g 0 {card}", (2, 2.2, 2.4, 2.6), "gate in V", (0, 10), _FIELD),
    "TRIODE": Sweep(
        "Vx p 0 0\nVg g 0 0\nN1 p g 0 {card}", (0, -0.5, -1, -1.5, -2, -3), "grid in V", (0, 350),
        "plate to cathode in V",
    ),
    "PENTODE": Sweep(
        "Vx p 0 0\nVs s 0 250\nVg g 0 0\nN1 p s g 0 {card}", (0, -2, -4, -6, -8, -10),
        "grid in V (screen 250 V)", (0, 350), "plate to cathode in V",
    ),
}  # fmt: skip


@style.drawn
def device_curves(parts: "str | list[str]", *, points: int = 161, title: str | None = None) -> "Figure":
    """Currents of devices over their voltages: of one device a family of curves, of diodes all in one.

    Args:
        parts: a part of the library by name (1N4148, 2N3904, 12AX7), or a line ``.model NAME KIND(...)``; several, of
            one kind.
        points: of each curve.
        title: what the picture says, above it.

    Raises:
        ValueError: for a name that the library has not, a kind that has no curves here, and several kinds at once.
    """
    cards = [_card(part) for part in ([parts] if isinstance(parts, str) else parts)]
    kinds = sorted({kind for _, kind, _ in cards})
    if len(kinds) != 1 or kinds[0] not in SWEEPS:
        raise ValueError(f"device_curves: one kind of {', '.join(SWEEPS)} at a time, got {', '.join(kinds) or 'none'}")
    sweep = SWEEPS[kinds[0]]
    figure, axes = style.panels(size=(style.WIDTH, 3.4))
    panel, over = axes[0, 0], np.linspace(*sweep.over, points)
    for (name, _, line), look in zip(cards, style.looks(len(cards)), strict=True):
        colours = style.shades(len(sweep.family)) if len(sweep.family) > 1 else [look["color"]]
        text = f"* curves\n{sweep.text.format(card=name)}\n{line}\n.end\n"
        for member, row, colour in zip(sweep.family, _currents(text, sweep.family, over), colours, strict=True):
            label = " ".join(filter(None, [name if len(cards) > 1 else "", f"{member:g}" if sweep.title else ""]))
            panel.plot(over, -1e3 * row, label=label, **look | {"color": colour})
    panel.set(xlabel=sweep.axis, ylabel="current in mA", title=cards[0][0] if len(cards) == 1 else None)
    if not sweep.title:  # an exponential: what is beyond a few milliamperes is another scale
        panel.set_ylim(-0.5, 10)
    style.legend(figure, panel, title=sweep.title or None)
    style.title(figure, title)
    return figure


def _card(part: str) -> tuple[str, str, str]:
    """Name, kind and line of a model; of a part of the library no line, which netlists find themselves."""
    match = re.match(r"\s*\.model\s+(\S+)\s+(?:ako:\S+\s+)?([A-Za-z]+)", part, re.IGNORECASE)
    if match:
        return match[1], match[2].upper(), part.strip()
    found = standard_part(part, directive=".model")
    match = found and re.match(r"\.model\s+(\S+)\s+([A-Za-z]+)", found.lines[0].text, re.IGNORECASE)
    if not found or not match or not re.fullmatch(r"[\w.+/-]+", part):
        raise ValueError(f"device_curves: the library has no part {part!r} with a .model")
    return found.name, match[2].upper(), ""


def _currents(text: str, family: Sequence[float], over: np.ndarray) -> np.ndarray:
    """Into the source that is turned, amperes: (family, points)."""
    held = next((name for name in ("Vg", "Ib") if f"\n{name} " in text), None)
    unit = 1e-6 if held == "Ib" else 1.0
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)  # that the part is one of the library
        circuit = read_netlist(text, inputs=("Vx",), outputs=("i(Vx)",))

        def current(member: Array, volts: Array) -> Array:
            own = {} if held is None else {held: unit * member}
            return rest(circuit.replace(Vx=volts, **own))["i(Vx)"]

        members, along = jnp.repeat(jnp.asarray(family), len(over)), jnp.tile(jnp.asarray(over), len(family))
        return np.asarray(jax.jit(jax.vmap(current))(members, along)).reshape(len(family), len(over))
