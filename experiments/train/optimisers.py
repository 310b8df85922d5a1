"""Muon for the matrices of layers, AdamW for everything else, and how their rates follow the time."""

import torch


def orthogonalise(m: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Nearest semi-orthogonal matrix of m [rows, columns] by a quintic Newton-Schulz iteration in bf16."""
    x = m.bfloat16() if m.shape[0] <= m.shape[1] else m.bfloat16().T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x if m.shape[0] <= m.shape[1] else x.T).float()


class Muon(torch.optim.Optimizer):
    """Momentum, then orthogonalisation, for the weight matrices of the layers."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(momentum, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def optimisers(model: torch.nn.Module, matrix_rate: float, vector_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for matrices, AdamW for vectors and for matrices with a side as long as a vocabulary."""
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    matrices = [p for n, p in trained if p.dim() == 2 and "embed" not in n and "lm_head" not in n]
    others = [p for n, p in trained if p.dim() != 2 or "embed" in n or "lm_head" in n]
    return [Muon(matrices, lr=matrix_rate),
            torch.optim.AdamW(others, lr=vector_rate, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)]


def schedule(progress: float, warm_up: float = 0.02, hold: float = 0.35) -> float:
    """Learning-rate factor at a fraction `progress` of the time budget."""
    if progress < warm_up:
        return max(progress / warm_up, 0.02)
    return min(1.0, max(0.0, (1 - progress) / (1 - hold)))
