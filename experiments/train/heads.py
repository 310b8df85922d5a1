"""What the kinds of heads have in common: a batch's gradients, teacher-forced predictions, files.

Shapes: B sequences, T positions, h hidden size, V vocabulary, D depths. Depth d (from 0) of a draft made
at position t, whose hidden state is known, predicts token t + 2 + d: the target itself has given t + 1.
"""

import json
import pathlib

import torch
from safetensors.torch import load_file
from torch import nn

import llama
from cache_features import Features
from losses import log_probabilities
from target import Target


class Heads(nn.Module):
    """Trained heads of one kind."""

    file = "model.safetensors"
    options: tuple[str, ...] = ()        # fields of the recipe that the loss reads
    loss_of = None                       # the function that training compiles

    def compile_losses(self) -> None:
        self.loss_of = torch.compile(self.loss_of)

    @classmethod
    def make(cls, target: Target, recipe, frequency) -> "Heads":
        """Untrained heads; frequency [V] counts each token in the training text."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: dict) -> "Heads":
        raise NotImplementedError

    def backward(self, target: Target, batch: Features, recipe) -> float:
        """Add the gradients of one batch; returns its loss."""
        raise NotImplementedError

    def predict(self, target: Target, batch: Features, depths: int) -> list[torch.Tensor]:
        """Logits [B, T - 1 - depths, V] of each depth, row t drafting at position t along the text itself."""
        raise NotImplementedError

    def config_json(self) -> dict:
        raise NotImplementedError

    def tensors(self) -> dict[str, torch.Tensor]:
        """Tensors under their public names."""
        return self.state_dict()

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        self.load_state_dict(tensors)

    def fill(self, folder: pathlib.Path) -> "Heads":
        """Take the tensors of a folder, widened to float32."""
        tensors = load_file(folder / self.file)
        self.restore({n: t.float() if t.is_floating_point() else t for n, t in tensors.items()})
        return self

    def save(self, folder: pathlib.Path, base: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        llama.write_weights(self.tensors(), folder / self.file)
        config = self.config_json() | {"base_model_name_or_path": base, "torch_dtype": "bfloat16"}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def teacher(target: Target, final: torch.Tensor) -> torch.Tensor:
    """The target's log-probabilities [B, T, V] of the token after each position."""
    with torch.no_grad(), torch.autocast(final.device.type, torch.bfloat16):
        return log_probabilities(target.logits(final))


def embedding_gain(target: Target) -> float:
    """What brings the embedding to unit size, so that a matrix over states and embeddings learns both at one rate.

    Heads multiply embeddings by it while they learn and their weights by it when they are saved.
    """
    return float(target.embedding.float().square().mean().rsqrt())


def scale_columns(matrix: torch.Tensor, first: int, last: int | None, factor: float) -> torch.Tensor:
    """A copy of a matrix with columns first..last-1 multiplied."""
    scaled = matrix.clone()
    scaled[:, first:last] *= factor
    return scaled
