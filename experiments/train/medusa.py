"""Medusa heads (Cai et al. 2024, arXiv:2401.10774): each predicts its own distance from one hidden state.

Head i is ResBlocks x + SiLU(W x + b) and an output matrix of its own, which starts as the target's. It reads
the hidden state after the final norm at position t and predicts token t + 2 + i, whatever lies between.
"""

import functools

import torch
import torch.nn.functional as F
from torch import nn

from heads import Heads, teacher
from losses import distillation
from per_head import backward_one_by_one


class ResBlock(nn.Module):
    """r(x) + SiLU(W x + b); r is the identity, or a matrix where x [..., parts * h] is longer than h."""

    def __init__(self, hidden_size: int, parts: int = 1):
        super().__init__()
        self.linear = nn.Linear(parts * hidden_size, hidden_size)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.res_connection = nn.Identity() if parts == 1 else nn.Linear(parts * hidden_size, hidden_size)

    def forward(self, x):
        return self.res_connection(x) + F.silu(self.linear(x))


def head_loss(head, hidden, log_p, labels, ce_weight: float):
    """Nats per token of one head: hidden [B, T, h], the target's log-probabilities [B, T, V] or None, labels [B, T]."""
    with torch.autocast(hidden.device.type, torch.bfloat16):
        logits = head(hidden)
    log_p = None if log_p is None else log_p.flatten(0, 1)
    return distillation(logits.flatten(0, 1), log_p, labels.flatten(), ce_weight)


class Medusa(Heads):
    file = "medusa_lm_head.safetensors"
    options = ("ce_weight",)

    def __init__(self, hidden_size: int, vocab_size: int, heads: int, layers: int):
        super().__init__()
        self.hidden_size, self.vocab_size, self.layers = hidden_size, vocab_size, layers
        self.heads = nn.ModuleList()
        for _ in range(heads):
            head = nn.Sequential(*(ResBlock(hidden_size) for _ in range(layers)))
            head.add_module("lm_head", nn.Linear(hidden_size, vocab_size, bias=False))
            self.heads.append(head)
        self.loss_of = head_loss

    @classmethod
    def make(cls, target, recipe, frequency):
        medusa = cls(target.config.hidden_size, target.config.vocab_size, recipe.heads, recipe.layers)
        for head in medusa.heads:
            head.lm_head.weight.data.copy_(target.output)
        return medusa

    @classmethod
    def from_config(cls, config):
        return cls(config["hidden_size"], config["vocab_size"], config["medusa_num_heads"], config["medusa_num_layers"])

    def losses(self, ids, log_p, ce_weight: float):
        """One function of the hidden states [B, T, h] per head."""
        rows = ids.shape[1] - 1 - len(self.heads)

        def part(i, hidden):
            taught = None if log_p is None else log_p[:, 1 + i:][:, :rows]
            return self.loss_of(self.heads[i], hidden[:, :rows], taught, ids[:, 2 + i:][:, :rows], ce_weight)

        return [functools.partial(part, i) for i in range(len(self.heads))]

    def backward(self, target, batch, recipe):
        losses = self.losses(batch.ids, teacher(target, batch.final), recipe.ce_weight)
        return sum(backward_one_by_one(batch.final, losses)) / len(losses)

    def predict(self, target, batch, depths):
        hidden = batch.final[:, :batch.ids.shape[1] - 1 - depths]
        return [head(hidden) for head in self.heads[:depths]]

    def config_json(self):
        return {"medusa_num_heads": len(self.heads), "medusa_num_layers": self.layers,
                "hidden_size": self.hidden_size, "vocab_size": self.vocab_size}

    def tensors(self):
        return {n.replace("lm_head", str(self.layers)): t for n, t in self.heads.state_dict().items()}

    def restore(self, tensors):
        self.heads.load_state_dict({n.replace(f".{self.layers}.weight", ".lm_head.weight"): t
                                    for n, t in tensors.items()})
