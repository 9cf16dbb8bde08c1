"""Networks in PyTorch without kernels of their own: what a training step is measured against.

LRU and S4D are convolutions by Fourier transforms over the whole segment, S6 a loop over time, WaveNet and TCN rows of
its convolutions. Weights begin at random.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn

from circuitnn import convolutional as here
from circuitnn.networks.activations import LEAK

Array = tuple[int, Sequence[int], Sequence[int], int, int, bool]


class LRU(nn.Module):
    """A complex diagonal recurrence from all features to all."""

    def __init__(self, features: int, states: int):
        super().__init__()
        self.nu = nn.Parameter(torch.log(torch.logspace(-3, -0.4, states)))
        self.theta = nn.Parameter(torch.log(torch.logspace(-3, -0.4, states)))
        self.gamma = nn.Parameter(torch.zeros(states))
        self.B = nn.Parameter(torch.randn(states, features, dtype=torch.cfloat) / features**0.5)
        self.C = nn.Parameter(torch.randn(features, states, dtype=torch.cfloat) / states**0.5)
        self.D = nn.Parameter(torch.randn(features))

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        time = u.shape[1]
        drive = u.to(torch.cfloat) @ (torch.exp(self.gamma)[:, None] * self.B).T
        exponent = torch.complex(-torch.exp(self.nu), torch.exp(self.theta))
        response = torch.exp(torch.arange(time)[:, None] * exponent)
        spectrum = torch.fft.fft(drive, 2 * time, dim=1) * torch.fft.fft(response, 2 * time, dim=0)
        x = torch.fft.ifft(spectrum, dim=1)[:, :time]
        return (x @ self.C.T).real + self.D * u


class S4D(nn.Module):
    """A diagonal state space of each feature."""

    def __init__(self, features: int, states: int):
        super().__init__()
        self.decay = nn.Parameter(torch.full((features, states // 2), 0.5).log())
        self.turn = nn.Parameter(torch.pi * torch.arange(states // 2).repeat(features, 1))
        self.delta = nn.Parameter(torch.log(torch.logspace(-3, -0.4, features)))
        self.C = nn.Parameter(torch.randn(features, states // 2, 2))
        self.D = nn.Parameter(torch.randn(features))

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        time = u.shape[1]
        a = torch.complex(-torch.exp(self.decay), self.turn)
        step = torch.exp(self.delta)[:, None] * a
        weight = torch.view_as_complex(self.C) * (torch.exp(step) - 1) / a
        powers = torch.exp(step[..., None] * torch.arange(time))
        response = 2 * torch.einsum("fn,fnt->tf", weight, powers).real
        spectrum = torch.fft.rfft(u, 2 * time, dim=1) * torch.fft.rfft(response, 2 * time, dim=0)
        return torch.fft.irfft(spectrum, 2 * time, dim=1)[:, :time] + self.D * u


class S6(nn.Module):
    """A selective state space: the reference of its authors, a loop over time."""

    def __init__(self, features: int, states: int):
        super().__init__()
        self.A = nn.Parameter(torch.log(torch.arange(1.0, states + 1)).repeat(features, 1))
        self.D = nn.Parameter(torch.ones(features))
        self.down = nn.Linear(features, 1, bias=False)
        self.up = nn.Linear(1, features)
        self.B, self.C = nn.Linear(features, states, bias=False), nn.Linear(features, states, bias=False)

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        delta = nn.functional.softplus(self.up(self.down(u)))
        a = -torch.exp(self.A)
        factor = torch.exp(delta[..., None] * a)
        drive = (factor - 1) / a * self.B(u)[:, :, None, :] * u[..., None]
        C, x, y = self.C(u), torch.zeros_like(drive[:, 0]), []
        for n in range(u.shape[1]):
            x = factor[:, n] * x + drive[:, n]
            y.append((x @ C[:, n, :, None])[..., 0])
        return torch.stack(y, 1) + self.D * u


class Mixed(nn.Module):
    """A gated linear unit after a recurrence, and a way past both."""

    def __init__(self, recurrence: nn.Module, features: int):
        super().__init__()
        self.recurrence = recurrence
        self.linear, self.gate = nn.Linear(features, features), nn.Linear(features, features)

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        z = self.recurrence(u)
        return u + self.linear(z) * torch.sigmoid(self.gate(z))


def network(kind: str, features: int, *, layers: int, states: int) -> nn.Module:
    """Linear map, layers, linear read-out: as `circuitnn.recurrent` has them."""
    layer = {"LRU": LRU, "S4D": S4D, "S6": S6}[kind]
    blocks = (Mixed(layer(features, states), features) for _ in range(layers))
    return nn.Sequential(nn.Linear(1, features), *blocks, nn.Linear(features, 1))


class WaveNet(nn.Module):
    """Arrays of dilated causal convolutions as Neural Amp Modeler plays them: without gates, of the signal alone.

    Args:
        arrays: (channels, dilations, taps of each layer, taps of the head, its channels, its bias) of each.
        activation: behind each convolution.
    """

    def __init__(self, arrays: Sequence[Array], activation: Callable[[torch.Tensor], torch.Tensor]):
        super().__init__()
        self.arrays, self.activation = arrays, activation
        self.inputs, self.heads = nn.ModuleList(), nn.ModuleList()
        self.convolutions, self.mixers, self.residuals = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        features = 1
        for channels, dilations, taps, *head in arrays:
            head_taps, head_channels, has_bias = head
            self.inputs.append(nn.Conv1d(features, channels, 1, bias=False))
            layers = list(zip(dilations, taps, strict=True))
            self.convolutions.append(
                nn.ModuleList(nn.Conv1d(channels, channels, size, dilation=dilation) for dilation, size in layers)
            )
            self.mixers.append(nn.ModuleList(nn.Conv1d(1, channels, 1, bias=False) for _ in layers))
            self.residuals.append(nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in layers))
            self.heads.append(nn.Conv1d(channels, head_channels, head_taps, bias=has_bias))
            features = channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.transpose(1, 2)
        u, heard = x, torch.zeros(())
        for n, into in enumerate(self.inputs):
            u = into(u)
            for convolution, mixer, residual in zip(
                self.convolutions[n], self.mixers[n], self.residuals[n], strict=True
            ):
                a = self.activation(causal(convolution, u) + mixer(x))
                heard = heard + a
                u = u + residual(a)
            heard = causal(self.heads[n], heard)
        return heard.transpose(1, 2)


class TCN(nn.Module):
    """Dilated causal convolutions, each behind it a PReLU and a way past both with a gain of each channel."""

    def __init__(self, channels: int, blocks: int, kernel_size: int, growth: int):
        super().__init__()
        widths = [1] + [channels] * blocks
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, kernel_size, dilation=growth**n)
            for n, (before, after) in enumerate(pairwise(widths))
        )
        self.rectifiers = nn.ModuleList(nn.PReLU(channels) for _ in range(blocks))
        self.gains = nn.ParameterList(nn.Parameter(torch.rand(channels, 1)) for _ in range(blocks))
        self.output = nn.Conv1d(channels, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        u = x.transpose(1, 2)
        for convolution, rectifier, gain in zip(self.convolutions, self.rectifiers, self.gains, strict=True):
            u = rectifier(causal(convolution, u)) + gain * u
        return torch.tanh(self.output(u)).transpose(1, 2)


def causal(convolution: nn.Conv1d, u: torch.Tensor) -> torch.Tensor:
    """As long as what goes in, with silence before it."""
    reach = convolution.dilation[0] * (convolution.kernel_size[0] - 1)
    return convolution(nn.functional.pad(u, (reach, 0)))


def convolutional(model: here.WaveNet | here.TCN) -> nn.Module:
    """The same layers in PyTorch, with weights of its own."""
    if isinstance(model, here.TCN):
        return TCN(model.channels, model.blocks, model.kernel_size, model.dilation_growth)
    arrays = [
        (array.channels, array.dilations, array.kernel_sizes, array.head_kernel_size, array.head_size, array.head_bias)
        for array in model.arrays
    ]
    name = model.arrays[0].activations[0]
    return WaveNet(arrays, torch.tanh if name == "tanh" else lambda z: nn.functional.leaky_relu(z, LEAK))
