"""AdamW for what is no matrix inside a block, and for those matrices steps of momentum with all singular values made equal."""
import torch


def orthogonal(x, steps=5):
    """x [N, rows <= columns]: nearly U V^T of x's singular vectors, by a quintic Newton-Schulz iteration in bf16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * square @ square) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum (K. Jordan et al., 2024), its step as large as AdamW's usual one (0.2 by root mean square).

    A matrix with three times as many rows as columns is three (query, key, value).
    """

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.1):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for p in group["params"]:
                kept = self.state[p].setdefault("momentum", torch.zeros_like(p))
                kept.lerp_(p.grad, 1 - group["momentum"])
                move = p.grad.lerp(kept, group["momentum"])
                parts = move.chunk(3) if len(p) == 3 * p.shape[1] else (move,)
                values = p.chunk(3) if len(p) == 3 * p.shape[1] else (p,)
                for part, value in zip(parts, values):
                    tall = len(part) > part.shape[1]
                    x, into = (part.T, value.T) if tall else (part, value)
                    by_shape.setdefault(x.shape, []).append((x, into))
            for shape, found in by_shape.items():
                moves = orthogonal(torch.stack([x for x, _ in found])).float()
                for (_, into), move in zip(found, moves):
                    into.mul_(1 - group["lr"] * group["weight_decay"]).add_(move, alpha=-0.2 * group["lr"] * max(shape) ** 0.5)


def optimizers(named, lr, matrices):
    """named: (name, parameter) of everything trained; matrices: what a name contains whose parameter is a block's matrix."""
    of_blocks = [p for n, p in named if p.ndim == 2 and matrices in n]
    chosen = {id(p) for p in of_blocks}
    decay = [p for _, p in named if p.ndim > 1 and id(p) not in chosen]
    rest = [p for _, p in named if p.ndim <= 1]
    adamw = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=lr, betas=(0.9, 0.98), fused=True)
    return [adamw] + ([Muon(of_blocks, lr)] if of_blocks else [])
