"""What is told of a training at its end: a line, a page, sounds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from circuitnn.cli.problems import say
from circuitnn.version import __version__

if TYPE_CHECKING:
    import circuitnn as cn
    from circuitnn.cli.sources import Given

PREVIEW = 3.0  # seconds


def write_page(
    path: Path,
    model: "cn.Model",
    history: "cn.train.History | None",
    prediction: "cn.capture.Prediction",
    *,
    title: str,
    doubts: Sequence[str],
    facts: Mapping[str, str],
    noise: float | None,
    following: str,
    harmonics: "Callable[[], tuple[cn.capture.SineAnswers, cn.capture.SineAnswers] | None]",
) -> None:
    """The report; what it needs and is not installed is said, and ends nothing."""
    from circuitnn import pages
    from circuitnn.pages.templates import missing_package

    missing = missing_package()
    if missing is not None:
        say(f"no report: {missing}", err=True)
        return
    pages.training(
        model,
        history,
        prediction,
        path,
        title=title,
        doubts=doubts,
        facts=facts,
        noise=noise,
        following=following,
        harmonics=harmonics(),
    )
    say(str(path))


def write_sounds(folder: Path, prediction: "cn.capture.Prediction") -> None:
    """What was held out, as recorded and as predicted; of several recordings one after the other."""
    from circuitnn import audio

    for name, signal in (("recorded", prediction.target), ("predicted", prediction.y)):
        audio.write(folder / f"{name}.wav", signal.reshape(-1), round(prediction.fs))
    say(f"{folder / 'recorded.wav'}, {folder / 'predicted.wav'}")


def write_preview(folder: Path, prediction: "cn.capture.Prediction") -> None:
    """While a training runs: three seconds as recorded and then as predicted, and a picture of both."""
    from circuitnn import audio, pages
    from circuitnn.files import replacing
    from circuitnn.pages.templates import missing_package

    fs, target, y = round(prediction.fs), prediction.target[0], prediction.y[0]
    length = min(len(y), round(PREVIEW * fs))
    audio.write(folder / "preview.wav", np.concatenate([target[:length], y[:length]]), fs)
    if missing_package() is None:
        with replacing(folder / "preview.png") as file:
            file.write(pages.waveforms(target[:length], y[:length], fs=fs))


def facts(given: "Given", own: Mapping[str, str]) -> dict[str, str]:
    """What the report lists: of the recordings, what is the model's own, versions."""
    return {
        "Recordings": given.what,
        "What was found there": "; ".join(finding.text for finding in given.findings) or "nothing",
        "Division": str(given.material),
        **own,
        "Versions": f"circuitnn {__version__}",
    }


def doubts(given: "Given", *, stopped: bool) -> list[str]:
    """What a reader of the report should know first."""
    found = [finding.text for finding in given.findings if finding.is_doubt]
    return found + ["The training was stopped before its end."] * stopped


def following(out: Path, again: str, epochs: int | None) -> str:
    """The commands to type after a training.

    Args:
        out: its model.
        again: the command that goes on with it.
        epochs: of it; None where it was stopped before its end.
    """
    more = "" if epochs is None else f" --epochs +{max(1, epochs // 2)}"
    plugin = out.with_suffix(".lv2")
    return f"circuitnn run {out} guitar.wav out.wav\ncircuitnn export {out} {plugin}\n{again}{more}"


def say_next(commands: str) -> None:
    """The commands to type."""
    say("next:")
    for command in commands.splitlines():
        say(f"  {command}")
