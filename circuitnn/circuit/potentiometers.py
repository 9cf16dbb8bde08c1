"""KiCad's potentiometer, a code model of ngspice (``A1 end wiper end POT``): two resistors and a knob."""

from collections.abc import Callable
from typing import NamedTuple, final

from circuitnn.circuit.elements import node, words_of
from circuitnn.circuit.lines import Line
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.values import parse_value
from circuitnn.devices.resistor import RESISTOR
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Binary, Call, Expression, Name, Negative, Number
from circuitnn.expressions.values import Value, combined, folded, tree_of

KIND = "POTENTIOMETER"
LEAST = 1e-9  # of the track, between the wiper and an end; as in ngspice
_LOG_10 = 2.302585092994046
_DEFAULTS = {"position": 0.5, "r": 1e5, "log_multiplier": 1.0}
_NO = ("false", "f", "no", "0", "off")


@final
class Potentiometer(NamedTuple):
    """One of them.

    Attributes:
        name: of the part, and of its knob.
        nodes: the end that position 0 is at, the wiper, the other end.
        position: of the wiper, from 0 to 1, as its model has it.
        resistance: of the track, ohms.
        decades: of a logarithmic one, by which the resistance before the wiper falls along the track.
        line: where it stands.
    """

    name: str
    nodes: tuple[str, ...]
    position: Value
    resistance: Value
    decades: Value | None
    line: Line

    def parts(self, knob: str | None) -> list[Element]:
        """Its resistors "R.A1.0", from its first end to the wiper, and "R.A1.1".

        The share of the track before the wiper is the position p, or 10^(-decades p) (ngspice's code model).

        Args:
            knob: the ``.param`` that is the position; None where the model says it.
        """
        position: Expression = tree_of(self.position) if knob is None else Name(knob)
        before: Expression = Call("max", (position, Number(LEAST)))
        after: Expression = Call("max", (Binary("-", Number(1.0), position), Number(LEAST)))
        if self.decades is not None:
            exponent = Binary("*", Negative(tree_of(self.decades)), before)
            before = Call("pow", (Number(10.0), exponent))
            least = tree_of(combined("*", self.decades, _LOG_10 * LEAST))
            after = Call("max", (Binary("-", Number(1.0), before), least))
        first, wiper, last = self.nodes
        ends = (("0", (first, wiper), before), ("1", (wiper, last), after))
        return [
            element(
                self.line,
                f"R.{self.name}.{end}",
                RESISTOR.letter,
                nodes,
                folded(Binary("*", tree_of(self.resistance), share)),
                stands_for=self.name,
            )
            for end, nodes, share in ends
        ]


def potentiometer(
    line: Line, card_of: Callable[[str], ModelCard | None], functions: Functions, note: Callable[[Line, str], None]
) -> Potentiometer:
    """The potentiometer on a line.

    Args:
        line: that begins with A.
        card_of: a ``.model`` by its name.
        functions: that its values may call.
        note: is told what is passed over.

    Raises:
        NetlistError: for any other code model, or a value that is none.
    """
    name, words = words_of(line)
    words = [word for word in words if not word.startswith("%")]  # the kind of a port
    card = card_of(words[-1]) if words else None
    if card is None or card.kind.upper() != KIND:
        kind = f"; {card.name} is of kind {card.kind}" if card else ""
        raise line.error(f"{name}: of code models (A) a potentiometer with its .model is read alone{kind}")
    if len(words) != 4:
        raise line.error(f"{name} needs three nodes, end, wiper and end, then its model")
    stated: dict[str, Value] = dict(_DEFAULTS)
    is_log = False
    for key, text in card.assigned(note):
        if key == "log":
            is_log = str(text).strip("{}").lower() not in _NO
        elif key in stated:
            stated[key] = parse_value(text, functions) if isinstance(text, str) else text
        else:
            note(card.line, f".model {card.name}: {key.upper()} passed over: a potentiometer has no such parameter")
    for key in ("r", "log_multiplier"):
        if isinstance(stated[key], float) and not stated[key] > 0:  # type: ignore[operator]
            raise card.line.error(f".model {card.name}: {key} must be positive, got {stated[key]:g}")
    position = stated["position"]
    if isinstance(position, float) and not 0 <= position <= 1:
        raise card.line.error(f".model {card.name}: position must be from 0 to 1, got {position:g}")
    try:
        nodes = tuple(node(word) for word in words[:3])
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
    decades = stated["log_multiplier"] if is_log else None
    return Potentiometer(name, nodes, position, stated["r"], decades, line)
