"""With which voltages a circuit begins: what ``.ic``, ``.nodeset`` and ``IC=`` say of nodes and parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from circuitnn.circuit.clamps import ClampLine
from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.expressions.values import combined

Start = tuple[str, tuple[str, str], ClampLine]  # name, nodes as spelled, and what was said


def starts(
    lines: Iterable[ClampLine],
    components: Sequence[Component],
    flat: Mapping[str, Flat],
    journal: Journal,
    *,
    uses_ic: bool,
) -> Iterator[Start]:
    """What holds voltages at the beginning; notes on all that is begun with otherwise than at rest, or passed over.

    Args:
        lines: of the flattened netlist.
        components: of the circuit.
        flat: the elements by lower-case name.
        journal: for the notes.
        uses_ic: whether the analysis has ``UIC``, without which ``IC=`` of parts says nothing, as in ngspice.
    """
    nodes = {node.lower(): node for part in components for node in part.nodes} | {GROUND: GROUND}
    for clamp in lines:
        plus, minus = (nodes.get(node.lower()) for node in clamp.nodes)
        word = "ic" if clamp.is_start else "nodeset"
        if clamp.letter == "i" or plus is None or minus is None or plus == minus:
            journal.note(clamp.line, f".{word} of {clamp.nodes[0]} is passed over: it is the voltage of no node")
            continue
        if plus == GROUND:
            journal.note(clamp.line, f".{word} of ground is passed over")
            continue
        if clamp.is_start and clamp.line.text.startswith("."):  # an integral says itself where it begins
            journal.note(clamp.line, f"the circuit begins with the voltage at {plus} that .ic says, and not at rest")
        yield _name(word, (plus, minus)), (plus, minus), clamp
    for part in components:
        start, line = flat[part.name.lower()].element.start, flat[part.name.lower()].line
        name = flat[part.name.lower()].element.stands_for or part.name
        if start is None or (start == 0.0 and not uses_ic):
            continue
        if not uses_ic:
            journal.note(line, f"{name}: IC= says something with UIC alone; the circuit begins at rest")
        elif part.device is CAPACITOR or (part.is_behavioural and part.quantity == "I"):
            journal.note(line, f"{name} begins as IC= says; what nothing is said of begins at rest")
            ends, value = (part.nodes[0], part.nodes[1]), start
            if ends[0] == GROUND:
                ends, value = (ends[1], ends[0]), combined("-", 0.0, start)
            yield _name("ic", ends), ends, ClampLine(line, "v", ends, value)
        else:
            journal.note(line, f"{name}: IC= of a current is passed over")


def _name(word: str, nodes: tuple[str, str]) -> str:
    """That of the number: "ic(out)", or "nodeset(a,b)"."""
    plus, minus = nodes
    return f"{word}({plus if minus == GROUND else f'{plus},{minus}'})"
