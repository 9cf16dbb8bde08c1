"""A device from recordings: checks, alignment, recipes by name, and trainings that can go on."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.capture.findings import Finding as Finding
    from circuitnn.capture.knob_table import Row as Row
    from circuitnn.capture.knob_table import read_table as read_table
    from circuitnn.capture.layouts import read_folder as read_folder
    from circuitnn.capture.losses import loss as loss
    from circuitnn.capture.material import Material as Material
    from circuitnn.capture.material import Prediction as Prediction
    from circuitnn.capture.names import LOSSES as LOSSES
    from circuitnn.capture.names import MODELS as MODELS
    from circuitnn.capture.plan import Folder as Folder
    from circuitnn.capture.plan import Leg as Leg
    from circuitnn.capture.plan import Plan as Plan
    from circuitnn.capture.plan import TrainingError as TrainingError
    from circuitnn.capture.played import Layout as Layout
    from circuitnn.capture.played import layout as layout
    from circuitnn.capture.played import signal as signal
    from circuitnn.capture.recipes import Recipe as Recipe
    from circuitnn.capture.recipes import recipe as recipe
    from circuitnn.capture.sines import SineAnswers as SineAnswers
    from circuitnn.capture.sines import sine_answers as sine_answers
    from circuitnn.capture.sweeps import swept_harmonics as swept_harmonics
    from circuitnn.capture.take import Take as Take
    from circuitnn.capture.take import TakeError as TakeError
    from circuitnn.capture.take import prepare as prepare
    from circuitnn.capture.training import Trainer as Trainer
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.capture.findings": "Finding",
            "circuitnn.capture.knob_table": "Row read_table",
            "circuitnn.capture.layouts": "read_folder",
            "circuitnn.capture.losses": "loss",
            "circuitnn.capture.material": "Material Prediction",
            "circuitnn.capture.names": "LOSSES MODELS",
            "circuitnn.capture.plan": "Folder Leg Plan TrainingError",
            "circuitnn.capture.played": "Layout layout signal",
            "circuitnn.capture.recipes": "Recipe recipe",
            "circuitnn.capture.sines": "SineAnswers sine_answers",
            "circuitnn.capture.sweeps": "swept_harmonics",
            "circuitnn.capture.take": "Take TakeError prepare",
            "circuitnn.capture.training": "Trainer",
        },
    )
