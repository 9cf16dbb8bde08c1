"""ngspice's source that plays a file, a code model (``A1 %vd([in 0]) play`` with ``.model play filesource(...)``)."""

from collections.abc import Callable

from circuitnn.circuit.components import GROUND
from circuitnn.circuit.elements import node, words_of
from circuitnn.circuit.lines import Line
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.parsed import Element, element
from circuitnn.devices.sources import CURRENT_SOURCE, VOLTAGE_SOURCE
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Call

KIND = "FILESOURCE"


def file_source(line: Line, card_of: Callable[[str], ModelCard | None]) -> list[Element] | None:
    """The sources on a line, "VA1", at rest at 0: an input, whose signal takes the place of the file.

    Args:
        line: that begins with A.
        card_of: a ``.model`` by its name.

    Returns:
        One for each of its ports; None where it is another code model.

    Raises:
        NetlistError: where its ports are no nodes, or pairs of them.
    """
    name, words = words_of(line)
    card = card_of(words[-1]) if words else None
    if card is None or card.kind.upper() != KIND:
        return None
    ports = [word.strip("[]") for word in words[:-1] if word.strip("[]")]
    kinds = {word.lower() for word in ports if word.startswith("%")}
    nodes = [node(word) for word in ports if not word.startswith("%")]
    device = CURRENT_SOURCE if kinds & {"%i", "%id"} else VOLTAGE_SOURCE
    is_differential = bool(kinds & {"%vd", "%id"})
    pairs = list(zip(nodes[::2], nodes[1::2], strict=False)) if is_differential else [(end, GROUND) for end in nodes]
    if not pairs or (is_differential and len(nodes) % 2):
        raise line.error(f"{name} needs the nodes of its ports in brackets, then its model")
    names = [f"{device.letter}{name}{'' if k == 0 else f'_{k + 1}'}" for k in range(len(pairs))]
    try:
        return [
            element(line, own, device.letter, pair, 0.0, waveform=Call("WAVEFILE", ()), stands_for=name)
            for own, pair in zip(names, pairs, strict=True)
        ]
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
