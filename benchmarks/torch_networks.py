"""LRU, S4D and S6 in PyTorch without kernels of their own: what a training step is measured against.

LRU and S4D are convolutions by Fourier transforms over the whole segment, S6 a loop over time. Weights begin at random.
"""

import torch
from torch import nn


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
