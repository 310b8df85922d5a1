"""EAGLE-3 (Li et al. 2025, arXiv:2503.01840): one layer over fused features, trained on its own outputs.

Row t starts from fc of the target's residual streams after 2, L/2 and L-3 layers at position t. The layer reads
that state and the embedding of token t + 1, both normed, and adds to the state; the un-normed sum is the next
step's state, and its norm and the layer's own output matrix predict token t + 2. That matrix knows the
most frequent tokens only: token d of the draft is d + d2t[d] of the target, t2d marks which the draft has.
"""

import dataclasses

import torch
from torch import nn

import llama
from chain import ChainAttention, positions
from heads import Heads
from losses import divergence, log_probabilities


class Midlayer(nn.Module):
    def __init__(self, c: llama.Config):
        super().__init__()
        self.self_attn = ChainAttention(c, 2 * c.hidden_size)
        self.mlp = llama.Mlp(c)
        self.hidden_norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.input_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)

    def forward(self, embedded, state, cos, sin, past: list):
        x = torch.cat([self.input_layernorm(embedded), self.hidden_norm(state)], -1)
        state = state + self.self_attn(x, cos, sin, past)
        return state + self.mlp(self.post_attention_layernorm(state))


def unrolled_loss(eagle, fused, embedded, log_p, counts, decay: float):
    """Weighted mean over the steps of nats per token on the draft's vocabulary.

    fused [B, T, 3h]; embedded, log_p and counts hold one [B, T, h], [B, T, draft V] and [B, T] per step.
    """
    total, weights = 0.0, 0.0
    with torch.autocast(fused.device.type, torch.bfloat16):
        for step, logits in enumerate(eagle.chain(fused, embedded)):
            nats = divergence(logits, log_p[step])
            total = total + decay ** step * (nats * counts[step]).sum() / counts[step].sum().clamp(min=1)
            weights += decay ** step
    return total / weights


class Eagle3(Heads):
    options = ("unroll", "decay")

    def __init__(self, config: llama.Config, draft_vocab_size: int):
        super().__init__()
        self.config = config
        self.fc = nn.Linear(3 * config.hidden_size, config.hidden_size, bias=False)
        self.midlayer = Midlayer(config)
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, draft_vocab_size, bias=False)
        self.register_buffer("d2t", torch.zeros(draft_vocab_size, dtype=torch.int64))
        self.register_buffer("t2d", torch.zeros(config.vocab_size, dtype=torch.bool))
        llama.initialise(self)
        self.loss_of = unrolled_loss

    @classmethod
    def make(cls, target, recipe, frequency):
        width, size = recipe.intermediate or target.config.intermediate_size, min(recipe.draft_vocab, len(frequency))
        eagle = cls(dataclasses.replace(target.config, num_hidden_layers=1, intermediate_size=width), size)
        kept = torch.from_numpy((-frequency).argsort(kind="stable")[:size].copy()).sort().values
        eagle.d2t.copy_(kept - torch.arange(size))
        eagle.t2d[kept] = True
        eagle.lm_head.weight.data.copy_(target.output[kept.to(target.output.device)])
        return eagle

    @classmethod
    def from_config(cls, config):
        return cls(llama.config_of(config), config["draft_vocab_size"])

    def kept(self) -> torch.Tensor:
        """The target's ids of the draft's tokens."""
        return torch.arange(len(self.d2t), device=self.d2t.device) + self.d2t

    def chain(self, fused, embedded: list):
        """Logits [B, T, draft V] of one step after the other, given the tokens' embeddings of every step."""
        state, past = self.fc(fused.to(embedded[0])).to(embedded[0]), []
        for x, (cos, sin) in zip(embedded, positions(fused.shape[1], len(embedded), self.config, embedded[0])):
            state = self.midlayer(x, state, cos, sin, past)
            yield self.lm_head(self.norm(state))

    def teach(self, target, final):
        """The target's log-probabilities [B, T, draft V] among the draft's tokens, and whether its first is one."""
        with torch.no_grad(), torch.autocast(final.device.type, torch.bfloat16):
            logits = target.logits(final)
            return log_probabilities(logits[..., self.kept()]), self.t2d[logits.argmax(-1)].float()

    def backward(self, target, batch, recipe):
        rows = batch.ids.shape[1] - 1 - recipe.unroll
        log_p, counts = self.teach(target, batch.final)
        shifts = range(1, 1 + recipe.unroll)
        loss = self.loss_of(self, batch.fused[:, :rows], [target.embed(batch.ids[:, s:][:, :rows]) for s in shifts],
                            [log_p[:, s:][:, :rows] for s in shifts], [counts[:, s:][:, :rows] for s in shifts],
                            recipe.decay)
        loss.backward()
        return loss.item()

    def predict(self, target, batch, depths):
        rows = batch.ids.shape[1] - 1 - depths
        embedded = [target.embed(batch.ids[:, s:][:, :rows]) for s in range(1, 1 + depths)]
        return [self.on_target_vocabulary(logits) for logits in self.chain(batch.fused[:, :rows], embedded)]

    def on_target_vocabulary(self, logits):
        """Logits [..., V], minus infinity for what the draft does not know."""
        wide = logits.new_full((*logits.shape[:-1], len(self.t2d)), float("-inf"))
        wide[..., self.kept()] = logits
        return wide

    def config_json(self):
        return self.config.to_json() | {"architectures": ["LlamaForCausalLMEagle3"],
                                        "draft_vocab_size": len(self.d2t), "tie_word_embeddings": False,
                                        "tie_target_embeddings": True}
