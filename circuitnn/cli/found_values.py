"""The values of a circuit that were found in a recording, on disk: a training that goes on does not find them again."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

from numpy.typing import NDArray

from circuitnn import train as learning
from circuitnn.capture.plan import STATE
from circuitnn.cli.problems import Fault
from circuitnn.estimation.whole_chain import Lateness
from circuitnn.files import replacing
from circuitnn.opening import content, json_of

if TYPE_CHECKING:
    import circuitnn as cn

LARGEST = 2**20  # bytes
NAME = f"{STATE}-values"


@final
class Found(NamedTuple):
    """A circuit with its values, and how the recording lies to it.

    Attributes:
        model: circuit and recorder.
        lateness: of the recording.
        zero: of the recorder, in the unit of the recording.
        esr_held_out: of the seconds held out, or None.
    """

    model: "cn.Model"
    lateness: Lateness
    zero: float
    esr_held_out: float | None

    @classmethod
    def of(cls, report: "cn.train.IdentificationReport") -> "Found":
        """What `identify` has found."""
        assert report.recording is not None
        zero = next((row.fitted for row in report.recorder if row.name == "y_offset"), 0.0)
        return cls(report.model, report.recording.lateness, float(zero), report.esr_held_out)

    def write(self, folder: Path, mark: str) -> None:
        """Keep it.

        Args:
            folder: of the training.
            mark: of what it was found in, see `mark_of`.
        """
        learning.save(self.model, folder / f"{NAME}.npz")
        told = {"mark": mark, **self._asdict(), "lateness": [*vars(self.lateness).values()]}
        with replacing(folder / f"{NAME}.json") as file:
            file.write(json.dumps({name: value for name, value in told.items() if name != "model"}).encode())

    @classmethod
    def read(cls, folder: Path, mark: str) -> "Found | None":
        """What was kept; None where the values were not found yet.

        Raises:
            Fault: where it is of another circuit or other recordings, or damaged.
        """
        path = folder / f"{NAME}.json"
        if not path.is_file():
            return None
        try:
            told: Any = json_of(content(path, LARGEST))
            same = told["mark"] == mark
            start, rate, polarity = told["lateness"]
            esr = None if told["esr_held_out"] is None else float(told["esr_held_out"])
            lateness = Lateness(float(start), float(rate), int(polarity))
            model = learning.restore(folder / f"{NAME}.npz")
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise Fault(f"{path}: is damaged ({error}); --overwrite begins another training") from None
        if not same:
            raise Fault(
                f"{folder}: its values were found in other recordings or of another circuit: --resume goes on with the "
                "same; --overwrite begins another training"
            )
        return cls(model, lateness, float(told["zero"]), esr)


def mark_of(circuit: "cn.Circuit", x: NDArray, y: NDArray, arguments: Any) -> str:
    """What tells one search for values from another."""
    mark = hashlib.sha256(f"{circuit.to_spice()}\n{arguments}".encode())
    for signal in (x, y):
        mark.update(signal.tobytes())
    return mark.hexdigest()
