"""A model as a plug-in of LV2: a folder that hosts find."""

import os
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from circuitnn.description import model_in_words
from circuitnn.export.levels import Volts
from circuitnn.export.plugin import FRAME, Plugin, Port, built, command, plugin, suffix
from circuitnn.export.words import comment, plain_text
from circuitnn.files import replacing
from circuitnn.model import Model

LETTERS = r"[A-Za-z0-9._~:/?#@!$&()*+,;=%-]"  # of an address, without what ends it in a file
PREFIXES = """@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


def lv2(
    model: Model,
    path: str | os.PathLike,
    *,
    name: str | None = None,
    uri: str | None = None,
    rates: Sequence[float] | None = None,
    volts: Volts = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    frame: int = FRAME,
    real: Literal["float", "double"] | None = None,
) -> Path:
    """Write a model as a plug-in of LV2, which Ardour, Reaper, Carla, MOD's pedalboards and others play.

    The folder has `manifest.ttl` and `NAME.ttl` for the host, `NAME.c`, and what a compiler of C makes of it here;
    where there is none, the logger ``circuitnn.export`` tells the line that does it elsewhere. Its ports are audio in
    and out, a channel for each input and output of the model, a control for each knob, and the latency where the model
    has any. Playing asks for no memory; knobs are followed as in `c`.

    Args:
        model: any.
        path: of the folder, which ends in .lv2; files of its own names in it are replaced.
        name: that the host shows; that of the folder when None.
        uri: by which hosts know it, again and again; `urn:circuitnn:` and the folder's name, made safe, when None.
        rates: sample rates in hertz that it is for. At others the host is told that it does not play. 44,100, 48,000
            and the model's own when None; a model that has none plays at any.
        volts: of full scale, or those at input and output; what 1.0 is to the model when None (`Model.volts`, one volt
            of a circuit).
        ranges: of controls, by name: (least, most). Knobs go from 0 to 1, others from 0 to twice their default.
        frame: samples over which a knob goes where the host has put it.
        real: "float" or "double", see `c`.

    Returns:
        The path of the folder.

    Raises:
        TypeError: for what is no model.
        ValueError: for an argument that cannot be, a folder that is something else; for what cannot be written in C.
        CompilerError: when the compiler fails.
        OSError: when the folder cannot be written.
    """
    folder = Path(path)
    if folder.suffix.lower() != ".lv2" or not folder.stem.strip("."):
        raise ValueError(f"{folder}: the folder of a plug-in of LV2 has a name that ends in .lv2")
    check_folder(folder, "manifest.ttl")
    title = folder.stem if name is None else name
    made = plugin(
        model,
        folder.stem,
        title,
        rates=rates,
        volts=volts,
        ranges=ranges,
        frame=frame,
        real=real,
        taken=("in", "out", "latency"),
    )
    address = f"urn:circuitnn:{made.name}" if uri is None else _checked_uri(uri)
    text = _text(made, address)
    binary = folder / f"{made.name}{suffix()}"
    files = {
        folder / f"{made.name}.c": text,
        folder / f"{made.name}.ttl": _described(made, address, model),
        folder / "manifest.ttl": _manifest(made, address),
    }
    library = built(text, made.name)
    for target, content in files.items():
        with replacing(target) as file:
            file.write(content.encode("ascii"))
    if library is None:
        binary.unlink(missing_ok=True)  # of another model
    else:
        with replacing(binary) as file:
            file.write(library)
        binary.chmod(0o755)
    return folder


def check_folder(folder: Path, sign: str) -> None:
    """See that a folder is none yet, empty, or a plug-in already.

    Raises:
        ValueError: for something else, which is left alone.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is a file; a plug-in is a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / sign).is_file():
        raise ValueError(f"{folder}: is a folder of something else, without {sign}")


def _checked_uri(uri: str) -> str:
    if not re.fullmatch(rf"[A-Za-z][A-Za-z0-9+.-]*:{LETTERS}{{1,300}}", uri):
        raise ValueError(f"uri: expected an address such as https://example.org/pedal or urn:pedal, got {uri!r}")
    return uri


def _text(made: Plugin, uri: str) -> str:
    """All of the C."""
    shell = Template(resources.files(__package__).joinpath("lv2.c").read_text(encoding="utf-8"))
    refusal = f"{made.title}: is for {made.rates}, not for %g Hz"
    title = comment(f"{made.title}: a plug-in of LV2. In this folder:", "", command(made.name))
    words = shell.substitute(uri=_in_c(uri), refusal=_in_c(refusal.replace("%", "%%").replace("%%g", "%g"), end=True))
    return f"{title}\n{made.text}\n{words}"


def _in_c(text: str, *, end: bool = False) -> str:
    """A text of C, of letters that mean nothing to it."""
    return '"' + re.sub(r"[^A-Za-z0-9 _.,:;()+\-/~#@!$&*=%]", "_", text) + ('\\n"' if end else '"')


def _literal(text: str) -> str:
    """A text of Turtle."""
    return '"' + plain_text(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(value: float) -> str:
    text = f"{value:.9g}"
    return text if "." in text or "e" in text else f"{text}.0"


def _manifest(made: Plugin, uri: str) -> str:
    return (
        f"{PREFIXES}\n<{uri}>\n  a lv2:Plugin ;\n  lv2:binary <{made.name}{suffix()}> ;\n"
        f"  rdfs:seeAlso <{made.name}.ttl> .\n"
    )


def _described(made: Plugin, uri: str, model: Model) -> str:
    """What the host reads of the plug-in: its ports above all."""
    words = "; ".join(line.strip() for line in model_in_words(model).splitlines())
    ports = [
        _audio(kind, n, count) for kind, count in (("In", made.inputs), ("Out", made.outputs)) for n in range(count)
    ]
    ports += [_knob(port) for port in made.ports]
    if made.latest:
        ports.append(LATENCY.replace("MOST", str(made.latest)))
    numbered = ",\n".join(f"  [\n    lv2:index {n} ;\n{port}\n  ]" for n, port in enumerate(ports))
    return (
        f"{PREFIXES}\n<{uri}>\n  a lv2:Plugin, lv2:SimulatorPlugin ;\n  doap:name {_literal(made.title)} ;\n"
        f"  rdfs:comment {_literal(words)} ;\n"
        "  lv2:optionalFeature lv2:hardRTCapable, <http://lv2plug.in/ns/ext/log#log>, "
        "<http://lv2plug.in/ns/ext/urid#map> ;\n"
        f"  lv2:port\n{numbered} .\n"
    )


LATENCY = """    a lv2:OutputPort, lv2:ControlPort ;
    lv2:symbol "latency" ;
    lv2:name "Latency" ;
    lv2:minimum 0 ;
    lv2:maximum MOST ;
    lv2:portProperty lv2:reportsLatency, lv2:integer, lv2:connectionOptional ;
    lv2:designation lv2:latency"""


def _audio(kind: str, n: int, count: int) -> str:
    symbol = kind.lower() if count == 1 else f"{kind.lower()}_{n + 1}"
    return (
        f"    a lv2:{kind}putPort, lv2:AudioPort ;\n"
        f'    lv2:symbol "{symbol}" ;\n    lv2:name "{kind}{"" if count == 1 else f" {n + 1}"}"'
    )


def _knob(port: Port) -> str:
    numbers = "".join(
        f"    lv2:{key} {_number(value)} ;\n"
        for key, value in (("default", port.default), ("minimum", port.least), ("maximum", port.most))
    )
    return (
        f'    a lv2:InputPort, lv2:ControlPort ;\n    lv2:symbol "{port.symbol}" ;\n'
        f"    lv2:name {_literal(port.title)} ;\n{numbers.rstrip(' ;' + chr(10))}"
    )
