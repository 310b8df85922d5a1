"""EAGLE-1 (Li et al. 2024, arXiv:2401.15077; its weights serve EAGLE-2): one layer that continues features.

Row t reads the target's feature, its hidden state after the final norm, at position t beside the embedding of
token t + 1 and predicts the feature at t + 1, from which the target's output matrix predicts token t + 2.
Later steps read predicted features. The layer is Llama's without its first norm.
"""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

import llama
from chain import ChainAttention, positions
from heads import Heads, embedding_gain, scale_columns, teacher
from losses import divergence


class EagleLayer(nn.Module):
    def __init__(self, c: llama.Config):
        super().__init__()
        self.self_attn = ChainAttention(c)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.mlp = llama.Mlp(c)

    def forward(self, x, cos, sin, past: list):
        x = x + self.self_attn(x, cos, sin, past)
        return x + self.mlp(self.post_attention_layernorm(x))


def feature_loss(eagle, output, embedded, given, wanted, log_p, token_weight: float):
    """Smooth-L1 between features plus weighted nats per token.

    embedded, given, wanted [B, T, h] are next tokens, this and the next position's features; output is the
    target's matrix [V, h] and log_p [B, T, V] what it says about the wanted features.
    """
    with torch.autocast(given.device.type, torch.bfloat16):
        predicted = eagle.step(embedded, given, *positions(given.shape[1], 1, eagle.config, embedded)[0], [])
        logits = F.linear(predicted, output)
    return F.smooth_l1_loss(predicted.float(), wanted.float()) + token_weight * divergence(logits, log_p).mean()


class Eagle(Heads):
    options = ("token_weight", "noise")
    gain = 1.0

    def __init__(self, config: llama.Config):
        super().__init__()
        self.config = config
        self.fc = nn.Linear(2 * config.hidden_size, config.hidden_size, bias=False)
        self.layers = nn.ModuleList([EagleLayer(config)])
        llama.initialise(self)
        self.loss_of = feature_loss

    @classmethod
    def make(cls, target, recipe, frequency):
        width = recipe.intermediate or target.config.intermediate_size
        eagle = cls(dataclasses.replace(target.config, num_hidden_layers=1, intermediate_size=width))
        eagle.gain = embedding_gain(target)
        return eagle

    @classmethod
    def from_config(cls, config):
        return cls(llama.config_of(config))

    def step(self, embedded, features, cos, sin, past: list):
        x = self.fc(torch.cat([self.gain * embedded, features.to(embedded)], -1)).to(embedded)
        return self.layers[0](x, cos, sin, past)

    def backward(self, target, batch, recipe):
        given, wanted = batch.final[:, :-1], batch.final[:, 1:]
        noisy = given + (torch.rand_like(given) * 2 - 1) * recipe.noise
        loss = self.loss_of(self, target.output, target.embed(batch.ids[:, 1:]), noisy, wanted,
                            teacher(target, wanted), recipe.token_weight)
        loss.backward()
        return loss.item()

    def predict(self, target, batch, depths):
        rows, past, logits = batch.ids.shape[1] - 1 - depths, [], []
        features = batch.final[:, :rows]
        for step in range(depths):
            embedded = target.embed(batch.ids[:, 1 + step:][:, :rows])
            features = self.step(embedded, features, *positions(rows, depths, self.config, embedded)[step], past)
            logits.append(target.logits(features))
        return logits

    def scaled(self, tensors, factor: float) -> dict[str, torch.Tensor]:
        """The tensors with fc's columns for embeddings multiplied."""
        return tensors | {"fc.weight": scale_columns(tensors["fc.weight"], 0, self.config.hidden_size, factor)}

    def tensors(self):
        return self.scaled(self.state_dict(), self.gain)

    def restore(self, tensors):
        self.load_state_dict(self.scaled(tensors, 1 / self.gain))

    def config_json(self):
        return self.config.to_json() | {"architectures": ["LlamaForCausalLMEagle"], "bias": False,
                                        "tie_target_embeddings": True}
