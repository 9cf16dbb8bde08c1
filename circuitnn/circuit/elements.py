"""Element lines: from the text of one line to components and the numbers they bring."""

import dataclasses
import re
from collections.abc import Callable

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parasitics import IN_PARALLEL, IN_SERIES, parasitics
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.piecewise import pwl
from circuitnn.circuit.temperatures import temperature_of
from circuitnn.circuit.values import assignments, is_value, parse_value, tokens
from circuitnn.devices.device import ModelDevice, Source
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Call, number
from circuitnn.expressions.values import Value, combined

IDLE_ACROSS_ONE_NODE = "RCD"  # letters of what does nothing there, as LTspice and ngspice have it
NUMERALS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_WAVEFORMS = ("SIN", "SINE", "PULSE", "PWL", "EXP", "SFFM", "AM", "TRNOISE", "TRRANDOM", "WAVEFILE", "EXTERNAL")
_RESISTANCE = re.compile(r"r\w*$|.*pot\w*$|.*ohms?$|val(ue)?$|total$", re.IGNORECASE)
_CAPITAL_M = re.compile(  # no Meg and no mil
    r"(?<![\w.])([0-9]+(?:\.[0-9]*)?|\.[0-9]+)M(?![A-Za-z]*[gGlL])[A-Za-z]*([0-9]*)"
)
_FARADS = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)F[A-Za-z]*")


def megohms_of(parameter: str, text: str) -> tuple[str, ...]:
    """The same of a parameter that is a resistance by its name."""
    return megohms(parameter, text) if _RESISTANCE.match(parameter) else ()


def megohms(name: str, text: str) -> tuple[str, ...]:
    """A note where a resistance is written with an M, as a megohm is on paper."""
    match = _CAPITAL_M.search(text)
    if match is None:
        return ()
    fraction = f".{match[2]}" if match[2] else ""
    message = (
        f"{match.group()} is a milliohm in SPICE, where M means the same as m; a megohm is {match[1]}{fraction}Meg"
    )
    return (f"{name}: {message}",)


def microfarads(name: str, text: str) -> tuple[str, ...]:
    """A note where a capacitance is written with an M or F, as microfarads and farads are on paper."""
    if match := _CAPITAL_M.search(text):
        return (f"{name}: {match.group()} is a millifarad in SPICE, where M means the same as m; 1u is a microfarad",)
    if match := _FARADS.fullmatch(text):
        return (f"{name}: {text} is in femtofarads in SPICE, where F is a factor; {match[1]} alone is in farads",)
    return ()


def multiplicity(assigned: dict[str, str], functions: Functions) -> Value:
    """``M=``: how many of the part are in parallel."""
    count = parse_value(assigned.pop("m"), functions) if "m" in assigned else 1.0
    if isinstance(count, float) and count <= 0:
        raise NetlistError(f"M= must be positive, got {count:g}")
    return count


KindOf = Callable[[str], str]  # of the ``.model`` of a name, in capitals; "" where there is none


def with_model(
    line: Line,
    device: ModelDevice,
    name: str,
    nodes: tuple[str, ...],
    rest: list[str],
    functions: Functions,
    kind_of: KindOf,
) -> Element:
    """A model and an area factor; maybe before them one more node, such as a substrate."""
    words, assigned = assignments(rest)
    notes = tuple(
        f"{name}: THERMAL passed over: it does not heat itself" for word in words if word.lower() == "thermal"
    )
    words = [word for word in words if word.lower() not in ("off", "thermal")]  # off: where ngspice's search begins
    if device.idle_nodes:
        of_model = next((place for place, word in enumerate(words[: device.idle_nodes + 1]) if kind_of(word)), None)
        words = words[int(len(words) > 1 and not is_value(words[1])) if of_model is None else of_model :]
    elif device.optional_pin and len(words) > 1 and not kind_of(words[0]) and not is_value(words[1]):
        nodes, words = (nodes if node(words[0]) == GROUND else (*nodes, node(words[0]))), words[1:]
    if not words:
        kinds, count = " or ".join(device.kinds), NUMERALS[len(nodes)]
        raise NetlistError(f"{name} needs the name of a .model ({kinds}) after its {count} nodes")
    model, *areas = words
    if "area" in assigned:
        areas.append(assigned.pop("area"))
    how_many = multiplicity(assigned, functions)
    names = {name.lower(): name for name in device.line_numbers}
    numbers = {names[key]: parse_value(assigned.pop(key), functions) for key in [*assigned] if key in names}
    temperature = temperature_of(assigned, functions)
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    if len(areas) > 1 or (areas and kind_of(areas[0])):
        raise NetlistError(f"{name} takes a model and an area factor after its nodes, got {' '.join(words)}")
    area = parse_value(areas[0], functions) if areas else 1.0
    if line.dialect.name in ("ngspice", "KiCad"):  # others take an area for as many devices in parallel
        numbers["AREA"] = area
    return dataclasses.replace(
        element(line, name, device.letter, nodes, combined("*", area, how_many), model=model),
        temperature=temperature,
        numbers={**numbers, "M": how_many},
        notes=notes,
    )


def source(
    line: Line, device: Source, name: str, nodes: tuple[str, ...], words: list[str], functions: Functions
) -> list[Element]:
    """``[[DC] value] [AC [magnitude [phase]]] [waveform]`` in any order; small-signal magnitudes do not matter here."""
    value: Value | None = None
    waveform, resting = None, 0.0
    words, assigned = _split(words)
    nodes, around = parasitics(line, name, nodes, assigned, functions)
    position = 0
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == "AC":
            position += words[position : position + 1] == ["="]
            position += position < len(words) and not is_value(words[position]) and not _is_reserved(words[position])
            while position < len(words) and is_value(words[position]):
                position += 1
        elif word in _WAVEFORMS:
            resting = _resting_value(word, words[position:])
            following = (index for index in range(position, len(words)) if words[index].upper() in ("AC", "DC"))
            start, position = position, next(following, len(words))
            waveform = _waveform(word, words[start:position], functions)
        elif value is None:
            if word == "DC":
                position += words[position : position + 1] == ["="]
                if position == len(words):
                    raise NetlistError(f"{name}: DC without a value")
                position += 1
            value = parse_value(words[position - 1], functions)
        else:
            raise NetlistError(f"{name}: unknown parameter {words[position - 1]!r}")
    own = element(line, name, device.letter, nodes, resting if value is None else value, waveform=waveform)
    own = own if value is None else dataclasses.replace(own, numbers={"DC": value})
    return [own, *around]


def _split(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words of a source, and LTspice's parasitics among them."""
    assigned: dict[str, str] = {}
    words, position = list(words), 0
    while position + 2 < len(words):
        if words[position].lower() in (*IN_SERIES, *IN_PARALLEL) and words[position + 1] == "=":
            assigned[words[position].lower()] = words[position + 2]
            del words[position : position + 3]
        else:
            position += 1
    return words, assigned


def _is_reserved(word: str) -> bool:
    return word.upper() in ("AC", "DC", *_WAVEFORMS) or word == "="


def _waveform(word: str, arguments: list[str], functions: Functions) -> Call:
    """With no arguments where they are no numbers: on an input the signal takes their place, whatever they are."""
    try:
        if word == "PWL":
            return pwl(arguments, functions)
        values = [parse_value(argument, functions) for argument in arguments]
    except NetlistError:
        values = []
    trees = tuple(number(value) if isinstance(value, float) else value for value in values)
    return Call("SIN" if word == "SINE" else word, trees)


def _resting_value(waveform: str, arguments: list[str]) -> float:
    """What the source gives before its waveform starts; ngspice takes it as the DC value too."""
    index = {"SIN": 0, "SINE": 0, "PULSE": 0, "EXP": 0, "SFFM": 0, "PWL": 1}.get(waveform)
    if index is None or index >= len(arguments) or not is_value(arguments[index]):
        return 0.0
    value = parse_value(arguments[index])
    return value if isinstance(value, float) else 0.0


def node(token: str) -> str:
    """The name of a node as written, ground as "0"."""
    if token.startswith(("{", "'", '"')):
        raise NetlistError(f"{token} is no node name")
    return GROUND if token.lower() == "gnd" else token


def shorted(part: Component) -> str:
    """What is said of a part that lies across one node and does nothing; of others nothing.

    Nor of one in a subcircuit, which may be heard: it is left where it is.
    """
    is_idle = part.device.letter in IDLE_ACROSS_ONE_NODE and len({node.lower() for node in part.nodes}) == 1
    return f"has both ends at the node {part.nodes[0]}" if is_idle and "." not in part.name else ""


def check_ends(name: str, nodes: tuple[str, ...]) -> None:
    # An element of a subcircuit may come to lie across one node, and does nothing there.
    if len(nodes) == 2 and nodes[0].lower() == nodes[1].lower() and "." not in name:
        raise NetlistError(f"both ends of {name} are at the node {nodes[0]!r}")


def words_of(line: Line) -> tuple[str, list[str]]:
    """The name at the start of a line, and the tokens after it."""
    name, *rest = tokens(line.text) or [""]
    return name, rest
