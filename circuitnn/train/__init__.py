"""Training: data sets, regimes, fitting, checkpoints, and the evaluation of exposure bias."""

from circuitnn.train.checkpoint import CheckpointError as CheckpointError
from circuitnn.train.checkpoint import load as load
from circuitnn.train.checkpoint import save as save
from circuitnn.train.dataset import Dataset as Dataset
from circuitnn.train.dataset import record as record
from circuitnn.train.exposure import ExposureBias as ExposureBias
from circuitnn.train.exposure import exposure_bias as exposure_bias
from circuitnn.train.fit import DivergenceError as DivergenceError
from circuitnn.train.fit import History as History
from circuitnn.train.fit import fit as fit
from circuitnn.train.regimes import InTurn as InTurn
from circuitnn.train.regimes import Regime as Regime
from circuitnn.train.regimes import ScheduledSampling as ScheduledSampling
from circuitnn.train.regimes import TeacherForcing as TeacherForcing
from circuitnn.train.regimes import TruncatedBPTT as TruncatedBPTT
