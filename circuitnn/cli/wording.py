"""What the library says, in the words of the command that was typed: its options, and not arguments of Python."""

import re
from collections.abc import Mapping

import click

# Arguments of Python that a command has under another name.
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "identify": {
        "input": "--input-coupling",
        "output": "--output-coupling",
        "oversampling": "--oversample",
        "trainable": "--fit",
    },
}


# Advice that a command has no way to follow, and what it says in its place.
OTHER_ADVICE: Mapping[str, Mapping[str, str]] = {
    "identify": {
        ": give a mapping from circuits to their own patterns": ": leave that circuit out",
        "give latency, or a": "give a",
    },
}


def in_words_of(command: click.Command, text: str) -> str:
    """The text with `--held-out 4` for `held_out=4`, and `--held-out:` for a `held_out:` in front."""
    options = {
        parameter.name: next((each for each in parameter.opts if each[2:].replace("-", "_") == parameter.name), "")
        or max(parameter.opts, key=len)
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name
    } | dict(OTHER_NAMES.get(command.name or "", {}))
    if not options:
        return text
    names = "|".join(map(re.escape, options))

    def assigned(found: re.Match) -> str:
        value = found[2].strip("\"'")
        return f"{options[found[1]]} {value}" if value else options[found[1]]

    for advice, other in OTHER_ADVICE.get(command.name or "", {}).items():
        text = text.replace(advice, other)
    if "form" in options:
        text = re.sub(r"\bcn\.export\.(\w+)", r"--format \1", text)
    text = re.sub(rf"^{re.escape(command.name or '')}: ", "", text)
    text = re.sub(rf"^({names})(?=: | has to )", lambda found: options[found[1]], text)
    text = re.sub(rf"(?<![\w.-])({names})=(\"[^\"]*\"|'[^']*'|[^\s,;:)\"']*)", assigned, text)
    # A name of two words is no word of a sentence.
    two = "|".join(name for name in options if "_" in name)
    return re.sub(rf"(?<![\w.-])({two})(?!\w)", lambda found: options[found[1]], text) if two else text


def with_files(text: str, x: str, y: str) -> str:
    """The text with the names of both recordings for the x and y that the library calls them."""
    return re.sub(r"(?<![\w.'\"=/-])[xy](?![\w.'\"=(/-])", lambda found: {"x": x, "y": y}[found[0]], text)
