"""Names of our own for all that another program sees: what strangers called their nodes and parts stays data.

In ngspice a name is part of a language: one in backquotes is run by the shell, one with ``>`` writes a file, and one
that we use ourselves means something else. So a circuit goes there with nodes n1, n2, ..., parts r1, c1, ..., models m1
and parameters p1, under a title of ours; what comes back is asked for by those, and complaints are translated.
"""

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, cast, final

from circuitnn.circuit import Circuit
from circuitnn.circuit.components import GROUND, Clamp, Component
from circuitnn.circuit.time_sources import time_sources
from circuitnn.expressions.tree import Call, Current, Expression, Name, Voltage, substitute

TITLE = "a circuit"
LONGEST = 40  # characters of a name in a message
_OURS = re.compile(r"\b[a-z]\d+\b")


@final
class Names(NamedTuple):
    """Our names by theirs."""

    nodes: Mapping[str, str]
    parts: Mapping[str, str]
    models: Mapping[str, str]
    parameters: Mapping[str, str]

    def quantity(self, theirs: Voltage | Current) -> Voltage | Current:
        """A voltage or current under our names."""
        if isinstance(theirs, Current):
            return Current(self.parts[theirs.source])
        return Voltage(self.nodes[theirs.plus], self.nodes[theirs.minus])

    def translated(self, words: str) -> str:
        """Our names in a message back to theirs, shortened and with what is not to be printed escaped."""
        theirs = {ours: name for names in self for name, ours in names.items()}
        return _OURS.sub(lambda ours: readable(theirs.get(ours.group(), ours.group())), words)


def renamed(circuit: Circuit) -> tuple[Circuit, Names]:
    """The circuit under our names; its outputs are left out, `Names.quantity` says what they are."""
    along_time = time_sources(circuit.components)
    names = Names(
        nodes={**_numbered("n", circuit.nodes), GROUND: GROUND},
        parts={part.name: f"{_letter(part, along_time)}{k}" for k, part in enumerate(circuit.components, 1)},
        models=_numbered("m", (model.name for model in circuit.models)),
        parameters=_numbered("p", (parameter.name for parameter in circuit.parameters)),
    )

    def value(expression: Expression | None) -> Expression | None:
        return None if expression is None else substitute(expression, leaf)

    def leaf(theirs: Expression) -> Expression:
        if isinstance(theirs, Voltage | Current):
            return names.quantity(theirs)
        return Name(names.parameters[theirs.name]) if isinstance(theirs, Name) else theirs

    components = tuple(
        dataclasses.replace(
            part,
            name=names.parts[part.name],
            nodes=tuple(names.nodes[node] for node in part.nodes),
            value=value(part.value),
            waveform=None if part.waveform is None else cast(Call, value(part.waveform)),
            model=None if part.model is None else names.models[part.model],
            sense=None if part.sense is None else names.parts[part.sense],
            couples=tuple(names.parts[coil] for coil in part.couples),
        )
        for part in circuit.components
    )
    models = tuple(
        dataclasses.replace(
            model,
            name=names.models[model.name],
            parameters=tuple((parameter, value(number)) for parameter, number in model.parameters),
        )
        for model in circuit.models
    )
    parameters = tuple(
        dataclasses.replace(parameter, name=names.parameters[parameter.name], expression=value(parameter.expression))
        for parameter in circuit.parameters
    )
    clamps = {clamp.name: f"{'ic' if clamp.is_start else 'nodeset'}{k}" for k, clamp in enumerate(circuit.clamps, 1)}
    numbers = {**names.parts, **names.parameters, **clamps}
    numbers |= {f"{model.name}.{key}": f"{names.models[model.name]}.{key}" for model in circuit.models
                for key, _ in model.parameters}  # fmt: skip
    ours = dataclasses.replace(
        circuit,
        values={numbers[name]: number for name, number in circuit.values.items()},
        components=components,
        models=models,
        parameters=parameters,
        inputs=tuple(names.parts[source] for source in circuit.inputs),
        outputs=(),
        title=TITLE,
        clamps=tuple(
            Clamp(
                clamps[clamp.name],
                (names.nodes[clamp.nodes[0]], names.nodes[clamp.nodes[1]]),
                value(clamp.value),
                clamp.is_start,
            )
            for clamp in circuit.clamps
        ),
    )
    return ours, names


def readable(name: str) -> str:
    """A name as it may stand in a message."""
    text = name if name.isprintable() else repr(name)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _letter(part: Component, along_time: Collection[str]) -> str:
    return "b" if part.name in along_time and part.waveform is None else part.kind.lower()


def _numbered(letter: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"{letter}{k}" for k, name in enumerate(names, 1)}
