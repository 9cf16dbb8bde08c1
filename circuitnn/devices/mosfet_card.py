"""The MOSFET's parameters: from what a ``.model`` and a line say to those of its law, at a temperature, for one device.

Sources: Vladimirescu and Liu 1980 (UCB/ERL M80/7); ngspice-39.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from circuitnn.deferred import jnp
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.law import AREA, Parameters
from circuitnn.devices.temperature import NOMINAL, POLARITY, band_gap, junction, kelvin, relative, thermal_voltage
from circuitnn.expressions.values import Value, combined

SIZE = 1e-4  # m, width and length of a device whose line says neither
OXIDE, SILICON = 3.9 * 8.854214871e-12, 11.7 * 8.854214871e-12  # F/m, permittivities
CHARGE = 1.6021766208e-19  # C
THICKNESS = 1e-7  # m, of the oxide at level 3 where it is not given
LEVEL_3 = ("THETA", "ETA", "KAPPA", "VMAX", "XJ", "NFS", "DELTA", "UO", "NSUB", "LD", "W", "L")
ON_LINE = {"W": SIZE, "L": SIZE, "AD": 0.0, "AS": 0.0, "PD": 0.0, "PS": 0.0, "NRD": 1.0, "NRS": 1.0}
PROCESS = (*ON_LINE, "UO", "NSUB", "NSS", "TPG", "LD", "RSH", "CJ", "CGBO", "WD", "XL", "XW", "DELVTO", "LEVEL")
_OTHER_NAMES = {"U0": "UO", "DELVT0": "DELVTO"}
_OF_LEVEL_3_ALONE = ("THETA", "ETA", "KAPPA", "VMAX", "XJ", "NFS", "DELTA", "WD", "XL", "XW", "DELVTO")
_KNOWN_LEVELS = {2: "Grove and Frohman's", 4: "BSIM1", 5: "BSIM2", 7: "BSIM3", 8: "BSIM3", 14: "BSIM4", 49: "BSIM3"}
_INTRINSIC = 1.45e16  # of pure silicon, 1/m^3
SPELLINGS = (*PROCESS, *_OTHER_NAMES)


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """The parameters of a device, as SPICE makes them of its ``.model``, its size and its process.

    At level 1 they are those of a device of 100 by 100 micrometres, which is what SPICE takes a device for whose line
    says nothing of its size, with the KP, the oxide, the capacitances and the resistances of the one that was meant.

    Args:
        card: what the ``.model`` says.
        line: what the line says: W, L, AD, AS in metres and their squares, PD, PS, NRD, NRS.
        polarity: 1 of an n-channel.
        note: hears of what is passed over.

    Raises:
        ValueError: for a level that is not modelled, and for a size or process that is no number or impossible.
    """
    p: dict[str, Value] = {_OTHER_NAMES.get(name, name): value for name, value in {**card, **line}.items()}
    level = _number("LEVEL", p.pop("LEVEL", 1.0))
    if level not in (1.0, 3.0):
        name = _KNOWN_LEVELS.get(int(level), "another model")
        raise ValueError(f"LEVEL={level:g} ({name}) is not modelled; levels 1 and 3 are: fit VTO and KP of one of them")
    if p.get("N", 1.0) != 1.0:
        note("N of the bulk's diodes counts as in PSpice and LTspice; ngspice has none")
    _with_process(p, int(level), polarity)
    _with_junctions(p)
    return _of_level_3(p) if level == 3.0 else _of_level_1(p, note)


def _of_level_1(p: dict[str, Value], note: Callable[[str], None]) -> dict[str, Value]:
    passed_over = [name for name in _OF_LEVEL_3_ALONE if p.get(name, 0.0) != 0.0]
    if passed_over:
        note(f"{', '.join(passed_over)} passed over: LEVEL=1 has no such parameter")
    width, length = _size(p.get("W", SIZE), p.get("L", SIZE), p.get("LD", 0.0))
    if width != length:
        p["KP"] = combined("*", p.get("KP", 2e-5), combined("/", width, length))
    relative_width, relative_length = combined("/", width, SIZE), combined("/", length, SIZE)
    for name, extent in (("CGSO", relative_width), ("CGDO", relative_width), ("CGBO", relative_length)):
        if name in p:
            p[name] = combined("*", p[name], extent)
    if p.get("TOX", 0.0) != 0.0:
        p["TOX"] = combined("/", combined("/", p["TOX"], relative_width), relative_length)
    left_out = {*LEVEL_3, *_OF_LEVEL_3_ALONE}
    return {name: value for name, value in p.items() if name not in left_out}


def _of_level_3(p: dict[str, Value]) -> dict[str, Value]:
    width = combined("-", p.get("W", SIZE), combined("*", 2.0, p.get("WD", 0.0)))
    width, length = combined("+", width, p.get("XW", 0.0)), combined("+", p.get("L", SIZE), p.get("XL", 0.0))
    _size(width, length, p.get("LD", 0.0))
    p |= {"W": width, "L": length, "LEVEL": 3.0, "VTO": combined("+", p.get("VTO", 0.0), p.get("DELVTO", 0.0))}
    p.setdefault("MJSW", 0.33)
    p.pop("LAMBDA", None)
    return {name: value for name, value in p.items() if name not in ("WD", "XW", "XL", "DELVTO")}


def _size(width: Value, length: Value, diffusion: Value) -> tuple[Value, Value]:
    """The width, and the length of the channel."""
    channel = combined("-", length, combined("*", 2.0, diffusion))
    if any(isinstance(extent, float) and extent <= 0 for extent in (width, channel)):
        raise ValueError(f"a channel of {_written(width)} m by {_written(channel)} m")
    return width, channel


def _written(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _with_process(p: dict[str, Value], level: int, polarity: int) -> None:
    """Fill in what follows from the oxide and the doping where the model says no more, as SPICE does."""
    if level == 3:
        p["TOX"] = THICKNESS if p.get("TOX", 0.0) == 0.0 else p["TOX"]
        p.setdefault("UO", 600.0)
    process = {name: p.pop(name) for name in ("NSS", "TPG") if name in p}
    if p.get("TOX", 0.0) == 0.0:
        return
    if "KP" not in p:
        p["KP"] = combined("/", combined("*", p.get("UO", 600.0), OXIDE * 1e-4), p["TOX"])
    if p.get("NSUB", 0.0) == 0.0:
        return
    nominal = _number("TNOM", p.get("TNOM", NOMINAL)) + 273.15
    oxide, doping = OXIDE / _number("TOX", p["TOX"]), 1e6 * _number("NSUB", p["NSUB"])
    gap, pure = band_gap(nominal), _INTRINSIC
    if level == 3:
        pure *= (nominal / 300) ** 1.5 * math.exp(0.5 * gap * (1 / 300 - 1 / nominal) * 300.15 / THERMAL_VOLTAGE)
    if doping <= pure:
        raise ValueError("NSUB is below that of pure silicon, 1.45e10 per cubic centimetre")
    thermal = THERMAL_VOLTAGE * nominal / 300.15
    p.setdefault("PHI", max(0.1, 2 * thermal * math.log(doping / pure)))
    p.setdefault("GAMMA", math.sqrt(2 * SILICON * CHARGE * doping) / oxide)
    if "VTO" in p:
        return
    phi, gamma = _number("PHI", p["PHI"]), _number("GAMMA", p["GAMMA"])
    gate, states = _number("TPG", process.get("TPG", 1.0)), _number("NSS", process.get("NSS", 0.0))
    work = 3.25 + 0.5 * gap - polarity * gate * 0.5 * gap if gate else 3.2
    flat_band = work - (3.25 + 0.5 * gap + polarity * 0.5 * phi) - states * 1e4 * CHARGE / oxide
    p["VTO"] = flat_band + polarity * (gamma * math.sqrt(phi) + phi)


def _with_junctions(p: dict[str, Value]) -> None:
    """The bulk's capacitances and currents, and the resistances before them, by what the areas say."""
    if p.get("JS", 0.0) == 0.0 or p.get("AD", 0.0) == 0.0 or p.get("AS", 0.0) == 0.0:
        p.pop("JS", None)
    for area, capacitance, squares, series in (("AD", "CBD", "NRD", "RD"), ("AS", "CBS", "NRS", "RS")):
        if p.get("CJ", 0.0) != 0.0 and p.get(area, 0.0) != 0.0 and capacitance not in p:
            p[capacitance] = combined("*", p["CJ"], p[area])
        if p.get("RSH", 0.0) != 0.0 and series not in p:
            p[series] = combined("*", p["RSH"], p.get(squares, 1.0))
    if p.get("PD", 0.0) == 0.0 and p.get("PS", 0.0) == 0.0:
        p.pop("CJSW", None)
    for name in ("MJ", "MJSW"):
        if p.get(name) == 1.0:
            p[name] = 1 - 1e-6  # the charge of 1 is a logarithm, which that of all others comes near to
    used = {"JS": ("AD", "AS"), "CJSW": ("PD", "PS")}
    unused = {name for factor, names in used.items() if factor not in p for name in names}
    for name in (*unused, "CJ", "RSH", "NRD", "NRS"):
        p.pop(name, None)


def _number(name: str, value: Value) -> float:
    if not isinstance(value, float):
        raise ValueError(f"{name} has to be a number, got {value}")
    return value


def at_temperature(p: Parameters) -> Parameters:
    """Parameters at TEMP, as in SPICE."""
    t, nominal = kelvin(p)
    warm = dict(p)
    mobility = jnp.exp(-1.5 * jnp.log(t / nominal))
    warm |= {name: p[name] * mobility for name in ("KP", "UO") if name in p}
    gap, at_nominal = band_gap(t), band_gap(nominal)
    growth = jnp.exp((at_nominal / relative(nominal) - gap / relative(t)) / THERMAL_VOLTAGE)
    warm |= {name: p[name] * growth for name in ("IS", "JS") if name in p}
    warm["N"] = p["N"] * relative(t)
    warm["PHI"], _ = junction(p["PHI"], 0.5 * jnp.ones_like(t), t, nominal)
    bulk = 0.5 * (warm["PHI"] - p["PHI"])
    if "GAMMA" in p:
        bulk = bulk + p["GAMMA"] * (jnp.sqrt(warm["PHI"]) - jnp.sqrt(p["PHI"]))
    warm["VTO"] = p["VTO"] + 0.5 * (at_nominal - gap) + p[POLARITY] * bulk
    if "PB" in p:
        warm["PB"], larger = junction(p["PB"], p["MJ"], t, nominal)
        warm |= {name: p[name] * larger for name in ("CBD", "CBS")}
        if "CJSW" in p:
            warm["CJSW"] = p["CJSW"] * junction(p["PB"], p["MJSW"], t, nominal)[1]
    return warm


def prepare(p: Parameters) -> Parameters:
    """What the laws are given: of the process and the sizes the numbers of one device."""
    ready: dict[str, Any] = {name: value for name, value in p.items() if name not in _ONLY_PREPARED}
    ready["IS_SOURCE"], ready["IS_DRAIN"] = (p["JS"] * p["AS"], p["JS"] * p["AD"]) if "JS" in p else (p["IS"], p["IS"])
    if "CJSW" in p:
        ready["CSW_SOURCE"], ready["CSW_DRAIN"] = p["CJSW"] * p["PS"], p["CJSW"] * p["PD"]
    width: Any = SIZE
    length: Any = SIZE
    if "LEVEL" in p:
        width, length = p["W"], p["L"] - 2 * p.get("LD", 0.0)
        ready |= _of_channel(p, width, length)
    ready |= {name: p[name] * width for name in ("CGSO", "CGDO") if name in p}
    ready |= {name: p[name] * length for name in ("CGBO",) if name in p}
    if "TOX" in p:
        ready["COX"] = OXIDE / p["TOX"] * width * length * p[AREA]
    return ready


_ONLY_PREPARED = ("IS", "JS", "AD", "AS", "CJSW", "PD", "PS", "TOX", *LEVEL_3, "TEMP", "TNOM")


def _of_channel(p: Parameters, width: Any, length: Any) -> dict[str, Any]:
    """Of the channel of level 3."""
    oxide = OXIDE / p["TOX"]
    ready: dict[str, Any] = {
        "BETA": p["KP"] * width / length,
        "FEEDBACK": p.get("ETA", 0.0) * (8.15e-22 / oxide / length**3),
        "LENGTH": length,
        "THERMAL": thermal_voltage(p) * jnp.ones_like(p["KP"]),
    }
    ready |= {name: p[name] for name in ("THETA", "KAPPA") if name in p}
    if "DELTA" in p:
        ready["NARROW"] = p["DELTA"] * (0.5 * math.pi * SILICON) / oxide / width
    if "NFS" in p:
        ready["FAST_STATES"] = p["NFS"] * (CHARGE * 1e4) / oxide
    if "VMAX" in p:
        ready["SATURATED"] = p["VMAX"] * length / (p["UO"] * 1e-4)
    if "NSUB" in p:
        ready["ALPHA"] = (2 * SILICON / CHARGE * 1e-6) / p["NSUB"]
        if "XJ" in p:
            ready |= {"JUNCTION_DEPTH": p["XJ"], "DIFFUSION": p["LD"] if "LD" in p else jnp.zeros_like(p["XJ"])}
    return ready
