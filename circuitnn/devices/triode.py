"""The triode, after Koren or after Dempwolf and Zoelzer."""

from collections.abc import Callable, Mapping, Sequence

from circuitnn.deferred import Array, jnp
from circuitnn.devices.device import ModelDevice, Trial
from circuitnn.devices.device import ModelParameter as P
from circuitnn.devices.law import Exponentials, Junction, Parameters
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
    softplus,
    softplus_text,
)
from circuitnn.expressions.values import Value

_KOREN, _PHYSICAL = ("KG1",), ("G",)


def triode(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The current from the plate to the cathode.

    Koren (1996): ``E1 = v/KP ln(1 + e^(KP (1/MU + v_g/sqrt(KVB + v^2))))``, ``i = 2 E1^EX/KG1``, none where v, the
    plate's voltage, is negative; the 2 is that of his ``1 + sgn(E1)``. With G in the place of KG1 Dempwolf and Zoelzer
    (2011): ``i = G (ln(1 + e^(C (v/MU + v_g)))/C)^GAMMA`` less the grid's current.
    """
    plate, grid = v[:2]
    into_grid, through_diode = grid_current(p, grid, e[0])
    if "G" in p:
        current = p["G"] * power(softplus(p["C"] * (plate / p["MU"] + grid)) / p["C"], p["GAMMA"]) - into_grid
    else:
        spread = jnp.sqrt(p["KVB"] + jnp.square(plate))
        current = 2 * power(knee(p, jnp.maximum(plate, 0), grid, spread), p["EX"]) / p["KG1"]
    return [current, into_grid, *through_diode], charges(p, grid, plate, v[-1])


def equivalent(names: Sequence[str]) -> Sequence[str]:
    """The lines of a subcircuit for ngspice."""
    plate, grid = "V(plate,cathode)", "V(grid,cathode)"
    if "G" in names:
        bend = softplus_text(f"{{C}}*({plate}/{{MU}}+{grid})")
        lines = [f"Bplate plate cathode I={{G}}*{power_text(f'{bend}/{{C}}', '{GAMMA}')}"]
        if "GG" in names:
            bend = softplus_text(f"{{CG}}*{grid}")
            lines[0] += f"-{{GG}}*{power_text(f'{bend}/{{CG}}', '{XI}')}-{{IG0}}"
    else:
        bend = softplus_text(f"{{KP}}*(1/{{MU}}+{grid}/sqrt({{KVB}}+{plate}*{plate}))")
        lines = [f"Bplate plate cathode I=2*{power_text(f'max({plate},0)/{{KP}}*{bend}', '{EX}')}/{{KG1}}"]
    return [*lines, *grid_lines(names), *capacitance_lines(names)]


def of_card(
    card: Mapping[str, Value], line: Mapping[str, Value], polarity: int, note: Callable[[str], None]
) -> dict[str, Value]:
    """What a card says, which has to be one of the two laws.

    Raises:
        ValueError: where it is none or both.
    """
    del line, polarity, note
    if ("KG1" in card) == ("G" in card):
        raise ValueError("a TRIODE has either KG1 (Koren) or G (Dempwolf and Zoelzer)")
    if "RGI" in card and "IS" not in card:
        raise ValueError("RGI is before the grid's diode, which needs IS")
    return dict(card)


TRIODE = ModelDevice(
    letter="N",
    word="triode",
    kinds={"TRIODE": 1},
    pins=("plate", "grid", "cathode"),
    ports=(("plate", "cathode"), ("grid", "cathode"), ("inner grid", "cathode"), ("grid", "plate")),
    optional_ports={2: DIODE, 3: ("CGP",)},
    inner_nodes={"inner grid": "grid"},
    currents=(("plate", "cathode"), ("grid", "cathode"), ("inner grid", "cathode")),
    optional_currents={("grid", "cathode"): DEMPWOLF},
    charges=(("CCG", 1), ("CCP", 0), ("CGP", 3)),
    series=(("RGI", "inner grid"),),
    function=triode,
    junctions=(Junction(2, "IS", "N"),),
    parameters=(
        P("MU", "", 100.0),
        P("EX", "", 1.4, when=_KOREN),
        P("KG1", "V^EX/A", 0.0, when=_KOREN, divides=True),
        P("KP", "", 600.0, when=_KOREN),
        P("KVB", "V^2", 300.0, when=_KOREN),
        P("G", "A/V^GAMMA", 0.0, when=_PHYSICAL, scales=True),
        P("GAMMA", "", 1.26, when=_PHYSICAL),
        P("C", "1/V", 3.4, when=_PHYSICAL),
        *GRID,
        *CAPACITANCES,
    ),
    of_card=of_card,
    equivalent=equivalent,
    is_costly=True,
    equation="i = 2 E1^EX/KG1, E1 = v/KP ln(1 + e^(KP (1/MU + v_g/sqrt(KVB + v^2)))); or with G "
    "i = G (ln(1 + e^(C (v/MU + v_g)))/C)^GAMMA - i_g",
    source="Koren 1996; Dempwolf and Zoelzer 2011",
    trial=Trial(
        {
            "MU": 100.0,
            "EX": 1.4,
            "KG1": 1060.0,
            "KP": 600.0,
            "KVB": 300.0,
            "GG": 6e-4,
            "XI": 1.3,
            "CG": 10.0,
            "IG0": 1e-8,
        },
        (180.0, -1.2),
    ),
)
