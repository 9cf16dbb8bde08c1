"""Training: data sets, regimes, fitting, checkpoints, and the evaluation of exposure bias.

What finds components and tone stacks has rooms of its own, `circuitnn.estimation` and `circuitnn.tone`, which build on
this one; their names are handed on here all the same, when they are first asked for.
"""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.estimation import Capture as Capture
    from circuitnn.estimation import CapturePlan as CapturePlan
    from circuitnn.estimation import ChoiceReport as ChoiceReport
    from circuitnn.estimation import CompletionReport as CompletionReport
    from circuitnn.estimation import ComponentReport as ComponentReport
    from circuitnn.estimation import Drift as Drift
    from circuitnn.estimation import Expectation as Expectation
    from circuitnn.estimation import FittedValue as FittedValue
    from circuitnn.estimation import IdentificationReport as IdentificationReport
    from circuitnn.estimation import KnownCombination as KnownCombination
    from circuitnn.estimation import complete as complete
    from circuitnn.estimation import fit_components as fit_components
    from circuitnn.estimation import identify as identify
    from circuitnn.estimation import plan_captures as plan_captures
    from circuitnn.numerics.taper import taper as taper
    from circuitnn.tone import Schedule as Schedule
    from circuitnn.tone import ToneStackReport as ToneStackReport
    from circuitnn.tone import fit_tone_stack as fit_tone_stack
    from circuitnn.train.checkpoint import CheckpointError as CheckpointError
    from circuitnn.train.dataset import Dataset as Dataset
    from circuitnn.train.exposure import ExposureBias as ExposureBias
    from circuitnn.train.exposure import exposure_bias as exposure_bias
    from circuitnn.train.fitting import DivergenceError as DivergenceError
    from circuitnn.train.fitting import fit as fit
    from circuitnn.train.history import History as History
    from circuitnn.train.horizons import GrowingHorizon as GrowingHorizon
    from circuitnn.train.horizons import MultipleShooting as MultipleShooting
    from circuitnn.train.horizons import NoiseInjection as NoiseInjection
    from circuitnn.train.increments import fit_increments as fit_increments
    from circuitnn.train.interruption import Interrupted as Interrupted
    from circuitnn.train.measured import read_responses as read_responses
    from circuitnn.train.observing import record as record
    from circuitnn.train.parts import PerPart as PerPart
    from circuitnn.train.parts import per_part as per_part
    from circuitnn.train.recorded import recordings as recordings
    from circuitnn.train.regimes import InTurn as InTurn
    from circuitnn.train.regimes import Regime as Regime
    from circuitnn.train.regimes import ScheduledSampling as ScheduledSampling
    from circuitnn.train.regimes import TeacherForcing as TeacherForcing
    from circuitnn.train.regimes import TruncatedBPTT as TruncatedBPTT
    from circuitnn.train.response_data import Responses as Responses
    from circuitnn.train.response_data import responses as responses
    from circuitnn.train.response_error import ResponseError as ResponseError
    from circuitnn.train.saving import load as load
    from circuitnn.train.saving import restore as restore
    from circuitnn.train.saving import save as save
    from circuitnn.train.simulate import simulate_dataset as simulate_dataset
    from circuitnn.train.stopping import EpochEnd as EpochEnd
    from circuitnn.train.store import StoreError as StoreError
    from circuitnn.train.suspicion import DataWarning as DataWarning
    from circuitnn.train.synchronisation import Candidate as Candidate
    from circuitnn.train.synchronisation import Synchronisation as Synchronisation
    from circuitnn.train.synchronising import synchronise as synchronise
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.estimation": "Capture CapturePlan ChoiceReport CompletionReport ComponentReport Drift "
            "Expectation FittedValue IdentificationReport KnownCombination complete fit_components identify "
            "plan_captures",
            "circuitnn.numerics.taper": "taper",
            "circuitnn.tone": "Schedule ToneStackReport fit_tone_stack",
            "circuitnn.train.checkpoint": "CheckpointError",
            "circuitnn.train.dataset": "Dataset",
            "circuitnn.train.exposure": "ExposureBias exposure_bias",
            "circuitnn.train.fitting": "DivergenceError fit",
            "circuitnn.train.history": "History",
            "circuitnn.train.horizons": "GrowingHorizon MultipleShooting NoiseInjection",
            "circuitnn.train.increments": "fit_increments",
            "circuitnn.train.interruption": "Interrupted",
            "circuitnn.train.measured": "read_responses",
            "circuitnn.train.observing": "record",
            "circuitnn.train.parts": "PerPart per_part",
            "circuitnn.train.recorded": "recordings",
            "circuitnn.train.regimes": "InTurn Regime ScheduledSampling TeacherForcing TruncatedBPTT",
            "circuitnn.train.response_data": "Responses responses",
            "circuitnn.train.response_error": "ResponseError",
            "circuitnn.train.saving": "load restore save",
            "circuitnn.train.simulate": "simulate_dataset",
            "circuitnn.train.stopping": "EpochEnd",
            "circuitnn.train.store": "StoreError",
            "circuitnn.train.suspicion": "DataWarning",
            "circuitnn.train.synchronisation": "Candidate Synchronisation",
            "circuitnn.train.synchronising": "synchronise",
        },
    )
