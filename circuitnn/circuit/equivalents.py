"""Subcircuits that stand for a device which SPICE does not have: read back as the device that they were written for."""

from collections.abc import Sequence
from dataclasses import replace

from circuitnn.circuit.elements import words_of
from circuitnn.circuit.instances import headed
from circuitnn.circuit.lines import Line
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES


def with_devices(lines: Sequence[Line]) -> list[Line]:
    """The lines, with a ``.model`` in place of each ``.subckt`` that is word for word what `Circuit.to_spice` writes.

    Lines ``XN1 ... NAME`` that call it become ``N1 ... NAME``. Where one of them has another form, as with an area, the
    subcircuit stays what it is.
    """
    rewritten = list(lines)
    calls: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.text.lower().startswith("x"):
            calls.setdefault(_callee(line), []).append(place)
    for start, end in _definitions(lines):
        head, *body = lines[start:end]
        name, _, rest = head.text[len(".subckt") :].strip().partition(" ")
        under = headed(rest.split())["params:"]
        pins, assigned = [word for word in under if "=" not in word], [word for word in under if "=" in word]
        device = _device(pins, [word.partition("=")[0].upper() for word in assigned], body)
        called_at = calls.get(name.lower(), [])
        if device is None or not all(_is_plain(lines[place], device) for place in called_at):
            continue
        kind = next(iter(device.kinds))
        rewritten[start] = replace(head, text=f".model {name} {kind}({' '.join(assigned)})")
        for place in range(start + 1, end + 1):
            rewritten[place] = replace(lines[place], text="")
        for place in called_at:
            rewritten[place] = replace(lines[place], text=lines[place].text[1:])
    return [line for line in rewritten if line.text]


def _definitions(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """From where to where each ``.subckt`` goes that has no other one in it and is in none."""
    spans: list[tuple[int, int]] = []
    depth, start, is_simple = 0, 0, True
    for place, line in enumerate(lines):
        if line.word == ".subckt":
            is_simple = depth == 0
            start = start if depth else place
            depth += 1
        elif line.word == ".ends" and depth:
            depth -= 1
            if depth == 0 and is_simple:
                spans.append((start, place))
    return spans


def _device(pins: Sequence[str], names: Sequence[str], body: Sequence[Line]) -> ModelDevice | None:
    """The device that has this for its equivalent."""
    written = [_bare(line.text) for line in body]
    for device in DEVICES:
        if not isinstance(device, ModelDevice) or device.equivalent is None or len(device.kinds) != 1:
            continue
        known = {parameter.name for parameter in device.parameters}
        is_alike = tuple(pin.lower() for pin in pins) == device.pins and known.issuperset(names)
        if is_alike and [_bare(text) for text in device.equivalent(names)] == written:
            return device
    return None


def _bare(text: str) -> str:
    return "".join(text.lower().split())


def _callee(line: Line) -> str:
    return next((word.lower() for word in reversed(line.text.split()) if "=" not in word), "")


def _is_plain(line: Line, device: ModelDevice) -> bool:
    name, rest = words_of(line)
    return name[1:2].upper() == device.letter and len(rest) == len(device.pins) + 1 and "=" not in line.text
