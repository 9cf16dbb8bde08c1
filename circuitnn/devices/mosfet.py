"""The MOS field-effect transistor of SPICE's level 1."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from jax import Array
from jax import numpy as jnp

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.depletion import depletion
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.expressions.values import Value, combined

_JUNCTIONS = ("CBD", "CBS")
SIZE = 1e-4  # m, width and length of a device whose line says neither
_OXIDE, _SILICON, _CHARGE, _INTRINSIC = 3.9 * 8.854214871e-12, 11.7 * 8.854214871e-12, 1.6021918e-19, 1.45e16
_GAP = 1.16 - 7.02e-4 * 300.15**2 / (300.15 + 1108)  # eV, of silicon at 27 degrees


def level_1(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """Shichman and Hodges' channel with the effect of the bulk, and its two diodes, as in SPICE.

    With ``r(x) = max(x, 0)^2``, triode and saturation region in both directions are one formula:
    ``i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - V_on) - r(v_gd - V_on))``,
    ``V_on = VTO + GAMMA (s(max(v_bs, v_bd)) - sqrt(PHI))``, ``s(v) = sqrt(PHI - v)``, beyond 0 V its tangent down to 0.
    Currents: from the drain to the source, from the bulk to the source and to the drain.
    """
    gs, gd, bs, bd = v
    on: Any = p["VTO"]
    if "GAMMA" in p:
        root, bulk = jnp.sqrt(p["PHI"]), jnp.maximum(bs, bd)
        below = jnp.sqrt(p["PHI"] - jnp.minimum(bulk, 0))
        on = on + p["GAMMA"] * (jnp.maximum(below - jnp.maximum(bulk, 0) / (2 * root), 0) - root)
    opened_gs, opened_gd = (jnp.square(jnp.maximum(volts - on, 0)) for volts in (gs, gd))
    channel = 0.5 * p["KP"] * (1 + p["LAMBDA"] * jnp.abs(gs - gd)) * (opened_gs - opened_gd)
    charges = [SIZE * p[name] * volts for name, volts in (("CGSO", gs), ("CGDO", gd)) if name in p]
    if "CBD" in p:
        charges += [depletion(volts, p[name], p["PB"], p["MJ"], p["FC"]) for volts, name in ((bd, "CBD"), (bs, "CBS"))]
    return [channel, p["IS"] * (e[0] - 1), p["IS"] * (e[1] - 1)], charges


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """The parameters of a device as wide as it is long: what its size and its process make of them.

    In SPICE a device whose line says nothing of its size is 100 micrometres by 100 micrometres: that is what comes out,
    with the KP, the capacitances and the resistances of the one that was meant.

    Args:
        card: what the ``.model`` says.
        line: what the line says: W, L, AD, AS in metres and their squares, PD, PS, NRD, NRS.
        polarity: 1 of an n-channel.
        note: hears of what is not modelled.

    Raises:
        ValueError: for a size that is no number or not positive.
    """
    p: dict[str, Value] = {name: value for name, value in card.items() if name not in PROCESS}
    n = _numbers({name: value for name, value in card.items() if name in PROCESS} | dict(line))
    width, length = n.get("W", SIZE), n.get("L", SIZE) - 2 * n.get("LD", 0.0)
    if width <= 0 or length <= 0:
        raise ValueError(f"a channel of {width:g} m by {length:g} m")
    _with_process(p, n, polarity)
    if width != length:
        p["KP"] = combined("*", p.get("KP", 2e-5), width / length)
    p |= {name: combined("*", p[name], width / SIZE) for name in ("CGSO", "CGDO") if name in p}
    for area, capacitance, squares, series in (("AD", "CBD", "NRD", "RD"), ("AS", "CBS", "NRS", "RS")):
        if "CJ" in n and n.get(area) and capacitance not in p:
            p[capacitance] = n["CJ"] * n[area]
        if "RSH" in n and series not in p:
            p[series] = n["RSH"] * n.get(squares, 1.0)
    if n.get("JS") and n.get("AD") and n.get("AS"):
        p["IS"] = n["JS"] * math.sqrt(n["AD"] * n["AS"])
        if n["AD"] != n["AS"]:
            note("the bulk's two diodes have one saturation current, that of the mean of AD and AS")
    unmodelled = {
        "the oxide's capacitance (Meyer)": _OXIDE / n["TOX"] * width * length if n.get("TOX") else 0.0,
        "the capacitance from gate to bulk": n.get("CGBO", 0.0) * length,
        "the side walls of the junctions": n.get("CJSW", 0.0) * max(n.get("PD", 0.0), n.get("PS", 0.0)),
    }
    for what, farads in unmodelled.items():
        if farads:
            note(f"{what}, {farads:.2g} F, is not modelled")
    return p


def _with_process(p: dict[str, Value], n: Mapping[str, float], polarity: int) -> None:
    """Fill in what follows from the oxide and the doping where the model says no more, as SPICE does."""
    if not n.get("TOX"):
        return
    oxide = _OXIDE / n["TOX"]
    p.setdefault("KP", n.get("UO", 600.0) * oxide * 1e-4)
    if not n.get("NSUB"):
        return
    doping = n["NSUB"] * 1e6
    if doping <= _INTRINSIC:
        raise ValueError("NSUB is below that of pure silicon, 1.45e10 per cubic centimetre")
    p.setdefault("PHI", max(0.1, 2 * THERMAL_VOLTAGE * math.log(doping / _INTRINSIC)))
    p.setdefault("GAMMA", math.sqrt(2 * _SILICON * _CHARGE * doping) / oxide)
    if "VTO" in p:
        return
    phi, gamma = _numbers({"PHI": p["PHI"], "GAMMA": p["GAMMA"]}).values()
    gate = n.get("TPG", 1.0)
    work = 3.25 + 0.5 * _GAP - polarity * gate * 0.5 * _GAP if gate else 3.2
    flat_band = work - (3.25 + 0.5 * _GAP + polarity * 0.5 * phi) - n.get("NSS", 0.0) * 1e4 * _CHARGE / oxide
    p["VTO"] = flat_band + polarity * (gamma * math.sqrt(phi) + phi)


def _numbers(values: Mapping[str, Value]) -> dict[str, float]:
    for name, value in values.items():
        if not isinstance(value, float):
            raise ValueError(f"{name} has to be a number, got {value}")
    return dict(values)  # type: ignore[arg-type]


PROCESS = ("TOX", "UO", "NSUB", "NSS", "TPG", "LD", "RSH", "JS", "CJ", "CJSW", "CGBO")

MOSFET = ModelDevice(
    letter="M",
    word="MOSFET",
    kinds={"NMOS": 1, "PMOS": -1},
    pins=("drain", "gate", "source", "bulk"),
    insulated=("gate",),
    ports=(("gate", "source"), ("gate", "drain"), ("bulk", "source"), ("bulk", "drain")),
    currents=(("drain", "source"), ("bulk", "source"), ("bulk", "drain")),
    charges=(("CGSO", 0), ("CGDO", 1), ("CBD", 3), ("CBS", 2)),
    series=(("RD", "drain"), ("RS", "source")),
    function=level_1,
    junctions=(Junction(2, "IS", "N"), Junction(3, "IS", "N")),
    parameters=(
        P("VTO", "V", 0.0, Rule.ANY, mirrors=True, other_names=("VT0",)),
        P("KP", "A/V^2", 2e-5, scales=True),
        P("LAMBDA", "1/V", 0.0, Rule.NOT_NEGATIVE),
        P("GAMMA", "V^0.5", 0.0, Rule.NOT_NEGATIVE, when=("GAMMA",)),
        P("PHI", "V", 0.6, when=("GAMMA",)),
        P("IS", "A", 1e-14, scales=True),
        P("N", "", 1.0),
        P("RD", "ohm", 0.0, when=("RD",)),
        P("RS", "ohm", 0.0, when=("RS",)),
        P("CGSO", "F/m", 0.0, Rule.NOT_NEGATIVE, when=("CGSO",), scales=True),
        P("CGDO", "F/m", 0.0, Rule.NOT_NEGATIVE, when=("CGDO",), scales=True),
        P("CBD", "F", 0.0, Rule.NOT_NEGATIVE, when=_JUNCTIONS, scales=True),
        P("CBS", "F", 0.0, Rule.NOT_NEGATIVE, when=_JUNCTIONS, scales=True),
        P("PB", "V", 0.8, when=_JUNCTIONS),
        P("MJ", "", 0.5, Rule.FRACTION, when=_JUNCTIONS),
        P("FC", "", 0.5, Rule.FRACTION, when=_JUNCTIONS),
    ),
    factor="m",
    line_numbers={"W": SIZE, "L": SIZE, "AD": 0.0, "AS": 0.0, "PD": 0.0, "PS": 0.0, "NRD": 1.0, "NRS": 1.0},
    process=PROCESS,
    of_card=of_card,
    harmless={"mjsw": None, "pbsw": None, "xj": None, "ucrit": None, "uexp": None, "utra": None, "vmax": None},
    equation="i_ds = KP/2 (1 + LAMBDA |v_ds|) (r(v_gs - V_on) - r(v_gd - V_on)), r(x) = max(x, 0)^2, "
    "V_on = VTO + GAMMA (sqrt(PHI - v_b) - sqrt(PHI)); bulk diodes",
    source="Shichman and Hodges 1968",
    trial=Trial(
        {
            "VTO": 1.0, "KP": 2e-3, "LAMBDA": 0.02, "GAMMA": 0.4, "PHI": 0.65, "IS": 2e-9, "CGSO": 2e-8,
            "CGDO": 1e-8, "CBD": 4e-12, "CBS": 5e-12,
        },
        (2.5, -1.0, -0.3, -3.8),
    ),
)  # fmt: skip
