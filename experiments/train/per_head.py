"""Multi-token heads trained one after the other, so that one head's logits exist at a time.

Logits of V columns are what such training stores most of. The gradient of a sum of losses is the sum of
their gradients, so each head runs forward and backward by itself and adds its share to the gradient of
the hidden states; the trunk below runs backward once, from that sum (Gloeckle et al. 2024, section 2).
"""

import torch


def backward_one_by_one(hidden: torch.Tensor, losses) -> list[float]:
    """Add the gradients of the summed losses, each a function of `hidden`; returns the losses' values."""
    cut = hidden.detach().requires_grad_(hidden.requires_grad)
    values = []
    for loss_of in losses:
        loss = loss_of(cut)
        loss.backward()
        values.append(loss.item())
        del loss
    if hidden.requires_grad:
        hidden.backward(cut.grad)
    return values


def backward_together(hidden: torch.Tensor, losses) -> list[float]:
    """The same gradients with all heads' activations held until one backward pass."""
    each = [loss_of(hidden) for loss_of in losses]
    torch.stack(each).sum().backward()
    return [loss.item() for loss in each]
