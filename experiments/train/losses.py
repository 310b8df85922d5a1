"""How far a student's distribution is from a teacher's and from the text."""

import torch.nn.functional as F


def divergence(logits, teacher):
    """KL(teacher || student) [...] in nats of logits [..., V] and the teacher's log-probabilities [..., V]."""
    return (teacher.exp() * (teacher - logits.float().log_softmax(-1))).sum(-1)


def distillation(logits, teacher, labels, ce_weight: float):
    """Nats per token: (1 - ce_weight) * KL(teacher || student) + ce_weight * cross-entropy.

    logits [N, V] are the student's, teacher [N, V] log-probabilities (None: cross-entropy alone), labels [N].
    """
    loss = F.cross_entropy(logits.float(), labels)
    if teacher is None:
        return loss
    return (1 - ce_weight) * divergence(logits, teacher).mean() + ce_weight * loss


def log_probabilities(logits):
    """Log-probabilities [..., V] in float32."""
    return logits.float().log_softmax(-1)
