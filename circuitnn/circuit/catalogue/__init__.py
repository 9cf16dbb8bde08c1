"""Ready-made circuits, each a commented netlist inside the package."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.circuit.catalogue.amplifiers import common_emitter as common_emitter
    from circuitnn.circuit.catalogue.amplifiers import jfet_stage as jfet_stage
    from circuitnn.circuit.catalogue.amplifiers import power_amplifier as power_amplifier
    from circuitnn.circuit.catalogue.amplifiers import triode_dempwolf as triode_dempwolf
    from circuitnn.circuit.catalogue.amplifiers import triode_koren as triode_koren
    from circuitnn.circuit.catalogue.clippers import diode_clipper as diode_clipper
    from circuitnn.circuit.catalogue.clippers import diode_clipper_second_order as diode_clipper_second_order
    from circuitnn.circuit.catalogue.compressors import cl1b as cl1b
    from circuitnn.circuit.catalogue.compressors import la2a as la2a
    from circuitnn.circuit.catalogue.equalizers import baxandall as baxandall
    from circuitnn.circuit.catalogue.equalizers import james as james
    from circuitnn.circuit.catalogue.equalizers import pultec_eqp1a as pultec_eqp1a
    from circuitnn.circuit.catalogue.filters import moog_ladder as moog_ladder
    from circuitnn.circuit.catalogue.filters import ms20_filter as ms20_filter
    from circuitnn.circuit.catalogue.filters import ota_lowpass as ota_lowpass
    from circuitnn.circuit.catalogue.filters import sallen_key as sallen_key
    from circuitnn.circuit.catalogue.fuzz import big_muff as big_muff
    from circuitnn.circuit.catalogue.fuzz import cry_baby as cry_baby
    from circuitnn.circuit.catalogue.fuzz import fuzz_face_germanium as fuzz_face_germanium
    from circuitnn.circuit.catalogue.fuzz import fuzz_face_silicon as fuzz_face_silicon
    from circuitnn.circuit.catalogue.fuzz import rangemaster as rangemaster
    from circuitnn.circuit.catalogue.index import CATALOGUE as CATALOGUE
    from circuitnn.circuit.catalogue.klon import klon_amplifier as klon_amplifier
    from circuitnn.circuit.catalogue.klon import klon_buffer as klon_buffer
    from circuitnn.circuit.catalogue.klon import klon_clipping as klon_clipping
    from circuitnn.circuit.catalogue.klon import klon_feed_forward_1 as klon_feed_forward_1
    from circuitnn.circuit.catalogue.klon import klon_feed_forward_2 as klon_feed_forward_2
    from circuitnn.circuit.catalogue.klon import klon_gain_stage as klon_gain_stage
    from circuitnn.circuit.catalogue.klon import klon_output as klon_output
    from circuitnn.circuit.catalogue.klon import klon_pre_amp as klon_pre_amp
    from circuitnn.circuit.catalogue.klon import klon_summing as klon_summing
    from circuitnn.circuit.catalogue.klon import klon_tone as klon_tone
    from circuitnn.circuit.catalogue.modulators import precision_rectifier as precision_rectifier
    from circuitnn.circuit.catalogue.modulators import ring_modulator as ring_modulator
    from circuitnn.circuit.catalogue.oscillators import astable as astable
    from circuitnn.circuit.catalogue.oscillators import bridged_t as bridged_t
    from circuitnn.circuit.catalogue.oscillators import relaxation_oscillator as relaxation_oscillator
    from circuitnn.circuit.catalogue.oscillators import twin_t as twin_t
    from circuitnn.circuit.catalogue.overdrive import ds1 as ds1
    from circuitnn.circuit.catalogue.overdrive import sd1 as sd1
    from circuitnn.circuit.catalogue.overdrive import sd1_clipping as sd1_clipping
    from circuitnn.circuit.catalogue.overdrive import sd1_tone as sd1_tone
    from circuitnn.circuit.catalogue.overdrive import tube_screamer_clipping as tube_screamer_clipping
    from circuitnn.circuit.catalogue.overdrive import tube_screamer_tone as tube_screamer_tone
    from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK as NOMINAL_PEAK
    from circuitnn.circuit.catalogue.phaser import phase90 as phase90
    from circuitnn.circuit.catalogue.phaser import phase90_stage as phase90_stage
    from circuitnn.circuit.catalogue.phaser import univibe_stage as univibe_stage
    from circuitnn.circuit.catalogue.tone_stacks import bassman as bassman
    from circuitnn.circuit.catalogue.tone_stacks import big_muff_tone as big_muff_tone
    from circuitnn.circuit.catalogue.tone_stacks import jcm800 as jcm800
    from circuitnn.circuit.catalogue.tone_stacks import jtm45 as jtm45
    from circuitnn.circuit.catalogue.tone_stacks import mesa_mark as mesa_mark
    from circuitnn.circuit.catalogue.tone_stacks import princeton as princeton
    from circuitnn.circuit.catalogue.tone_stacks import soldano as soldano
    from circuitnn.circuit.catalogue.tone_stacks import twin as twin
    from circuitnn.circuit.catalogue.tone_stacks import vox_ac30 as vox_ac30
    from circuitnn.circuit.catalogue.tubes import pultec as pultec
    from circuitnn.circuit.catalogue.tubes import push_pull_amplifier as push_pull_amplifier
    from circuitnn.circuit.catalogue.tubes import transformer_saturator as transformer_saturator
    from circuitnn.circuit.catalogue.tubes import tube_preamp as tube_preamp
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.circuit.catalogue.amplifiers": "common_emitter jfet_stage power_amplifier triode_dempwolf "
            "triode_koren",
            "circuitnn.circuit.catalogue.clippers": "diode_clipper diode_clipper_second_order",
            "circuitnn.circuit.catalogue.compressors": "cl1b la2a",
            "circuitnn.circuit.catalogue.equalizers": "baxandall james pultec_eqp1a",
            "circuitnn.circuit.catalogue.filters": "moog_ladder ms20_filter ota_lowpass sallen_key",
            "circuitnn.circuit.catalogue.fuzz": "big_muff cry_baby fuzz_face_germanium fuzz_face_silicon rangemaster",
            "circuitnn.circuit.catalogue.index": "CATALOGUE",
            "circuitnn.circuit.catalogue.klon": "klon_amplifier klon_buffer klon_clipping klon_feed_forward_1 "
            "klon_feed_forward_2 klon_gain_stage klon_output klon_pre_amp klon_summing klon_tone",
            "circuitnn.circuit.catalogue.modulators": "precision_rectifier ring_modulator",
            "circuitnn.circuit.catalogue.oscillators": "astable bridged_t relaxation_oscillator twin_t",
            "circuitnn.circuit.catalogue.overdrive": "ds1 sd1 sd1_clipping sd1_tone tube_screamer_clipping "
            "tube_screamer_tone",
            "circuitnn.circuit.catalogue.peaks": "NOMINAL_PEAK",
            "circuitnn.circuit.catalogue.phaser": "phase90 phase90_stage univibe_stage",
            "circuitnn.circuit.catalogue.tone_stacks": "bassman big_muff_tone jcm800 jtm45 mesa_mark princeton "
            "soldano twin vox_ac30",
            "circuitnn.circuit.catalogue.tubes": "pultec push_pull_amplifier transformer_saturator tube_preamp",
        },
    )
