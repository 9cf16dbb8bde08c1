"""A circuit: immutable, a pytree whose leaves are its numbers; it describes and does not simulate."""

import dataclasses
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, final

import numpy as np

from circuitnn.arguments import NO_CIRCUIT, checked
from circuitnn.circuit.clamps import WIRE
from circuitnn.circuit.components import GROUND, NULLOR, Clamp, Component, DeviceModel, Parameter
from circuitnn.circuit.coupling import impossible_couplings
from circuitnn.circuit.journal import Notes
from circuitnn.circuit.writer import netlist_text
from circuitnn.deferred import Array, ArrayLike, is_traced, jax, jnp, when_imported
from circuitnn.description import block, counted, positions, shortened
from circuitnn.devices.device import Device
from circuitnn.devices.registry import device_of
from circuitnn.devices.rules import Rule, check_size, check_value
from circuitnn.devices.temperature import POLARITY
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.numbers import parse_number
from circuitnn.expressions.tree import evaluate, names_in
from circuitnn.knobs import did_you_mean, knobs_of, matched


def _static() -> Any:
    return dataclasses.field(metadata={"static": True})


@final
@dataclasses.dataclass(frozen=True)
class Part:
    """One component of a circuit together with its number, as ``circuit["C1"]`` gives it.

    Attributes:
        name: as first spelled in the netlist.
        kind: as in `Component`.
        nodes: its node names, in the order of `Component`.
        value: SI; the DC value of a source, the gain of a controlled one, the area factor of a device; at the default
            knob positions. None for a B source, whose value depends on the circuit.
        model: name of the ``.model`` of a device.
        model_kind: of that.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]
    value: Array | None
    model: str | None = None
    model_kind: str = ""

    @property
    def device(self) -> Device:
        """The record of what it is."""
        return device_of(self.kind, self.model_kind)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Circuit:
    """A circuit of passive components, sources, diodes and transistors; made by `read_netlist`.

    It is a pytree: differentiate, batch or replace the numbers in `values`; names and topology are static and hashable.

    Attributes:
        values: every independent number, SI, by name: "R1", "Vin" (the DC value of a source), "D1" (area factor),
            "DCLIP.IS", and the names of the independent ``.param``.
        components: in netlist order.
        models: the ``.model`` cards in use.
        parameters: the ``.param``, each after those it refers to.
        inputs: names of the sources that the signal drives, in the order of x's features.
        outputs: what is heard, in the order of y's features: nodes, "v(a,b)", "v(C1)", "i(R1)".
        title: first line of the netlist.
        uncharged: whether what direct current leaves undetermined is without charge and current at rest, see
            `read_netlist`.
        clamps: voltages that it begins with, or that the search for its rest begins with.
        notes: what was passed over in reading the netlist, or taken otherwise than it may be meant, by line.
    """

    values: dict[str, Array]
    components: tuple[Component, ...] = _static()
    models: tuple[DeviceModel, ...] = _static()
    parameters: tuple[Parameter, ...] = _static()
    inputs: tuple[str, ...] = _static()
    outputs: tuple[str, ...] = _static()
    title: str = _static()
    uncharged: bool = dataclasses.field(default=False, metadata={"static": True})
    clamps: tuple[Clamp, ...] = dataclasses.field(default=(), metadata={"static": True})
    notes: Notes = dataclasses.field(default=Notes(), metadata={"static": True})

    __hash__ = None  # type: ignore[assignment]  # it holds arrays; its treedef is the hashable part

    def __eq__(self, other: object) -> bool:
        """Same names, topology and expressions, and equal numbers."""
        if not isinstance(other, Circuit):
            return NotImplemented
        if jax.tree.structure(self) != jax.tree.structure(other):  # type: ignore[operator]
            return False
        return all(np.array_equal(self.values[name], other.values[name]) for name in self.values)

    def __repr__(self) -> str:
        kinds: dict[str, list[str]] = {}
        for part in self.components:
            kinds.setdefault(part.kind, []).append(part.name)
        knobs = knobs_of(self.controls)
        others = {name: value for name, value in self.controls.items() if name not in knobs}
        return block(
            f"Circuit {self.title.lstrip('* ')!r}: {counted(len(self.components), 'component')}, "
            f"{counted(len(self.nodes), 'node')}",
            [
                f"inputs: {shortened(self.inputs)}; outputs: {shortened(self.outputs)}",
                *(f"{kind}: {shortened(names)}" for kind, names in kinds.items()),
                f"knobs: {positions(knobs)}" if knobs else "",
                f"other parameters: {positions(others)}" if others else "",
                f"states: {shortened(self.state_names)}",
                f"models: {shortened(model.name for model in self.models)}" if self.models else "",
            ],
        )

    def __getitem__(self, name: str) -> Part:
        """The component of that name (case does not matter), with its value."""
        for component in self.components:
            if component.name.lower() == name.lower():
                # While the numbers are known they are given as stored: float64 also where JAX is in 32 bit.
                if component.is_behavioural:
                    return Part(component.name, component.kind, component.nodes, None)
                xp = jnp if self._is_traced() else np
                numbers = {key: xp.asarray(number) for key, number in self.values.items()}
                value = xp.asarray(self._resolved(numbers, xp)[component.name])
                model = component.model, component.model_kind
                return Part(component.name, component.kind, component.nodes, value, *model)
        raise KeyError(f"no component {name!r}; there are {', '.join(part.name for part in self.components)}")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(part.name.lower() == name.lower() for part in self.components)

    @property
    def controls(self) -> dict[str, float]:
        """The knobs: the independent ``.param`` names with their default values."""
        return {
            parameter.name: _as_float(self.values[parameter.name])
            for parameter in self.parameters
            if parameter.expression is None
        }

    @property
    def state_names(self) -> tuple[str, ...]:
        """The capacitors (states in volts) and inductors (amperes), in netlist order."""
        return tuple(part.name for part in self.components if part.is_reactive)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Node names without ground, in order of appearance."""
        names = dict.fromkeys(node for part in self.components for node in part.nodes)
        return tuple(node for node in names if node != GROUND)

    @property
    def dtype(self) -> np.dtype:
        """Common floating-point type of the values (float64 as read)."""
        return jnp.result_type(*(jnp.asarray(value).dtype for value in self.values.values()))

    def astype(self, dtype: Any) -> "Circuit":
        """The circuit with all values in another floating-point type."""
        return dataclasses.replace(self, values={name: _cast(value, dtype) for name, value in self.values.items()})

    def replace(self, /, **values: ArrayLike | str) -> "Circuit":
        """The circuit with other numbers: ``c.replace(C1=22e-9, **{"DCLIP.IS": 1e-9})``.

        Names are those of `values`, in any case. Numbers are SI, or text as SPICE has it ("10k"), and may be arrays (a
        batch of circuits, for vmap) or traced.

        Raises:
            ValueError: for a name that has no number of its own, a non-finite number, or one that must be positive.
        """
        spelling = {name.lower(): name for name in self.values}
        replaced = dict(self.values)
        for key, value in values.items():
            name = spelling.get(key.lower())
            if name is None:
                raise ValueError(self._no_such_value(key))
            if isinstance(value, str):
                try:
                    value = parse_number(value)
                except NetlistError as error:
                    raise ValueError(f"{name}: {error}") from None
            check_value(name, value, Rule.ANY)
            replaced[name] = _cast(value, self.values[name].dtype)
        models = tuple(model.with_law_of(replaced) for model in self.models)
        circuit = dataclasses.replace(self, values=replaced, models=models)
        for _, problem in circuit.impossible_values():
            raise ValueError(problem)
        return circuit

    def resolve(self, controls: Mapping[str, ArrayLike] | None = None) -> dict[str, Array]:
        """Every number that a simulation needs, expressions evaluated; differentiable.

        Args:
            controls: knob values, scalars or arrays (what depends on them has their shape); missing ones are at their
                defaults.

        Returns:
            By name: the value of every component except B sources ("R1", the DC value of a source, the gain of a
            controlled one, the area factor of a device), every model parameter ("DCLIP.IS", "DCLIP.N"; "DCLIP.RS" where
            given; at the temperature of the model) and every ``.param``, in the dtype of `values`.

        Raises:
            ValueError: as `circuitnn.knobs.matched`, for names and positions.
        """
        numbers = {name: jnp.asarray(value) for name, value in self.values.items()}
        for name, value in matched(controls, self.controls).items():
            numbers[name] = jnp.asarray(value, numbers[name].dtype)
        dtype = self.dtype
        resolved = {name: jnp.asarray(value, dtype) for name, value in self._resolved(numbers, jnp).items()}
        for model in self.models:
            names = [name for name, _ in model.parameters]
            if "TEMP" in names and model.device.at_temperature is not None:
                stated = {name: resolved[f"{model.name}.{name}"] for name in names}
                stated[POLARITY] = jnp.asarray(model.device.kinds[model.kind], dtype)
                warm = model.device.at_temperature(stated)
                resolved |= {f"{model.name}.{name}": jnp.asarray(warm[name], dtype) for name in names}
        return resolved

    def impossible_values(self) -> Iterator[tuple[str, str]]:
        """(name, what is wrong with it) for each component or model value that no component can have.

        Nothing is known, and nothing is said, of traced values.
        """
        if self._is_traced():
            return
        resolved = self._known()
        rules, sources, are_possible = self._rules(), self._sources(), True
        for name, value in resolved.items():
            try:
                check_value(name, value, rules.get(name, Rule.ANY))
                if name in rules:
                    check_size(name, value, may_be_small=name in sources)
            except ValueError as error:
                yield name, str(error)
                are_possible = False
        if are_possible:
            yield from impossible_couplings(self.components, resolved)

    def check_sizes(self, largest: float) -> None:
        """Refuse numbers of components and models that a precision cannot hold; traced ones pass.

        Raises:
            ValueError: naming the first of them.
        """
        if not self._is_traced():
            resolved, sources = self._known(), self._sources()
            for name in self._rules():
                if name in resolved:
                    check_size(name, resolved[name], largest, may_be_small=name in sources)

    def _rules(self) -> dict[str, Rule]:
        """What each number may be, by name."""
        rules = {part.name: part.rule for part in self.components}
        for model in self.models:
            rules |= {f"{model.name}.{name}": model.device.parameter(name).rule for name, _ in model.parameters}
        return rules

    def _sources(self) -> set[str]:
        return {part.name for part in self.components if part.is_independent_source or part.is_controlled_source}

    def _known(self) -> dict[str, Any]:
        """All numbers by name, of a circuit that is not traced; whatever they are."""
        with np.errstate(all="ignore"):
            return self._resolved({name: np.asarray(value) for name, value in self.values.items()}, np)

    def _is_traced(self) -> bool:
        return any(is_traced(value) for value in self.values.values())

    def _resolved(self, numbers: dict[str, Any], xp: ModuleType) -> dict[str, Any]:
        numbers = dict(numbers)
        for parameter in self.parameters:  # each after those it refers to
            if parameter.expression is not None:
                numbers[parameter.name] = evaluate(parameter.expression, numbers, xp)
        resolved = {parameter.name: numbers[parameter.name] for parameter in self.parameters}
        for part in self.components:
            if not part.is_behavioural:
                resolved[part.name] = numbers[part.name] if part.value is None else evaluate(part.value, numbers, xp)
        for clamp in self.clamps:
            start = clamp.value
            resolved[clamp.name] = numbers[clamp.name] if start is None else evaluate(start, numbers, xp)
            resolved[clamp.wire] = xp.asarray(WIRE)
        for model in self.models:
            for name, expression in model.parameters:
                key = f"{model.name}.{name}"
                resolved[key] = numbers[key] if expression is None else evaluate(expression, numbers, xp)
        return resolved

    @property
    def settings(self) -> dict[str, Any]:
        """The circuit as plain data, from which `circuitnn.circuit.reader.circuit_from` makes an equal one.

        Raises:
            ValueError: when a value is traced or a batch.
        """
        return {
            "kind": "Circuit",
            "netlist": netlist_text(self, is_data=True),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "uncharged": self.uncharged,
            "nullors": [part.name for part in self.components if part.quantity == NULLOR],
        }

    def to_spice(self) -> str:
        """A netlist that ngspice runs as it is and that `read_netlist` reads back to an equal circuit.

        Devices that SPICE does not have are subcircuits in it that do the same, and read back as such.

        Raises:
            ValueError: when a value is traced or a batch: a netlist has one number for each.
        """
        return netlist_text(self)

    def _no_such_value(self, name: str) -> str:
        expressions = {part.name.lower(): part.value for part in self.components}
        expressions |= {parameter.name.lower(): parameter.expression for parameter in self.parameters}
        for model in self.models:
            expressions |= {f"{model.name}.{name}".lower(): value for name, value in model.parameters}
        expression = expressions.get(name.lower())
        if expression is not None:
            names = ", ".join(dict.fromkeys(names_in(expression)))
            return f"{name} is given by the expression {{{expression}}}: replace {names} instead"
        return f"no value named {name!r}{did_you_mean(name, self.values)}; there are {', '.join(self.values)}"


when_imported(lambda: jax.tree_util.register_dataclass(Circuit))


def checked_circuit(circuit: Any) -> Circuit:
    """The circuit; TypeError for what is none, which says where to get one."""
    return checked(circuit, Circuit, "a circuit", NO_CIRCUIT)


def _cast(value: ArrayLike, dtype: Any) -> Any:
    # NumPy while the number is known: float64 then survives where JAX is in 32 bit, and to_spice() writes it in full.
    if is_traced(value):
        return jnp.asarray(value, jax.dtypes.canonicalize_dtype(dtype))
    return np.asarray(value, dtype)


def _as_float(value: Any) -> Any:
    return value if is_traced(value) or np.ndim(value) else float(value)
