"""Hydra heads (Ankner et al. 2024, arXiv:2402.05109): Medusa's, but each reads the tokens drafted before it.

Head i reads the hidden state at position t beside the target's embeddings of tokens t + 1 .. t + 1 + i and predicts
token t + 2 + i. Its first block is M x + SiLU(W x + b) with x of i + 2 parts of size h, its output matrix the
target's own. Training forces the text's tokens.
"""

import torch
from torch import nn

from heads import Heads, embedding_gain, scale_columns, teacher
from losses import distillation
from medusa import ResBlock


def head_loss(head, output, x, log_p, labels, ce_weight: float):
    """Nats per token of one head: x [B, T, parts * h], output [V, h], the target's log-probabilities [B, T, V]."""
    with torch.autocast(x.device.type, torch.bfloat16):
        logits = nn.functional.linear(head(x), output)
    return distillation(logits.flatten(0, 1), log_p.flatten(0, 1), labels.flatten(), ce_weight)


class Hydra(Heads):
    file = "hydra_lm_head.safetensors"
    options = ("ce_weight",)
    gain = 1.0

    def __init__(self, hidden_size: int, vocab_size: int, heads: int, layers: int):
        super().__init__()
        self.hidden_size, self.vocab_size, self.layers = hidden_size, vocab_size, layers
        self.hydra_mlp = nn.ModuleList(
            nn.Sequential(ResBlock(hidden_size, i + 2), *(ResBlock(hidden_size) for _ in range(layers - 1)))
            for i in range(heads))
        for head in self.hydra_mlp:
            nn.init.zeros_(head[0].res_connection.bias)
            nn.init.eye_(head[0].res_connection.weight)
        self.loss_of = head_loss

    @classmethod
    def make(cls, target, recipe, frequency):
        hydra = cls(target.config.hidden_size, target.config.vocab_size, recipe.heads, recipe.layers)
        hydra.gain = embedding_gain(target)
        return hydra

    @classmethod
    def from_config(cls, config):
        return cls(config["hidden_size"], config["vocab_size"], config["hydra_num_heads"], config["hydra_num_layers"])

    def inputs(self, target, batch, i: int, rows: int) -> torch.Tensor:
        """What head i reads, [B, rows, (i + 2) * h]."""
        following = [self.gain * target.embed(batch.ids[:, 1 + j:][:, :rows]) for j in range(i + 1)]
        return torch.cat([batch.final[:, :rows].to(following[0]), *following], -1)

    def backward(self, target, batch, recipe):
        log_p, heads = teacher(target, batch.final), len(self.hydra_mlp)
        rows, total = batch.ids.shape[1] - 1 - heads, 0.0
        for i, head in enumerate(self.hydra_mlp):
            loss = self.loss_of(head, target.output, self.inputs(target, batch, i, rows), log_p[:, 1 + i:][:, :rows],
                                  batch.ids[:, 2 + i:][:, :rows], recipe.ce_weight)
            loss.backward()
            total += loss.item()
        return total / heads

    def predict(self, target, batch, depths):
        rows = batch.ids.shape[1] - 1 - depths
        return [target.logits(head(self.inputs(target, batch, i, rows)))
                for i, head in enumerate(self.hydra_mlp[:depths])]

    def config_json(self):
        return {"hydra_num_heads": len(self.hydra_mlp), "hydra_num_layers": self.layers, "hydra_head_arch": "mlp",
                "grounded_heads": True, "hidden_state_offset": 0, "shared_lm_head": True,
                "hidden_size": self.hidden_size, "vocab_size": self.vocab_size}

    def scaled(self, tensors, factor: float) -> dict[str, torch.Tensor]:
        """The tensors with every matrix's columns for embeddings multiplied."""
        return {n: scale_columns(t, self.hidden_size, None, factor) if t.dim() == 2 else t for n, t in tensors.items()}

    def tensors(self):
        return self.scaled(self.state_dict(), self.gain)

    def restore(self, tensors):
        self.load_state_dict(self.scaled(tensors, 1 / self.gain))
