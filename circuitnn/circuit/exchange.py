"""Other devices in a circuit: another diode, transistor or tube in the place of one."""

import dataclasses
import fnmatch
from collections.abc import Iterator

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import Component
from circuitnn.circuit.journal import Note, Notes
from circuitnn.circuit.reader import circuit_from
from circuitnn.circuit.standard import parts_of_kinds, standard_part
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import devices_of
from circuitnn.expressions.errors import NetlistError
from circuitnn.knobs import did_you_mean

SHOWN = 12  # parts of the library that an error names


def with_models(circuit: Circuit, /, **models: str) -> Circuit:
    """The circuit with other models: ``with_models(c, D1="1N34A", **{"Q*": "BC109"})``.

    Args:
        circuit: with concrete scalar values.
        models: by the name of a device, in any case, or a pattern of names; the ``.model`` of the circuit itself, or
            else the part of this library, that it becomes. An area factor stays; a temperature goes with the old model.

    Returns:
        The circuit as if its netlist had said so, with a note of each part of the library that was taken.

    Raises:
        ValueError: for a name that is no device with a model, a model that does not exist, or that is of another kind;
            where the circuit cannot be written as a netlist.
    """
    own = {model.name.lower(): model.name for model in circuit.models}
    changed: dict[str, str] = {}
    notes: list[Note] = []
    for pattern, wanted in models.items():
        devices = list(_devices(circuit, pattern))
        name = own.get(wanted.lower())
        if name is None:
            part = standard_part(wanted, directive=".model")
            if part is None:
                raise ValueError(_no_such_model(wanted, devices[0], list(own.values())))
            name = wanted
            names = ", ".join(device.name for device in devices)
            notes.append(Note(f"{names}: {wanted} of this library's own parts, {part.origin}", devices[0].line, ""))
        changed |= {device.name: name for device in devices}
    parts = tuple(
        dataclasses.replace(part, model=changed[part.name]) if part.name in changed else part
        for part in circuit.components
    )
    used = {part.model for part in parts}
    left = tuple(model for model in circuit.models if model.name in used)
    written = dataclasses.replace(circuit, components=parts, models=left).settings
    try:
        found = circuit_from(**{name: value for name, value in written.items() if name != "kind"})
    except NetlistError as problem:  # its line is one of the text in between, which nobody has written
        raise ValueError(problem.message) from None
    return dataclasses.replace(found, title=circuit.title, notes=Notes((*circuit.notes, *notes)))


def _devices(circuit: Circuit, pattern: str) -> Iterator[Component]:
    """Those with a model that a pattern names; one at least."""
    having = [part for part in circuit.components if part.model is not None]
    found = [part for part in having if fnmatch.fnmatchcase(part.name.lower(), pattern.lower())]
    if not found:
        names = [part.name for part in having]
        there = ", ".join(f"{part.name} ({part.model})" for part in having) or "none"
        raise ValueError(f"no device with a model {pattern!r}{did_you_mean(pattern, names)}; there are {there}")
    yield from found


def _no_such_model(wanted: str, device: Component, own: list[str]) -> str:
    kinds = {kind for record in devices_of(device.kind) if isinstance(record, ModelDevice) for kind in record.kinds}
    known = parts_of_kinds(kinds)
    shown = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    there = f"; the netlist has {', '.join(own)}" if own else ""
    return f"no model {wanted!r}{did_you_mean(wanted, [*own, *known])}{there}; of its kind the library has {shown}"
