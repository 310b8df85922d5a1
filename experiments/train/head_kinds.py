"""The kinds of heads that there are, and reading them back from a folder."""

import json
import pathlib

from eagle import Eagle
from eagle3 import Eagle3
from heads import Heads
from hydra import Hydra
from medusa import Medusa

KINDS = {"medusa": Medusa, "hydra": Hydra, "eagle": Eagle, "eagle3": Eagle3}


def kind_of(config: dict) -> str:
    for kind in ("medusa", "hydra"):
        if f"{kind}_num_heads" in config:
            return kind
    return "eagle3" if "draft_vocab_size" in config else "eagle"


def load(folder: pathlib.Path) -> Heads:
    """Read heads of any kind back."""
    config = json.loads((folder / "config.json").read_text())
    return KINDS[kind_of(config)].from_config(config).fill(folder).eval()
