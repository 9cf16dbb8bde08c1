"""What `circuitnn identify` writes: a page, numbers, a netlist, a model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuitnn.cli.problems import Failure, say
from circuitnn.files import replacing

if TYPE_CHECKING:
    import circuitnn as cn
    from circuitnn.cli.recordings import Pair
    from circuitnn.train import IdentificationReport


def write_page(
    path: Path, report: "IdentificationReport", pair: "Pair", facts: Mapping[str, str], netlist: str
) -> None:
    """The page of a report; `facts` are told at its end."""
    from circuitnn.pages import identification

    identification(report, pair.x, pair.y, path, unit="full scale", facts=facts, netlist=netlist)
    say(str(path))


def write_json(path: Path, report: "IdentificationReport", facts: Mapping[str, Any]) -> None:
    """What was asked and what was found, as numbers; what is no number or not finite is null."""
    from circuitnn.estimation.plain_data import plain

    with replacing(path) as file:
        text = json.dumps(plain({**facts, "report": report}), indent=1, allow_nan=False, ensure_ascii=False)
        file.write((text + "\n").encode())
    say(str(path))


def write_netlist(path: Path, circuit: "cn.Circuit") -> None:
    with replacing(path) as file:
        file.write(circuit.to_spice().encode())
    say(str(path))


def save_model(path: Path, model: "cn.Model") -> None:
    from circuitnn import train

    train.save(model, path)
    say(str(path))


def need_page() -> None:
    """Before anything is computed.

    Raises:
        Failure: when what a page needs is not installed, with what installs it.
    """
    from circuitnn.pages.templates import missing_package

    missing = missing_package()
    if missing is not None:
        raise Failure(missing)
