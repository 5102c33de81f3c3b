"""A data loader without its loop, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Unknown

_PARTS = {
    "train": ("train_dataloader", "train_cfg", "optim_wrapper"),
    "val": ("val_dataloader", "val_cfg", "val_evaluator"),
    "test": ("test_dataloader", "test_cfg", "test_evaluator"),
}


class Check(base.Check):
    """Looks at what mmengine's Runner requires together."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        needed = (config.get("model"), config.get("train_dataloader"), config.get("train_cfg"))
        is_whole = all(isinstance(value, dict) for value in needed)  # not for `_base_` alone
        if config.generation != 3 or not config.is_complete:
            return
        for parts in _PARTS.values():
            values = {name: config.get(name) for name in parts}
            there = [name for name in parts if values[name] is not None]
            absent = [name for name in parts if values[name] is None]
            if any(isinstance(value, Unknown) for value in values.values()):
                continue
            named = [name for name in absent if name in config.values]
            if there and absent and (named or is_whole):
                yield self.finding(
                    Place(file.name, there[0]),
                    f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} set, but "
                    f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not",
                    "set all of them, or all to None",
                )
