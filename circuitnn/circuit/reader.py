"""Reading a netlist: lines to components, names to one spelling, everything checked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from circuitnn.circuit.cards import ModelCard, diode_parameters, parse_model, parse_parameters, skip_directive
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND, SOURCE_KINDS, Component, DeviceModel, Parameter
from circuitnn.circuit.elements import KINDS, Element, Value, parse_element
from circuitnn.circuit.errors import NetlistError
from circuitnn.circuit.expression import Expression, names_in, rename
from circuitnn.circuit.lines import Line, load, logical_lines, without_comment
from circuitnn.circuit.topology import check_topology

MAX_COMPONENTS = 10_000


def read_netlist(
    path_or_text: str | Path, *, inputs: str | Sequence[str] = ("Vin",), outputs: str | Sequence[str] = ("out",)
) -> Circuit:
    """Read a circuit from a SPICE netlist: R, C, L, V, I, D, ``.param`` and ``.model``.

    Args:
        path_or_text: a path; a string with a line break is the netlist itself. The first line of a file is the title,
            as in SPICE. The first line of a text is the title unless it is an element, a directive or a comment; the
            text of a leading comment becomes the title.
        inputs: names of the sources (V or I) that the signal drives, in the order of x's features.
        outputs: names of the nodes that are heard, in the order of y's features.

    Returns:
        The circuit, values in float64.

    Raises:
        NetlistError: naming the line, when the text is no netlist or the circuit has no unique solution.
        FileNotFoundError: when there is no such file.
    """
    text, is_file = load(path_or_text)
    title, lines = _title(text, is_file)
    draft = _Draft(lines)
    try:
        components = draft.components()
        inputs = draft.inputs(_sequence(inputs, "inputs"))
        outputs = _outputs(components, _sequence(outputs, "outputs"))
    except NetlistError as error:
        if error.line is None and title.startswith(tuple(KINDS + KINDS.lower())):
            raise NetlistError(f"{error} (the first line, {title!r}, was taken as the title)") from None
        raise
    draft.check_waveforms(inputs)
    circuit = Circuit(draft.values, components, draft.models, draft.parameters, inputs, outputs, draft.title or title)
    draft.check_values(circuit)
    try:
        check_topology(components, outputs)
    except NetlistError as error:
        raise error if error.line is None else NetlistError(str(error), error.line) from None
    return circuit


def _sequence(names: str | Sequence[str], what: str) -> tuple[str, ...]:
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{what} must be one or more names, got {names!r}")
    lowered = [name.lower() for name in names]
    if len(set(lowered)) < len(lowered):
        raise ValueError(f"{what} has a name twice: {', '.join(names)}")
    return names


def _title(text: str, is_file: bool) -> tuple[str, list[Line]]:
    """The title without comment signs, and the logical lines after it with the numbers they have in the text."""
    first, position = "", 0
    physical = text.splitlines(keepends=True)
    for position, line in enumerate(physical):
        first = line.strip()
        if first or is_file:
            break
    if not is_file and not first.startswith("*") and (not first or _is_statement(first, text)):
        return "", logical_lines(text)
    blanked = "\n" * (position + 1) + "".join(physical[position + 1 :])
    return " ".join(first.lstrip("* \t").split()), logical_lines(blanked)


def _is_statement(first: str, text: str) -> bool:
    """Whether the first line of a text is part of the netlist rather than its title."""
    if first.startswith((".", "+")):
        return True
    words = without_comment(first).split()
    if len(words) >= 4 and re.fullmatch(r"[A-Za-z][0-9]+", words[0]):
        return True  # R1, Q1: an element even where it is a wrong one, so that the error names it
    try:
        element = parse_element(Line(1, without_comment(first))).component
    except NetlistError:
        return False
    return element.model is None or bool(re.search(rf"(?im)^\s*\.model\s+{re.escape(element.model)}\s", text))


def _outputs(components: Sequence[Component], names: tuple[str, ...]) -> tuple[str, ...]:
    nodes = {node.lower(): node for part in components for node in part.nodes if node != GROUND}
    for name in names:
        if name.lower() not in nodes:
            raise NetlistError(f"no node named {name!r} for the output; the nodes are {_listing(nodes.values())}")
    return tuple(nodes[name.lower()] for name in names)


def _listing(names: Iterable[str]) -> str:
    names = list(names)
    return (", ".join(names[:20]) + (", ..." if len(names) > 20 else "")) or "none"


class _Draft:
    """What the lines say, before names are brought together; then the fields of a `Circuit`."""

    def __init__(self, lines: list[Line]):
        self.elements: dict[str, tuple[Element, Line]] = {}  # these three by lower-case name
        self.cards: dict[str, ModelCard] = {}
        self.params: dict[str, tuple[str, Value, Line]] = {}
        self.values: dict[str, np.ndarray] = {}
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
        """The .param in netlist order, except that each comes after those it refers to."""
        waiting = dict(self.params)
        ready: dict[str, Parameter] = {}
        while waiting:
            chosen = next(
                (key for key, (_, value, line) in waiting.items() if self._needs(value, line) <= ready.keys()), None
            )
            if chosen is None:
                name, _, line = next(iter(waiting.values()))
                raise line.error(
                    f"the .param {', '.join(name for name, _, _ in waiting.values())} refer to each other in a circle"
                )
            name, value, line = waiting.pop(chosen)
            ready[chosen] = Parameter(name, self._expression(name, value, line), line.number)
        return tuple(ready.values())

    def _needs(self, value: Value, line: Line) -> set[str]:
        if isinstance(value, float):
            return set()
        names = {name.lower() for name in names_in(value)}
        unknown = sorted(names - self.params.keys())
        if unknown:
            known = _listing(name for name, _, _ in self.params.values())
            raise line.error(f"unknown parameter {', '.join(unknown)}; the .param are {known}")
        return names

    def _expression(self, key: str, value: Value, line: Line) -> Expression | None:
        """None after storing a literal under its key; else the expression, names spelled as where they are defined."""
        if isinstance(value, float):
            if key in self.values or key.lower() in self.spelling:
                raise line.error(f"{key} is the name of two different values, a component and a .param")
            self.spelling[key.lower()] = key
            self.values[key] = np.asarray(value, np.float64)
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
            known = _listing(card.name for card in self.cards.values())
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
                sources = _listing(part.name for part in parts.values() if part.kind in SOURCE_KINDS)
                raise NetlistError(f"{what} named {name!r} for the input; the sources are {sources}")
        return tuple(parts[name.lower()].name for name in names)

    def check_waveforms(self, inputs: Sequence[str]) -> None:
        for element, line in self.elements.values():
            if element.waveform and element.component.name not in inputs:
                raise line.error(
                    f"{element.component.name} has the waveform {element.waveform} but is no input: give it a DC value, "
                    f"or name it in inputs (now {', '.join(inputs)})"
                )

    def check_values(self, circuit: Circuit) -> None:
        """Expressions at their defaults must give numbers that components can have."""
        for name, problem in circuit.impossible_values():
            owner = name.split(".")[0].lower()
            line = self.elements[name.lower()][1] if name.lower() in self.elements else None
            line = line or (self.cards[owner].line if owner in self.cards else None)
            line = line or (self.params[name.lower()][2] if name.lower() in self.params else None)
            raise NetlistError(problem) if line is None else line.error(problem)
