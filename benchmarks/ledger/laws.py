"""The equations of the devices, written anew in NumPy from their sources: what the library's are held against.

Each is a function of the parameters of a model, of the area factor and of the voltages of the pins (arrays), and gives
the current into each pin. Nothing of the library is in it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import brentq

THERMAL = 1.38064852e-23 * 300.15 / 1.6021766208e-19  # kT/q at 27 C, volts (CODATA 2014, as ngspice has it)
GMIN = 1e-15  # siemens that ngspice has parallel to each junction, as `cn.spice` sets it
AUDIBLE = 1e-7  # amperes of saturation from which on the library has ngspice's junction below -3 kT/q, germanium's

Parameters = Mapping[str, float]
Volts = Mapping[str, Any]
Currents = dict[str, Any]


def junction(v: Any, emission: float, *, saturation: float = 0.0) -> Any:
    """``e^(v/(N kT/q)) - 1``; below -3 N kT/q, where the saturation current is not small, SPICE's cube."""
    v = np.asarray(v, float)
    x = v / (emission * THERMAL)
    if saturation <= AUDIBLE:
        return np.expm1(x)
    return np.where(x >= -3, np.expm1(x), -1 - (3 / (np.e * np.minimum(x, -3))) ** 3)


def diode(p: Parameters, area: float, v: Volts) -> Currents:
    """Shockley 1949, with what SPICE adds (Antognetti and Massobrio 1988; ngspice-39).

    One that is PAIRED, with another of its model that faces it, is Shockley's alone.
    """
    volts = np.asarray(v["anode"] - v["cathode"], float)
    saturation = p["IS"] * area
    is_full = bool({"BV", "ISR", "IKF", "IKR", "JTUN"} & set(p))
    leaking = 0.0 if "PAIRED" in p else np.inf if is_full else saturation
    current = saturation * junction(volts, p["N"], saturation=leaking)
    is_forward = volts >= -3 * p["N"] * THERMAL
    if "BV" in p:
        begin, emission = breakdown(p, saturation), p.get("NBV", p["N"]) * THERMAL
        beyond = -saturation * np.exp(np.minimum(-(volts + begin) / emission, 300))
        current = np.where(volts < -begin, beyond, current)
    if "ISR" in p:
        potential, grading = p.get("VJ", 1.0), p.get("M", 0.5)
        generated = p["ISR"] * area * np.expm1(volts / (p["NR"] * THERMAL))
        current = current + is_forward * generated * ((1 - volts / potential) ** 2 + 0.005) ** (grading / 2)
    if "JTUN" in p:
        current = current - p["JTUN"] * area * np.expm1(-volts / (p.get("NTUN", 30.0) * THERMAL))
    if "IKF" in p:
        high = is_forward & (current > 1e-18)
        current = current / np.where(high, 1 + np.sqrt(np.abs(current) / (p["IKF"] * area)), 1)
    if "IKR" in p:
        high = ~is_forward & (current < -1e-18)
        current = current / np.where(high, 1 + np.sqrt(np.abs(current) / (p["IKR"] * area)), 1)
    current = current + GMIN * volts
    return {"anode": current, "cathode": -current}


def breakdown(p: Parameters, saturation: float) -> float:
    """Where the exponential begins that carries IBV at BV: ``BV - NBV V ln(IBV/IS + 1 - x/V)``.

    IBV is the same for any area, unlike the saturation current.
    """
    voltage, ratio, emission = p["BV"], p["IBV"] / saturation, p.get("NBV", p["N"])
    if ratio < voltage / THERMAL:
        return voltage

    def excess(x: float) -> float:
        return x - voltage + emission * THERMAL * float(np.log(ratio + 1 - x / THERMAL))

    return float(brentq(excess, 0.0, voltage, xtol=1e-15, rtol=8.9e-16))


def bipolar(p: Parameters, area: float, v: Volts) -> Currents:
    """Gummel and Poon 1970, of an NPN; ngspice-39 has the area twice in what the collector's junction carries."""
    be, bc = v["base"] - v["emitter"], v["base"] - v["collector"]
    largest = max(p.get(name, 0.0) for name in ("IS", "ISE", "ISC")) * area

    def grown(name: str, volts: Any, emission: str) -> Any:
        return p[name] * area * junction(volts, p[emission], saturation=largest)

    forward, reverse = grown("IS", be, "NF"), grown("IS", bc, "NR") * area
    into_emitter, into_collector = forward / p["BF"], reverse / p["BR"]
    if "ISE" in p:
        into_emitter = into_emitter + grown("ISE", be, "NE")
    if "ISC" in p:
        into_collector = into_collector + grown("ISC", bc, "NC")
    early = 1 - bc / p.get("VAF", np.inf) - be / p.get("VAR", np.inf)
    injected = (forward / p.get("IKF", np.inf) + reverse / p.get("IKR", np.inf)) / area
    transport = (forward - reverse) * early * 2 / (1 + np.sqrt(np.maximum(1 + 4 * injected, 1e-12)))
    through_be = into_emitter + transport + GMIN * be
    through_bc = into_collector - transport + GMIN * bc
    return {"collector": -through_bc, "base": through_be + through_bc, "emitter": -through_be}


def jfet(p: Parameters, area: float, v: Volts) -> Currents:
    """Shichman and Hodges 1968, region by region, of an n-channel."""
    gs, gd = np.asarray(v["gate"] - v["source"], float), np.asarray(v["gate"] - v["drain"], float)
    over, along = np.maximum(gs, gd) - p["VTO"], np.abs(gs - gd)
    channel = np.where(over <= along, over**2, along * (2 * over - along)) * (1 + p["LAMBDA"] * along)
    channel = np.where(over <= 0, 0, p["BETA"] * area * channel) * np.where(gs >= gd, 1, -1)
    through = [p["IS"] * area * np.expm1(volts / (p["N"] * THERMAL)) + GMIN * volts for volts in (gs, gd)]
    return {"drain": channel - through[1], "gate": through[0] + through[1], "source": -channel - through[0]}


def mosfet(p: Parameters, area: float, v: Volts) -> Currents:
    """Shichman and Hodges 1968 with the bulk's effect, level 1, of an n-channel."""
    gs, gd = np.asarray(v["gate"] - v["source"], float), np.asarray(v["gate"] - v["drain"], float)
    bs, bd = v["bulk"] - v["source"], v["bulk"] - v["drain"]
    bulk, root = np.maximum(bs, bd), np.sqrt(p["PHI"])
    below = np.where(bulk <= 0, np.sqrt(p["PHI"] - np.minimum(bulk, 0)), np.maximum(root - bulk / (2 * root), 0))
    over = np.maximum(gs, gd) - p["VTO"] - p["GAMMA"] * (below - root)
    along = np.abs(gs - gd)
    channel = np.where(over <= along, over**2 / 2, along * (over - along / 2)) * (1 + p["LAMBDA"] * along)
    channel = np.where(over <= 0, 0, p["KP"] * area * channel) * np.where(gs >= gd, 1, -1)
    to_source, to_drain = (p["IS"] * area * np.expm1(x / (p["N"] * THERMAL)) + GMIN * x for x in (bs, bd))
    return {
        "drain": channel - to_drain,
        "gate": 0 * channel,
        "source": -channel - to_source,
        "bulk": to_source + to_drain,
    }


def vdmos(p: Parameters, area: float, v: Volts) -> Currents:
    """The vertical power MOSFET of ngspice-39, and its body diode."""
    gs, gd = np.asarray(v["gate"] - v["source"], float), np.asarray(v["gate"] - v["drain"], float)
    along, sub = gs - gd, p["KSUBTHRES"]
    over = sub * np.logaddexp(0, (np.maximum(gs, gd) - p["VTO"] - p["SUBSHIFT"]) / sub)
    reach = np.minimum(over, p["MTRIODE"] * np.abs(along))
    channel = np.sign(along) * p["KP"] * area * reach * (over - reach / 2)
    channel = channel * (1 + p["LAMBDA"] * along) / (1 + p["THETA"] * gs)
    body = p["IS"] * area * junction(-along, p["N"], saturation=np.inf) - GMIN * along
    return {"drain": channel - body, "gate": 0 * channel, "source": body - channel}


def vactrol(p: Parameters, area: float, v: Volts) -> Currents:
    """Parker and D'Angelo 2013, at rest: the light that is seen is that which shines."""
    lit = p["IS"] * area * np.expm1((v["anode"] - v["cathode"]) / (p["N"] * THERMAL))
    light = np.maximum(lit / (p["IREF"] * area), 0) + 1e-6  # a light that is always there
    ohms = 1 / (1 / p["RDARK"] + 1 / (p["RMIN"] + p["RREF"] * light ** -p["GAMMA"])) / area
    lit = lit + GMIN * (v["anode"] - v["cathode"])
    through = (v["a"] - v["b"]) / ohms
    return {"anode": lit, "cathode": -lit, "a": through, "b": -through}


def _grid(p: Parameters, area: float, v: Volts, cathode: str = "cathode") -> Currents:
    """Dempwolf and Zoelzer 2011; behind a resistance Reefman's diode."""
    grid = v["grid"] - v[cathode]
    into = area * (p["GG"] * (softplus(p["CG"] * grid) / p["CG"]) ** p["XI"] + p["IG0"]) if "GG" in p else 0 * grid
    if "IS" not in p:
        return {"grid": into, cathode: -into}
    inner = v["inner grid"] - v[cathode]
    inside = p["IS"] * area * junction(inner, p.get("N", 1.0)) + GMIN * inner
    return {"grid": into, "inner grid": inside, cathode: -into - inside}


def triode(p: Parameters, area: float, v: Volts) -> Currents:
    """Koren 1996; with G in the place of KG1 Dempwolf and Zoelzer 2011; the grid's current is the latter's."""
    plate, grid = v["plate"] - v["cathode"], v["grid"] - v["cathode"]
    into = _grid(p, area, v)
    if "G" in p:
        into_plate = p["G"] * area * (softplus(p["C"] * (plate / p["MU"] + grid)) / p["C"]) ** p["GAMMA"] - into["grid"]
    else:
        driving = np.maximum(plate, 0) / p["KP"]
        knee = driving * softplus(p["KP"] * (1 / p["MU"] + grid / np.sqrt(p["KVB"] + plate**2)))
        into_plate = 2 * area * knee ** p["EX"] / p["KG1"]
    return into | {"plate": into_plate, "cathode": into["cathode"] - into_plate}


def pentode(p: Parameters, area: float, v: Volts) -> Currents:
    """Reefman 2016: Derk, with FORM DerkE."""
    plate, screen, grid = (np.asarray(v[name] - v["cathode"], float) for name in ("plate", "screen", "grid"))
    inside = p["KP"] * (1 / p["MU"] + grid / np.sqrt(p["KVB"] + screen**2))
    drawn = area * (np.maximum(screen, 0) / p["KP"] * softplus(inside)) ** p["EX"]
    above = np.maximum(plate, 0)
    share = np.exp(-((p["B"] * above) ** 1.5)) if p.get("FORM") else 1 / (1 + p["B"] * above)
    into_plate = drawn * ((1 / p["KG1"] - 1 / p["KG2"]) * (1 - share) + p["A"] * above / p["KG1"])
    into_screen = drawn * (1 + p["AS"] * share) / p["KG2"]
    into = _grid(p, area, v)
    return into | {"plate": into_plate, "screen": into_screen, "cathode": into["cathode"] - into_plate - into_screen}


def ota(p: Parameters, area: float, v: Volts) -> Currents:
    """Wheatley and Wittlinger 1969: a differential pair with mirrors, its output held between the supplies."""
    across = v["bias"] - v["minus"]
    bias = p["ISB"] * area * np.expm1(across / (p["NB"] * THERMAL))
    steered = np.tanh((v["inp"] - v["inn"]) / (2 * THERMAL))
    limit, emission = p["ILIM"] * area, p["NL"] * THERMAL
    above, below = v["out"] - v["plus"] + p["TOP"], v["minus"] + p["BOTTOM"] - v["out"]
    high = limit * np.exp(above / emission) + GMIN * (v["out"] - v["plus"])
    low = limit * np.exp(below / emission) - GMIN * (v["out"] - v["minus"])
    into = [bias * (1 + side * steered) / (2 * p["BF"]) for side in (1, -1)]
    bias_through = bias + GMIN * across
    out = p["GAIN"] * bias * steered
    return {
        "inp": into[0],
        "inn": into[1],
        "bias": bias_through,
        "out": high - low - out,
        "plus": -high,
        "minus": low + out - bias_through - into[0] - into[1],
    }


def opamp(p: Parameters, area: float, v: Volts) -> Currents:
    """Boyle, Cohn, Pederson and Solomon 1974 in short, at rest: what charges the stage is what it loses."""
    plus, minus = float(v["plus"]), float(v["minus"])
    rate, emission, unit = 2 * np.pi * p["GBW"], p["NL"] * THERMAL, 1e-6  # farads of the stage's capacitor
    brought = p["SLEW"] * np.tanh(rate * float(v["inp"] - v["inn"] + p["VOS"]) / p["SLEW"])

    def excess(s: float) -> float:
        held = np.exp((s - plus + p["TOP"]) / emission) - np.exp((minus + p["BOTTOM"] - s) / emission)
        lost = rate / p["GAIN"] * (s - (plus + minus) / 2) + p["SLEW"] * held
        return float(unit * (lost - brought) + GMIN * (2 * s - plus - minus))

    stage = brentq(excess, min(minus, plus) - 2, max(minus, plus) + 2, xtol=1e-15, rtol=8.9e-16)
    largest = p["ISC"] * area
    out = largest * np.tanh((stage - v["out"]) / (p["RO"] * p["ISC"]))
    sourced = (np.hypot(out, 4e-3 * largest) + out) / 2  # from the positive supply
    through = p["IQ"] * area
    return {
        "inp": 0 * out,
        "inn": 0 * out,
        "plus": sourced + through - GMIN * (stage - plus),
        "minus": out - sourced - through - GMIN * (stage - minus),
        "out": -out,
    }


def softplus(x: Any) -> Any:
    """``ln(1 + e^x)``."""
    return np.logaddexp(0, x)


LAWS: dict[str, Callable[[Parameters, float, Volts], Currents]] = {
    "D": diode, "NPN": bipolar, "NJF": jfet, "NMOS": mosfet, "VDMOS": vdmos, "VACTROL": vactrol, "TRIODE": triode,
    "PENTODE": pentode, "OTA": ota, "OPAMP": opamp,
}  # fmt: skip
MIRRORED = {"PNP": "NPN", "PJF": "NJF", "PMOS": "NMOS"}


def into_pins(kind: str, p: Parameters, area: float, v: Volts) -> Currents:
    """Currents into the pins of a device of that kind of model; of a PNP and its like those of the mirror image."""
    if kind not in MIRRORED:
        return LAWS[kind](p, area, v)
    mirrored = {**p, "VTO": -p["VTO"]} if kind == "PMOS" else p
    found = LAWS[MIRRORED[kind]](mirrored, area, {pin: -volts for pin, volts in v.items()})
    return {pin: -current for pin, current in found.items()}
