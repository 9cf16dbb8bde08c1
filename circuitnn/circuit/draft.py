"""From lines to the fields of a circuit: names brought to one spelling, references resolved."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jax import Array

from circuitnn.circuit.cards import ModelCard, diode_parameters, parse_model, parse_parameters, skip_directive
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import SOURCE_KINDS, Component, DeviceModel, Parameter
from circuitnn.circuit.elements import Element, Value, parse_element
from circuitnn.circuit.errors import NetlistError
from circuitnn.circuit.expression import Expression, names_in, rename
from circuitnn.circuit.lines import Line

MAX_COMPONENTS = 10_000
MAX_PARAMETERS = 1_000


class Draft:
    """What the lines say, before names are brought together; then the fields of a `Circuit`."""

    def __init__(self, lines: list[Line]):
        self.elements: dict[str, tuple[Element, Line]] = {}  # these three by lower-case name
        self.cards: dict[str, ModelCard] = {}
        self.params: dict[str, tuple[str, Value, Line]] = {}
        self.values: dict[str, Array] = {}
        self.title = ""
        self.spelling: dict[str, str] = {}
        in_control_block = False
        for line in lines:
            word = line.text.split(maxsplit=1)[0].lower()
            if in_control_block:
                in_control_block = word != ".endc"
            elif word == ".end":
                break
            elif word == ".control":
                in_control_block = True
            else:
                self._take(word, line)
        self.parameters = self._ordered_parameters()
        self.models: tuple[DeviceModel, ...] = ()

    def _take(self, word: str, line: Line) -> None:
        if word in (".param", ".params"):
            for name, value in parse_parameters(line):
                self._new(self.params, name, line, ".param")
                self.params[name.lower()] = (name, value, line)
            if len(self.params) > MAX_PARAMETERS:
                raise line.error(f"more than {MAX_PARAMETERS} parameters")
        elif word == ".model":
            card = parse_model(line)
            self._new(self.cards, card.name, line, ".model")
            self.cards[card.name.lower()] = card
        elif word == ".title":
            self.title = " ".join(line.text.split()[1:])
        elif word.startswith("."):
            skip_directive(line)
        else:
            element = parse_element(line)
            self._new(self.elements, element.component.name, line, "component")
            self.elements[element.component.name.lower()] = (element, line)
            if len(self.elements) > MAX_COMPONENTS:
                raise line.error(f"more than {MAX_COMPONENTS} components")

    @staticmethod
    def _new(known: Mapping[str, object], name: str, line: Line, what: str) -> None:
        if name.lower() in known:
            raise line.error(f"duplicate {what} {name}")

    def _ordered_parameters(self) -> tuple[Parameter, ...]:
        """The .param in netlist order, except that each comes after those it refers to (depth first, no recursion)."""
        ready: dict[str, Parameter] = {}
        for first in self.params:
            path = [first]  # each refers to the next one
            while path:
                key = path[-1]
                name, value, line = self.params[key]
                missing = None if key in ready else next((n for n in self._needs(value, line) if n not in ready), None)
                if missing is None:
                    if key not in ready:
                        ready[key] = Parameter(name, self._expression(name, value, line), line.number)
                    path.pop()
                elif missing in path:
                    circle = ", ".join(self.params[member][0] for member in path[path.index(missing) :][:20])
                    raise line.error(f"the .param {circle} refer to each other in a circle")
                else:
                    path.append(missing)
        return tuple(ready.values())

    def _needs(self, value: Value, line: Line) -> list[str]:
        """The .param that a value refers to, by lower-case name."""
        if isinstance(value, float):
            return []
        names = [name.lower() for name in names_in(value)]
        unknown = [name for name in names if name not in self.params]
        if unknown:
            known = listing(name for name, _, _ in self.params.values())
            raise line.error(f"unknown parameter {unknown[0]}; the .param are {known}")
        return names

    def _expression(self, key: str, value: Value, line: Line) -> Expression | None:
        """None after storing a literal under its key; else the expression, names spelled as where they are defined."""
        if isinstance(value, float):
            if key in self.values or key.lower() in self.spelling:
                raise line.error(f"{key} is the name of two different values, a component and a .param")
            self.spelling[key.lower()] = key
            self.values[key] = np.asarray(value, np.float64)  # type: ignore[assignment]
            return None
        self._needs(value, line)
        return rename(value, lambda name: self.params[name.lower()][0])

    def components(self) -> tuple[Component, ...]:
        """Components with one spelling of each node and model; `values` and `models` are complete afterwards."""
        if not self.elements:
            raise NetlistError("the netlist has no components")
        nodes: dict[str, str] = {}
        models: dict[str, DeviceModel] = {}
        components = []
        for element, line in self.elements.values():
            part = element.component
            value = part.value if element.number is None else element.number
            expression = self._expression(part.name, value, line)  # type: ignore[arg-type]
            model = None if part.model is None else self._model(part.name, part.model, line, models)
            own = tuple(nodes.setdefault(node.lower(), node) for node in part.nodes)
            components.append(Component(part.name, part.kind, own, expression, model, line.number))
        self.models = tuple(models.values())
        return tuple(components)

    def _model(self, owner: str, name: str, line: Line, models: dict[str, DeviceModel]) -> str:
        card = self.cards.get(name.lower())
        if card is None:
            known = listing(card.name for card in self.cards.values())
            raise line.error(f"{owner} refers to the .model {name}, which is missing; there are: {known}")
        if card.kind != "D":
            raise line.error(f"{owner} is a diode and needs a .model of kind D; {card.name} is of kind {card.kind}")
        if name.lower() not in models:
            parameters = tuple(
                (parameter, self._expression(f"{card.name}.{parameter}", value, card.line))
                for parameter, value in diode_parameters(card).items()
            )
            models[name.lower()] = DeviceModel(card.name, card.kind, parameters, card.line.number)
        return card.name

    def inputs(self, names: tuple[str, ...]) -> tuple[str, ...]:
        parts = {key: element.component for key, (element, _) in self.elements.items()}
        for name in names:
            part = parts.get(name.lower())
            if part is None or part.kind not in SOURCE_KINDS:
                what = "no source" if part is None else f"{part.name} is no source; none"
                sources = listing(part.name for part in parts.values() if part.kind in SOURCE_KINDS)
                raise NetlistError(f"{what} named {name!r} for the input; the sources are {sources}")
        return tuple(parts[name.lower()].name for name in names)

    def check_waveforms(self, inputs: Sequence[str]) -> None:
        for element, line in self.elements.values():
            if element.waveform and element.component.name not in inputs:
                name = element.component.name
                raise line.error(
                    f"{name} has the waveform {element.waveform} but is no input: give it a DC value, "
                    f"or name it in inputs (now {', '.join(inputs)})"
                )

    def with_text(self, error: NetlistError) -> NetlistError:
        """An error that knows the number of its line, with the text of it."""
        text = next((line.text for _, line in self.elements.values() if line.number == error.line), None)
        return NetlistError(error.message, error.line, text)

    def check_values(self, circuit: Circuit) -> None:
        """Expressions at their defaults must give numbers that components can have."""
        for name, problem in circuit.impossible_values():
            owner = name.split(".")[0].lower()
            line = self.elements[name.lower()][1] if name.lower() in self.elements else None
            line = line or (self.cards[owner].line if owner in self.cards else None)
            line = line or (self.params[name.lower()][2] if name.lower() in self.params else None)
            raise NetlistError(problem) if line is None else line.error(problem)


def listing(names: Iterable[str]) -> str:
    names = list(names)
    return (", ".join(names[:20]) + (", ..." if len(names) > 20 else "")) or "none"
