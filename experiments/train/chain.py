"""A decoder layer that continues from its own outputs, from every position of a text at once.

Step s of the chain drafted at position t stands at position t + s. It attends to the first step's keys at
positions up to t and to the later steps of its own chain only, which no other chain sees; so chains of all
positions run side by side as rows t of one batch.
"""

import torch
import torch.nn.functional as F

import llama


class ChainAttention(llama.Attention):
    """Attention of rows x [B, T, inputs]; `past` holds the keys and values [B, H, T, D] of the steps before."""

    def forward(self, x, cos, sin, past: list):
        q, k, v = self.project(x, cos, sin)
        past.append((k, v))
        (first_k, first_v), *own = past
        if not own:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            rows, scale = q.shape[2], self.head_dim ** -0.5
            later = torch.ones(rows, rows, dtype=torch.bool, device=q.device).triu(1)
            text = (q @ first_k.transpose(-1, -2) * scale).masked_fill(later, float("-inf"))
            chain = torch.stack([(q * key).sum(-1) * scale for key, _ in own], -1)
            share = torch.cat([text, chain], -1).float().softmax(-1).to(v.dtype)
            y = share[..., :rows] @ first_v
            for step, (_, value) in enumerate(own):
                y = y + share[..., rows + step, None] * value
        return self.o_proj(y.transpose(1, 2).flatten(2))


def positions(rows: int, steps: int, c: llama.Config, like: torch.Tensor) -> list[tuple]:
    """Rotary tables (cos, sin), each [rows, D], of every step."""
    cos, sin = (table.to(like) for table in llama.rope(rows + steps, c))
    return [(cos[s:s + rows], sin[s:s + rows]) for s in range(steps)]
