"""circuitnn: differentiable modelling of audio circuits on JAX."""

from typing import TYPE_CHECKING

from circuitnn.numerics import compiler as _compiler  # sets a flag of XLA, before JAX is imported
from circuitnn.rooms import on_demand as _on_demand

if TYPE_CHECKING:
    from circuitnn import audio as audio
    from circuitnn import capture as capture
    from circuitnn import convolutional as convolutional
    from circuitnn import devices as devices
    from circuitnn import export as export
    from circuitnn import filters as filters
    from circuitnn import frames as frames
    from circuitnn import hybrid as hybrid
    from circuitnn import losses as losses
    from circuitnn import metrics as metrics
    from circuitnn import native as native
    from circuitnn import networks as networks
    from circuitnn import nodal as nodal
    from circuitnn import pages as pages
    from circuitnn import plot as plot
    from circuitnn import recurrent as recurrent
    from circuitnn import spice as spice
    from circuitnn import study as study
    from circuitnn import testing as testing
    from circuitnn import train as train
    from circuitnn import wdf as wdf
    from circuitnn.circuit import Circuit as Circuit
    from circuitnn.circuit import CircuitError as CircuitError
    from circuitnn.circuit import NetlistError as NetlistError
    from circuitnn.circuit import NetlistWarning as NetlistWarning
    from circuitnn.circuit import catalogue as circuits
    from circuitnn.circuit import read_netlist as read_netlist
    from circuitnn.composition import chain as chain
    from circuitnn.composition import parallel as parallel
    from circuitnn.composition import residual as residual
    from circuitnn.control_frames import control_rate as control_rate
    from circuitnn.counting import Counted as Counted
    from circuitnn.frames import Framed as Framed
    from circuitnn.model import Forcing as Forcing
    from circuitnn.model import Model as Model
    from circuitnn.model import StateModel as StateModel
    from circuitnn.model import controls as controls
    from circuitnn.model import run as run
    from circuitnn.model import trace as trace
    from circuitnn.rates import RateWarning as RateWarning
    from circuitnn.rates import resampled as resampled
    from circuitnn.recovery import StreamWarning as StreamWarning
    from circuitnn.settings import register as register
    from circuitnn.version import __version__ as __version__
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = _on_demand(
        __name__,
        names={
            "circuitnn.circuit": "Circuit CircuitError NetlistError NetlistWarning read_netlist",
            "circuitnn.composition": "chain parallel residual",
            "circuitnn.control_frames": "control_rate",
            "circuitnn.counting": "Counted",
            "circuitnn.frames": "Framed",
            "circuitnn.model": "Forcing Model StateModel controls run trace",
            "circuitnn.rates": "RateWarning resampled",
            "circuitnn.recovery": "StreamWarning",
            "circuitnn.settings": "register",
            "circuitnn.version": "__version__",
        },
        modules={
            "circuits": "circuitnn.circuit.catalogue",
            **{
                name: f"circuitnn.{name}"
                for name in (
                    "audio", "capture", "convolutional", "devices", "export", "filters", "frames", "hybrid",
                    "losses", "metrics", "native", "networks", "nodal", "pages", "plot", "recurrent", "spice", "study",
                    "testing", "train", "wdf",
                )
            },
        },
    )  # fmt: skip
