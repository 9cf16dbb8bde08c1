"""From lines to the fields of a circuit: names brought to one spelling, references resolved."""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from circuitnn.circuit.blocks import Block
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import SIGNED, Clamp, Component, DeviceModel, Parameter
from circuitnn.circuit.derivatives import with_derivatives
from circuitnn.circuit.elements import shorted
from circuitnn.circuit.impossible import impossible
from circuitnn.circuit.inference import floating_ends, inferred_inputs, open_ends
from circuitnn.circuit.journal import listing, words_in
from circuitnn.circuit.lines import Line
from circuitnn.circuit.memories import with_memories
from circuitnn.circuit.models import ModelCard, device_with, model_parameters
from circuitnn.circuit.ordering import ordered
from circuitnn.circuit.scopes import Flat, Scope
from circuitnn.circuit.sensors import with_sensors
from circuitnn.circuit.source_at_node import sources_at_nodes
from circuitnn.circuit.starts import starts
from circuitnn.circuit.time_sources import with_time_sources
from circuitnn.circuit.topology import dangling, topology_faults
from circuitnn.circuit.waveforms import along_time
from circuitnn.circuit.windings import with_ideal_windings
from circuitnn.circuit.work import Work
from circuitnn.deferred import Array
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.devices.device import Coupling, Device
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.devices.resistor import RESISTOR
from circuitnn.devices.sources import VOLTAGE_SOURCE
from circuitnn.expressions.composed import Draws
from circuitnn.expressions.dialect import LTSPICE
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Current, Expression, Voltage, evaluate, substitute
from circuitnn.expressions.values import Value

MAX_COMPONENTS = 4_000


class Draft:
    """What a netlist says, before names are brought together; then the fields of a `Circuit`."""

    def __init__(self, block: Block, draws: Draws | None = None):
        self.block = block
        self.journal = block.journal
        self.top = Scope(self.block, Work(draws))
        self.title = self.block.contents.title
        self.values: dict[str, Array] = {}
        self.spelling: dict[str, str] = {}
        self.flat: dict[str, Flat] = {}  # by lower-case name
        self.sensors: dict[str, str] = {}  # by what is sensed, lower case, the name of a source of 0 V
        self.cards: dict[str, Line] = {}  # of the models in use
        self.models: tuple[DeviceModel, ...] = ()
        self.lost: set[str] = set()  # words of the lines of components left out for a fault, of their model say
        self.parameters = self._parameters()

    def _parameters(self) -> tuple[Parameter, ...]:
        assigned = self.block.parameters
        parameters = []
        for key in ordered(assigned, self.journal):
            name, value, line = assigned[key]
            with self.journal.gathering():
                expression = self._expression(name, self.top.value(value, line), line)
                parameters.append(Parameter(name, expression, line.number))
        return tuple(parameters)

    def _expression(self, key: str, value: Value, line: Line) -> Expression | None:
        """None after storing a literal under its key; else the expression itself."""
        if not isinstance(value, float):
            return value
        if key in self.values or key.lower() in self.spelling:
            raise line.error(f"{key} is the name of two different values, a component and a .param")
        self.spelling[key.lower()] = key
        self.values[key] = np.asarray(value, np.float64)  # type: ignore[assignment]
        return None

    def components(self) -> tuple[Component, ...]:
        """Components with one spelling of each name; `values` and `models` are complete afterwards."""
        twice = self.journal.repeated(self.block.contents.elements)
        for flat in self.top.flatten():
            name = flat.element.component.name
            if name.lower() in self.flat:
                if flat.line not in twice:
                    self.journal.fault(flat.line.error(f"duplicate component {name}"))
                continue
            if len(self.flat) == MAX_COMPONENTS:
                raise flat.line.error(f"more than {MAX_COMPONENTS} components")
            self.flat[name.lower()] = flat
        wound = with_memories(with_ideal_windings(self.flat, self.journal), self.top.work.clamps)
        self.flat, self.sensors = with_sensors(with_time_sources(with_derivatives(wound, self.top.work.clamps)))
        if not self.flat and not self.journal.faults:
            raise NetlistError("the netlist has no components")
        nodes: dict[str, str] = {}
        for flat in self.flat.values():
            for node in flat.element.component.nodes:
                nodes.setdefault(node.lower(), node)
        models: dict[tuple, DeviceModel] = {}
        components: list[Component] = []
        for flat in self.flat.values():
            known = len(components)
            with self.journal.gathering():
                if self._is_idle(flat):
                    continue
                components.append(self._component(flat, nodes, models))
            if len(components) == known:
                self.lost |= words_in(flat.line.text)
        self.models = tuple(models.values())
        return tuple(components)

    def _is_idle(self, flat: Flat) -> bool:
        """Whether it does nothing: a capacitor of no capacitance, or what lies across one node."""
        part = flat.element.component
        what = "has a capacitance of 0" if part.device is CAPACITOR and self._is_zero(flat) else shorted(part)
        if what:
            self.journal.note(flat.line, f"{part.name} {what} and is left out")
        return bool(what)

    def _is_zero(self, flat: Flat) -> bool:
        return self._number(flat) == 0.0

    def _number(self, flat: Flat) -> float | None:
        """The number of an element, at the defaults of the parameters where it depends on them; None if unknown."""
        if flat.element.number is not None or flat.element.component.value is None:
            return flat.element.number
        with np.errstate(all="ignore"):
            try:
                return float(evaluate(flat.element.component.value, self._defaults, np))
            except KeyError:  # of a parameter that is at fault
                return None

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        """The numbers of all parameters."""
        numbers: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            for parameter in self.parameters:
                name, tree = parameter.name, parameter.expression
                with contextlib.suppress(KeyError):  # of a parameter that is at fault
                    numbers[name] = float(self.values[name]) if tree is None else evaluate(tree, numbers, np)
        return numbers

    def check_expressions(self, components: Sequence[Component]) -> None:
        """What expressions give where other faults leave no circuit to ask; in parts where it can be known."""
        if not self.journal.faults:
            return
        for name, owner, message in impossible(components, self.models, self.values, self._defaults):
            line = self.cards[owner.lower()] if name != owner else self.flat[owner.lower()].line
            self.journal.fault(line.error(message))

    def _component(self, flat: Flat, nodes: dict[str, str], models: dict[tuple, DeviceModel]) -> Component:
        part, line = flat.element.component, flat.line
        spelled = tuple(nodes[node.lower()] for node in part.nodes)
        if part.is_behavioural:
            return dataclasses.replace(part, nodes=spelled, value=self._behaviour(part, line, nodes))
        value = part.value if flat.element.number is None else flat.element.number
        if part.device is INDUCTOR and self._is_zero(flat):
            part, value = dataclasses.replace(part, kind=RESISTOR.letter, value=None), 0.0  # a wire
            if flat.element.number is None:
                self.journal.note(line, f"{part.name} has an inductance of 0 and is a wire")
        # Vendors' models have negative capacitances; in a netlist of one's own it is a slip.
        is_vendors = line.file or "." in line.text.partition(" ")[0]
        if part.device is RESISTOR or (part.device is CAPACITOR and is_vendors):
            number = value if isinstance(value, float) else self._number(flat)
            # An expression that is not negative at its defaults is not to become so.
            if number is not None and (number < 0.0 or (number == 0.0 and isinstance(value, float))):
                part = dataclasses.replace(part, quantity=SIGNED)
        self._check_number(part, value, line)
        expression = self._expression(part.name, value, line)  # type: ignore[arg-type]
        model = None if flat.model is None else self._model(flat, *flat.model, models)
        count = next((other.node_count for other in models.values() if other.name == model), None)
        named = self.sensors.get((part.sense or "").lower(), part.sense)
        sense = named and self._reference(part, named, VOLTAGE_SOURCE, line)
        couples = tuple(self._reference(part, coil, INDUCTOR, line) for coil in part.couples)
        fields = {"value": expression, "model": model, "sense": sense, "couples": couples, "line": line.number}
        return dataclasses.replace(part, nodes=spelled[:count], **fields)  # type: ignore[arg-type]

    def _check_number(self, part: Component, value: Value | None, line: Line) -> None:
        """A literal must be a value that such a component can have."""
        if isinstance(value, float) and not part.rule.allows(value):
            hint = ": use 0.9999 for a tight coupling" if isinstance(part.device, Coupling) and abs(value) == 1 else ""
            raise line.error(f"the {part.device.quantity} of {part.name} must {part.rule.value}, got {value:g}{hint}")

    def _reference(self, part: Component, name: str, device: Device, line: Line) -> str:
        """The spelling of another component that this one refers to."""
        flat = self.flat.get(name.lower())
        if flat is None or flat.element.component.device is not device:
            others = (flat.element.component for flat in self.flat.values())
            names = listing(other.name for other in others if other.device is device)
            what = f"which is no {device.word}"
            if device is INDUCTOR and f"e.{name.lower()}" in self.flat:
                what = "which is given by an expression and can not be coupled"
            raise self.journal.cause(name) or line.error(f"{part.name} refers to {name}, {what}; there are: {names}")
        return flat.element.component.name

    def _behaviour(self, part: Component, line: Line, nodes: dict[str, str]) -> Expression:
        def replacement(leaf: Expression) -> Expression:
            match leaf:
                case Voltage(plus, minus):
                    for node in (plus, minus):
                        if node != "0" and node.lower() not in nodes:
                            names = listing(name for name in nodes.values() if name != "0")
                            raise self.journal.cause(node) or line.error(
                                f"{part.name} refers to the node {node}; the nodes are {names}"
                            )
                    return Voltage(nodes[plus.lower()], nodes.get(minus.lower(), minus))
                case Current(source):
                    source = self.sensors.get(source.lower(), source)
                    return Current(self._reference(part, source, VOLTAGE_SOURCE, line))
            return leaf

        return substitute(part.value, replacement)  # type: ignore[arg-type]

    def _model(self, flat: Flat, card: ModelCard, scope: Scope, models: dict[tuple, DeviceModel]) -> str:
        part, line = flat.element.component, flat.line
        device = device_with(card, part, line)
        of_circuit = self.top.temperatures
        stated = model_parameters(
            card,
            device,
            scope.block.functions(card.line),
            note=self.journal.note,
            temperature=of_circuit["temp"] if flat.element.temperature is None else flat.element.temperature,
            nominal=of_circuit["tnom"],
            on_line=flat.element.numbers,
        )
        base = part.model or card.name
        key = base.lower(), *stated.items()
        if key not in models:
            name = next(name for name in _numbered(base) if name.lower() not in self.cards)
            parameters = tuple(
                (parameter, self._expression(f"{name}.{parameter}", scope.value(value, card.line), card.line))
                for parameter, value in stated.items()
            )
            model = DeviceModel(name, card.kind, parameters, card.line.number)
            models[key] = model.with_law_of(self.values)
            self.cards[name.lower()] = card.line
        return models[key].name

    def driven(
        self, components: tuple[Component, ...], names: tuple[str, ...] | None, title: str
    ) -> tuple[tuple[Component, ...], tuple[str, ...]]:
        """The components with voltage sources at nodes that are named as inputs, and the names of all inputs."""
        names = names or inferred_inputs(self.flat, components, title, self.journal)
        added, named = sources_at_nodes(self.flat, components, names, title, self.journal)
        return self._with(components, added), named

    def loaded(self, components: tuple[Component, ...], probed: set[str]) -> tuple[Component, ...]:
        """The components with large resistances at outputs that are open at rest."""
        return self._with(components, open_ends(components, self.flat, probed, self.journal))

    def _with(self, components: tuple[Component, ...], added: Sequence[Flat]) -> tuple[Component, ...]:
        self.flat |= {flat.element.component.name.lower(): flat for flat in added}
        spelled = {node.lower(): node for flat in added for node in flat.element.component.nodes}
        return components + tuple(self._component(flat, spelled, {}) for flat in added)

    def inputs(self, names: tuple[str, ...]) -> tuple[str, ...]:
        parts = {key: flat.element.component for key, flat in self.flat.items()}
        sources = {key: part.name for key, part in parts.items() if part.is_independent_source}
        offered = f"the sources are {listing(sources.values())}; inputs= names one"
        for name in names:
            if name.lower() not in sources:
                what = f"{parts[name.lower()].name} is no source; none" if name.lower() in parts else "no source"
                self.journal.fault(
                    self.journal.cause(name) or NetlistError(f"{what} named {name!r} for the input; {offered}")
                )
        return tuple(sources[name.lower()] for name in names if name.lower() in sources)

    def with_waveforms(self, components: tuple[Component, ...], inputs: Sequence[str]) -> tuple[Component, ...]:
        """The sources beside the inputs with their waveforms: their values are expressions of the time."""
        running = tuple(along_time(part, self.flat, self.journal, inputs) for part in components)
        for name in {part.name for part in running if part.value is not None} - {p.name for p in self.parameters}:
            self.values.pop(name, None)
        return running

    def clamps(self, components: Sequence[Component]) -> tuple[Clamp, ...]:
        """The voltages that the circuit begins with, or its search for rest."""
        clamps: dict[str, Clamp] = {}
        uses_ic = self.block.contents.uses_ic
        for name, nodes, clamp in starts(self.top.work.clamps, components, self.flat, self.journal, uses_ic=uses_ic):
            if name in clamps:
                self.values.pop(name, None)
                self.spelling.pop(name.lower(), None)
            clamps[name] = Clamp(name, nodes, self._expression(name, clamp.value, clamp.line), clamp.is_start)
        return tuple(clamps.values())

    def with_text(self, error: NetlistError, component: str) -> NetlistError:
        """An error about a component, with its line."""
        line = self.flat[component.lower()].line
        return error.at(line.number, line.text, line.file)

    def connected(
        self, components: tuple[Component, ...], probed: set[str], *, uncharged: bool
    ) -> tuple[Component, ...]:
        """The components without capacitors that have an end in the air, and what is behind them: no current can flow.

        Other ends in the air are noted; those inside subcircuits, whose pins may be unused, are left alone.
        """
        if uncharged:
            return components
        left_out = set()
        for node, part, is_open in dangling(components, probed):
            if is_open or not (part.is_controlled_source or "." in part.name):
                why = ", which is left out: no current can flow" if is_open else ""
                message = f"node {node} is dangling: only {part.name} is connected to it{why}"
                self.journal.note(self.flat[part.name.lower()].line, message)
            left_out |= {part.name} if is_open else set()
        kept = tuple(part for part in components if part.name not in left_out)
        is_ltspices = any(line.dialect == LTSPICE for line in self.block.lines[:1])
        return self._with(kept, floating_ends(kept, self.flat, self.journal, gates=is_ltspices))

    def used(self, components: Sequence[Component]) -> dict[str, Array]:
        """The values without those of components that were left out."""
        names = {part.name for part in components}
        left_out = {flat.element.component.name for flat in self.flat.values()} - names
        return {name: value for name, value in self.values.items() if name not in left_out}

    def check_topology(self, components: Sequence[Component], *, uncharged: bool) -> None:
        """What has no unique solution; where lines are at fault, of what these leave."""
        unsure = self.journal.words | self.lost
        if unsure:  # of a subcircuit with a fault, too, nobody knows what it connects
            unsure |= {word for line in self.block.lines if line.text[0] in "xX" for word in words_in(line.text)}
        for fault in topology_faults(
            components, uncharged=uncharged, unsure=unsure, is_incomplete=self.journal.is_incomplete
        ):
            error = NetlistError(fault.message)
            self.journal.fault(error if fault.component is None else self.with_text(error, fault.component))

    def check_values(self, circuit: Circuit) -> None:
        """Expressions at their defaults must give numbers that components can have."""
        for name, problem in circuit.impossible_values():
            owner = name.rsplit(".", 1)[0].lower()
            flat = self.flat.get(name.lower())
            line = flat.line if flat else self.cards.get(owner)
            if line is None and name.lower() in self.block.parameters:
                line = self.block.parameters[name.lower()][2]
            self.journal.fault(NetlistError(problem) if line is None else line.error(problem))


def _numbered(name: str) -> Iterator[str]:
    """A name for the model of a part, and others for parts that have it with other numbers."""
    yield name
    yield from (f"{name}_{count}" for count in itertools.count(2))
