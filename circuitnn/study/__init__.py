"""Studies: targets, contenders and training regimes in one grid of trainings, its statistics and its report."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.study.cells import Cell as Cell
    from circuitnn.study.cells import cells_of as cells_of
    from circuitnn.study.command import main as main
    from circuitnn.study.comparisons import Comparison as Comparison
    from circuitnn.study.comparisons import compare as compare
    from circuitnn.study.comparisons import corrected as corrected
    from circuitnn.study.contenders import black_box as black_box
    from circuitnn.study.contenders import by_recipe as by_recipe
    from circuitnn.study.contenders import network as network
    from circuitnn.study.contenders import sized as sized
    from circuitnn.study.contenders import state_matched as state_matched
    from circuitnn.study.contenders import stn as stn
    from circuitnn.study.contenders import within as within
    from circuitnn.study.definition import Contender as Contender
    from circuitnn.study.definition import Section as Section
    from circuitnn.study.definition import Study as Study
    from circuitnn.study.definition import Target as Target
    from circuitnn.study.definition import Task as Task
    from circuitnn.study.description import Description as Description
    from circuitnn.study.effects import Effect as Effect
    from circuitnn.study.effects import random_effects as random_effects
    from circuitnn.study.fixed import saved as saved
    from circuitnn.study.hypotheses import Hypothesis as Hypothesis
    from circuitnn.study.hypotheses import Judgement as Judgement
    from circuitnn.study.hypotheses import Runs as Runs
    from circuitnn.study.hypotheses import judged as judged
    from circuitnn.study.keys import DescriptionError as DescriptionError
    from circuitnn.study.listening_answers import Listened as Listened
    from circuitnn.study.listening_answers import Rated as Rated
    from circuitnn.study.listening_answers import listened as listened
    from circuitnn.study.listening_sounds import Item as Item
    from circuitnn.study.listening_test import listening as listening
    from circuitnn.study.material import Material as Material
    from circuitnn.study.positions import Condition as Condition
    from circuitnn.study.positions import Positions as Positions
    from circuitnn.study.preset import Preset as Preset
    from circuitnn.study.rankings import Ranking as Ranking
    from circuitnn.study.rankings import ranking as ranking
    from circuitnn.study.ranks import Friedman as Friedman
    from circuitnn.study.ranks import SignedRank as SignedRank
    from circuitnn.study.ranks import critical_difference as critical_difference
    from circuitnn.study.ranks import friedman as friedman
    from circuitnn.study.ranks import holm as holm
    from circuitnn.study.ranks import signed_rank as signed_rank
    from circuitnn.study.rate_search import RateSearch as RateSearch
    from circuitnn.study.records import Records as Records
    from circuitnn.study.records import ReportError as ReportError
    from circuitnn.study.records import Spread as Spread
    from circuitnn.study.regimes import MORE_REGIMES as MORE_REGIMES
    from circuitnn.study.regimes import REGIMES as REGIMES
    from circuitnn.study.regimes import TrainingRegime as TrainingRegime
    from circuitnn.study.running import run as run
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.study.cells": "Cell cells_of",
            "circuitnn.study.command": "main",
            "circuitnn.study.comparisons": "Comparison compare corrected",
            "circuitnn.study.contenders": "black_box by_recipe network sized state_matched stn within",
            "circuitnn.study.definition": "Contender Section Study Target Task",
            "circuitnn.study.description": "Description",
            "circuitnn.study.effects": "Effect random_effects",
            "circuitnn.study.fixed": "saved",
            "circuitnn.study.hypotheses": "Hypothesis Judgement Runs judged",
            "circuitnn.study.keys": "DescriptionError",
            "circuitnn.study.listening_answers": "Listened Rated listened",
            "circuitnn.study.listening_sounds": "Item",
            "circuitnn.study.listening_test": "listening",
            "circuitnn.study.material": "Material",
            "circuitnn.study.positions": "Condition Positions",
            "circuitnn.study.preset": "Preset",
            "circuitnn.study.rankings": "Ranking ranking",
            "circuitnn.study.ranks": "Friedman SignedRank critical_difference friedman holm signed_rank",
            "circuitnn.study.rate_search": "RateSearch",
            "circuitnn.study.records": "Records ReportError Spread",
            "circuitnn.study.regimes": "MORE_REGIMES REGIMES TrainingRegime",
            "circuitnn.study.running": "run",
        },
    )
