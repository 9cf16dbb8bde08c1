"""Circuits beside each other, each as it stands or with other values: `my.cir` and `my.cir@R6=20k@D1=1N34A`."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, final

import click

from circuitnn.cli.loading import changed, check_once, positions, read_circuits
from circuitnn.cli.options import Knob
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import AS_WRITTEN, Reading

if TYPE_CHECKING:
    import circuitnn as cn

SIGN = "@"
RULE = "SOURCE@NAME=VALUE is a source with a knob, a value or a device otherwise, such as my.cir@treble=0.2@D1=1N34A"


@final
@dataclass(frozen=True)
class Variant:
    """What was typed: a source, and what is otherwise in it.

    Attributes:
        label: the words.
        source: a file, or a name of the catalogue.
        changes: names and values.
    """

    label: str
    source: str
    changes: tuple[tuple[str, str], ...] = ()


@final
@dataclass(frozen=True)
class Turned:
    """A circuit, and where its knobs stand.

    Attributes:
        circuit: with all changes.
        held: positions of knobs that are not at their defaults.
    """

    circuit: "cn.Circuit"
    held: dict[str, float] = field(default_factory=dict)

    @property
    def knobs(self) -> dict[str, float]:
        """All knobs and where they stand."""
        from circuitnn.knobs import knobs_of  # here, because --help need not wait for NumPy

        return {**knobs_of(self.circuit.controls), **self.held}


def variant_of(text: str) -> Variant:
    """What was typed, taken apart; a file of that name counts.

    Raises:
        Fault: for a change that is none.
    """
    if SIGN not in text or Path(text).exists():
        return Variant(text, text)
    source, *changes = text.split(SIGN)
    pairs = [tuple(part.strip() for part in change.partition("=")[::2]) for change in changes]
    if not source or not all(name and value for name, value in pairs):
        raise Fault(f"{text}: {RULE}")
    return Variant(text, source, tuple((name, value) for name, value in pairs))


def read_variants(
    texts: Sequence[str], reading: Reading = AS_WRITTEN, knobs: Sequence[tuple[str, float]] = ()
) -> dict[str, Turned]:
    """The circuits by what was typed; for that JAX is not imported.

    Args:
        texts: netlists, with or without changes.
        reading: what holds for all of them.
        knobs: where knobs stand, in those that have them; changes of a circuit's own come before.

    Raises:
        Fault: as `read_circuits`; for the same text twice, and for what is not there to be changed.
    """
    for text in texts:
        if texts.count(text) > 1:
            raise Fault(f"{text}: given twice")
    check_once("--knob", knobs)
    variants = [variant_of(text) for text in texts]
    circuits = read_circuits(tuple(dict.fromkeys(variant.source for variant in variants)), reading)
    return with_knobs({variant.label: _turned(circuits[variant.source], variant) for variant in variants}, knobs)


def with_knobs(circuits: dict[str, Turned], knobs: Sequence[tuple[str, float]]) -> dict[str, Turned]:
    """The circuits with knobs where they were said to be, in those that have them and do not say so themselves.

    Raises:
        Fault: for a knob that none of them has.
    """
    turned = dict(circuits)
    for name, position in knobs:
        having = [label for label, one in turned.items() if name.lower() in map(str.lower, one.circuit.controls)]
        for label in having or list(turned)[:1]:  # which says what is wrong with it
            one = turned[label]
            held = {**positions([(name, position)], one.circuit, label), **one.held}
            turned[label] = Turned(one.circuit, held)
    return turned


def position_of(label: str, name: str, value: str) -> tuple[str, float]:
    """A knob and where it stands, behind an @.

    Raises:
        Fault: for a position that is none.
    """
    try:
        return Knob().convert(f"{name}={value}", None, None)
    except click.BadParameter as problem:
        raise Fault(f"{label}: {problem.message}") from None


def _turned(circuit: "cn.Circuit", variant: Variant) -> Turned:
    held: dict[str, float] = {}
    for name, value in variant.changes:
        if name.lower() in map(str.lower, Turned(circuit).knobs):
            held |= positions([position_of(variant.label, name, value)], circuit, variant.label)
            continue
        devices = [part.name.lower() for part in circuit.components if part.model is not None]
        is_model = any(fnmatch.fnmatchcase(device, name.lower()) for device in devices)
        one = Reading(models=((name, value),)) if is_model else Reading(settings=((name, value),))
        before = len(circuit.notes)
        try:
            circuit = changed({variant.label: circuit}, one)[variant.label]
        except Fault as problem:
            raise Fault(f"{variant.label}: {problem.message.partition(': ')[2]}") from None
        for note in circuit.notes[before:]:
            say(f"{variant.label}: {note.message}")
    return Turned(circuit, held)
