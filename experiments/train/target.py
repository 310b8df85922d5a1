"""The model that heads are trained for: its features, its embedding and its output matrix.

A target is a folder that llama.py reads or, with hf, any Llama-like model that transformers reads.

Shapes: B sequences, T positions, h hidden size, V vocabulary.
"""

import pathlib

import torch
import torch.nn.functional as F
from torch import nn

import llama


class Target(nn.Module):
    """What heads see of a model.

    features(ids [B, T]) gives the hidden states after the final norm [B, T, h], which Medusa, Hydra and
    EAGLE-1 read, and the residual streams after 2, L/2 and L-3 of the L layers side by side [B, T, 3h],
    which EAGLE-3 reads.
    """

    config: llama.Config
    base: nn.Module

    def fused_layers(self) -> tuple[int, int, int]:
        layers = self.config.num_hidden_layers
        return 2, layers // 2, layers - 3

    def forward(self, ids):
        """Logits [B, T, V]."""
        return self.logits(self.features(ids)[0])

    def embed(self, ids):
        return F.embedding(ids, self.embedding).float()

    def logits(self, hidden):
        return F.linear(hidden, self.output)


class SmallTarget(Target):
    """A model of llama.py, whose output matrix is its embedding."""

    def __init__(self, folder: pathlib.Path):
        super().__init__()
        self.base = llama.load(folder)
        self.config = self.base.config

    @property
    def embedding(self):
        return self.base.model.embed_tokens.weight

    output = embedding

    def features(self, ids):
        final, streams = self.base.features(ids, self.fused_layers())
        return final, torch.cat(streams, -1)

    def save(self, folder: pathlib.Path) -> None:
        llama.save(self.base, folder)


class HfTarget(Target):
    """A model of transformers, in its own precision where dtype is "auto"."""

    def __init__(self, folder: pathlib.Path, dtype):
        super().__init__()
        from transformers import AutoModelForCausalLM

        self.base = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        c = self.base.config
        head_dim = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        theta = getattr(c, "rope_theta", None) or c.rope_parameters["rope_theta"]
        self.config = llama.Config(
            vocab_size=c.vocab_size, hidden_size=c.hidden_size, intermediate_size=c.intermediate_size,
            num_hidden_layers=c.num_hidden_layers, num_attention_heads=c.num_attention_heads,
            num_key_value_heads=c.num_key_value_heads, head_dim=head_dim, rope_theta=theta,
            max_position_embeddings=c.max_position_embeddings, rms_norm_eps=c.rms_norm_eps)

    @property
    def embedding(self):
        return self.base.get_input_embeddings().weight

    @property
    def output(self):
        return self.base.get_output_embeddings().weight

    def features(self, ids):
        streams = self.base.model(ids, output_hidden_states=True, use_cache=False).hidden_states
        return streams[-1], torch.cat([streams[n] for n in self.fused_layers()], -1)

    def save(self, folder: pathlib.Path) -> None:
        self.base.save_pretrained(folder)


def load(folder: pathlib.Path, hf: bool, device: str, dtype="auto") -> Target:
    """A frozen target; dtype as for transformers."""
    target = HfTarget(folder, dtype) if hf else SmallTarget(folder)
    return target.to(device).requires_grad_(False)
