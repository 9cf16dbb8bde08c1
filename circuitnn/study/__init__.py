"""Studies: targets, contenders and training regimes in one grid of trainings, its statistics and its report."""

from circuitnn.rooms import handed_on
from circuitnn.study.command import main as main
from circuitnn.study.contenders import black_box as black_box
from circuitnn.study.contenders import sized as sized
from circuitnn.study.contenders import state_matched as state_matched
from circuitnn.study.contenders import stn as stn
from circuitnn.study.definition import Contender as Contender
from circuitnn.study.definition import Preset as Preset
from circuitnn.study.definition import Section as Section
from circuitnn.study.definition import Study as Study
from circuitnn.study.definition import Target as Target
from circuitnn.study.definition import Task as Task
from circuitnn.study.records import Records as Records
from circuitnn.study.records import ReportError as ReportError
from circuitnn.study.records import Spread as Spread
from circuitnn.study.regimes import REGIMES as REGIMES
from circuitnn.study.regimes import TrainingRegime as TrainingRegime
from circuitnn.study.statistics import Comparison as Comparison
from circuitnn.study.statistics import SignedRank as SignedRank
from circuitnn.study.statistics import compare as compare
from circuitnn.study.statistics import corrected as corrected
from circuitnn.study.statistics import holm as holm
from circuitnn.study.statistics import pairs_of as pairs_of
from circuitnn.study.statistics import signed_rank as signed_rank

__dir__ = handed_on(__name__)
