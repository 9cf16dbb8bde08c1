"""The pentode and the beam tetrode, after Koren or after Reefman."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
from circuitnn.devices.rules import Rule
from circuitnn.devices.tube_law import (
    CAPACITANCES,
    DEMPWOLF,
    DIODE,
    GRID,
    capacitance_lines,
    charges,
    grid_current,
    grid_lines,
    knee,
    power,
    power_text,
    softplus_text,
)
from circuitnn.expressions.values import Value

_REEFMAN = ("B",)
_AT_LEAST = 1e-3  # volts, of a screen at nothing, which draws nothing whatever the grid does


def _cathode(p: Parameters, screen: Array, grid: Array) -> Array:
    """``E1^EX``: what the screen draws past the grid."""
    square = jnp.square(screen)
    spread = jnp.sqrt(p["KVB"] + square if "B" in p else square + _AT_LEAST**2)
    return power(knee(p, jnp.maximum(screen, 0), grid, spread), p["EX"])


def koren(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """Currents from the plate and from the screen to the cathode (Koren 1996).

    ``E1 = v_s/KP ln(1 + e^(KP (1/MU + v_g/v_s)))``, ``i_p = 2 E1^EX/KG1 atan(v_p/KVB)``,
    ``i_s = max(v_s/MU + v_g, 0)^1.5/KG2``; none into a plate whose voltage is negative, or past such a screen.
    """
    plate, screen, grid = v[:3]
    into_plate = 2 * _cathode(p, screen, grid) / p["KG1"] * jnp.arctan(jnp.maximum(plate, 0) / p["KVB"])
    into_screen = power(jnp.maximum(screen / p["MU"] + grid, 0), 1.5) / p["KG2"]
    return _with_grid(p, v, e, into_plate, into_screen)


def reefman(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The same after Reefman (2016), whose screen takes over what the plate does not.

    ``I0 = E1^EX`` with ``sqrt(KVB + v_s^2)`` below v_g, ``s = 1/(1 + B v_p)`` (Derk), at FORM=1 ``e^-(B v_p)^1.5``
    (DerkE): ``i_p = I0 ((1/KG1 - 1/KG2) (1 - s) + A v_p/KG1)``, ``i_s = I0 (1 + AS s)/KG2``.
    """
    plate, screen, grid = v[:3]
    volts = jnp.maximum(plate, 0)
    drawn = _cathode(p, screen, grid)
    share = p["FORM"] * jnp.exp(-power(p["B"] * volts, 1.5)) + (1 - p["FORM"]) / (1 + p["B"] * volts)
    into_plate = drawn * ((1 / p["KG1"] - 1 / p["KG2"]) * (1 - share) + p["A"] * volts / p["KG1"])
    return _with_grid(p, v, e, into_plate, drawn * (1 + p["AS"] * share) / p["KG2"])


def _with_grid(
    p: Parameters, v: list[Array], e: Exponentials, into_plate: Array, into_screen: Array
) -> tuple[list[Array], list[Array]]:
    into_grid, through_diode = grid_current(p, v[2], e[0])
    return [into_plate, into_screen, into_grid, *through_diode], charges(p, v[2], v[0], v[-1])


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice."""
    plate, screen, grid = "max(V(plate,cathode),0)", "V(screen,cathode)", "V(grid,cathode)"
    least = "{KVB}" if "B" in names else f"{_AT_LEAST**2}"
    bend = softplus_text(f"{{KP}}*(1/{{MU}}+{grid}/sqrt({least}+{screen}*{screen}))")
    lines = [f"Bdrawn drawn 0 V={power_text(f'max({screen},0)/{{KP}}*{bend}', '{EX}')}"]
    if "B" in names:
        lines += [
            f"Bshare share 0 V={{FORM}}*exp(-{power_text(f'({{B}}*{plate})', '1.5')})+(1-{{FORM}})/(1+{{B}}*{plate})",
            f"Bplate plate cathode I=V(drawn)*((1/{{KG1}}-1/{{KG2}})*(1-V(share))+{{A}}*{plate}/{{KG1}})",
            "Bscreen screen cathode I=V(drawn)*(1+{AS}*V(share))/{KG2}",
        ]
    else:
        lines += [
            f"Bplate plate cathode I=2*V(drawn)/{{KG1}}*atan({plate}/{{KVB}})",
            f"Bscreen screen cathode I={power_text(f'max({screen}/{{MU}}+{grid},0)', '1.5')}/{{KG2}}",
        ]
    return [*lines, *grid_lines(names), *capacitance_lines(names)]


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """What a card says.

    Raises:
        ValueError: for a form that is none, and a resistance before no diode.
    """
    del line, polarity, note
    if card.get("FORM", 0.0) not in (0.0, 1.0):
        raise ValueError(f"FORM is 0 (Derk) or 1 (DerkE), not {card['FORM']}")
    if "RGI" in card and "IS" not in card:
        raise ValueError("RGI is before the grid's diode, which needs IS")
    return dict(card)


def variant(parameters: Mapping[str, Any]) -> str:
    """Which of the laws a model has, by its parameters."""
    return "reefman" if "B" in parameters else ""


PENTODE = ModelDevice(
    letter="N",
    word="pentode",
    kinds={"PENTODE": 1},
    pins=("plate", "screen", "grid", "cathode"),
    ports=(
        ("plate", "cathode"), ("screen", "cathode"), ("grid", "cathode"), ("inner grid", "cathode"), ("grid", "plate"),
    ),
    optional_ports={3: DIODE, 4: ("CGP",)},
    inner_nodes={"inner grid": "grid"},
    currents=(("plate", "cathode"), ("screen", "cathode"), ("grid", "cathode"), ("inner grid", "cathode")),
    optional_currents={("grid", "cathode"): DEMPWOLF},
    charges=(("CCG", 2), ("CCP", 0), ("CGP", 4)),
    series=(("RGI", "inner grid"),),
    function=koren,
    variant=variant,
    variants={"reefman": reefman},
    junctions=(Junction(3, "IS", "N"),),
    parameters=(
        P("MU", "", 11.0),
        P("EX", "", 1.35),
        P("KG1", "V^EX/A", 650.0, divides=True),
        P("KG2", "V^EX/A", 4200.0, divides=True),
        P("KP", "", 60.0),
        P("KVB", "V or V^2", 24.0),
        P("B", "1/V", 0.0, when=_REEFMAN),
        P("A", "1/V", 0.0, Rule.NOT_NEGATIVE, when=_REEFMAN),
        P("AS", "", 0.0, Rule.NOT_NEGATIVE, when=_REEFMAN),
        P("FORM", "", 0.0, Rule.NOT_NEGATIVE, when=_REEFMAN),
        *GRID,
        *CAPACITANCES,
    ),
    of_card=of_card,
    equivalent=equivalent,
    is_costly=True,
    equation="i_p = 2 E1^EX/KG1 atan(v_p/KVB), E1 = v_s/KP ln(1 + e^(KP (1/MU + v_g/v_s))); or with B "
    "i_p = E1^EX ((1/KG1 - 1/KG2) (1 - s) + A v_p/KG1), s = 1/(1 + B v_p)",
    source="Koren 1996; Reefman 2016",
    trial=Trial(
        {
            "MU": 23.36, "EX": 1.138, "KG1": 117.4, "KG2": 1275.0, "KP": 152.4, "KVB": 4015.8, "AS": 7.66,
            "A": 4.344e-4, "B": 0.148, "GG": 6e-4, "XI": 1.3, "CG": 10.0, "IG0": 1e-8,
        },
        (220.0, 250.0, -7.3),
    ),
)  # fmt: skip
