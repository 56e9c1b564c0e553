"""Parts of a network that fine-tuning leaves as they are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

from wattcast.errors import ConfigError, nearest
from wattcast.model.ensemble import Ensemble


@dataclass(frozen=True)
class Frozen:
    """The names of the frozen parameters, how many of the encoder's layers they are, and how many weights learn."""

    names: tuple[str, ...]
    layers: int
    learning: int


@contextmanager
def frozen(network: Ensemble, layers: int, patterns: Sequence[str] = ()) -> Iterator[Frozen]:
    """Freeze the first encoder layers, and parameters by name, for as long as the block lasts.

    What is frozen needs no gradient, so that the optimizer does not hold it; afterwards everything learns again.

    Args:
        network: the same is frozen in each of its members.
        layers: how many encoder layers; all of them if it has fewer.
        patterns: shell patterns of a member's parameter names such as `embed_past.*` or `encoder.layers.0.*`.

    Raises:
        ConfigError: a pattern that matches no parameter, or nothing is left that could learn.
    """
    parameters = dict(network.named_parameters())
    own = {name: name.split(".", 2)[2] for name in parameters}             # without "members.0."
    count = min(layers, network.config.n_layers)
    wanted = [*(f"encoder.layers.{number}.*" for number in range(count)), *patterns]
    names = [name for name in parameters if any(fnmatchcase(own[name], pattern) for pattern in wanted)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in own.values()):
            close = nearest(pattern, own.values())
            raise ConfigError(f"finetune.freeze: {pattern!r} is no parameter of the network",
                              found=", ".join(sorted({name.split(".")[0] for name in own.values()})),
                              expected="shell patterns of names such as embed_past.* or encoder.layers.0.*",
                              hint=f"did you mean {close!r}?" if close else "'head.*' would freeze the head")
    learning = sum(value.numel() for name, value in parameters.items() if name not in names)
    if not learning:
        raise ConfigError("finetune.freeze leaves nothing that could learn", found=", ".join(patterns),
                          hint="freeze less")
    for name in names:
        parameters[name].requires_grad_(False)
    try:
        yield Frozen(tuple(names), count, learning)
    finally:
        for name in names:
            parameters[name].requires_grad_(True)
