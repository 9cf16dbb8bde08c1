"""What PyTorch calls the weights of recurrent layers in a row, and which shapes they have."""

LAYER = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def torch_names(layer: int) -> tuple[str, ...]:
    """Of the layer at that place, in the order of `LAYER`."""
    return tuple(f"rec.{name}_l{layer}" for name in LAYER)


def torch_shapes(layer: int, gates: int, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Of its arrays by name; `inputs` are those of the first layer."""
    rows = gates * hidden
    shapes = ((rows, hidden if layer else inputs), (rows, hidden), (rows,), (rows,))
    return dict(zip(torch_names(layer), shapes, strict=True))
