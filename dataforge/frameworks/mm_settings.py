"""``--set`` for mmdetection: which arguments each part of a detector has, and their values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from dataforge.errors import UsageError, did_you_mean
from dataforge.frameworks.settings import is_plain
from dataforge.mmconfig import MODELS
from dataforge.models import Network, source_text

_FOLLOWS = {
    "backbone": {
        **dict.fromkeys(("depth", "scales", "base_width", "type"), "--backbone"),
        **dict.fromkeys(("init_cfg", "pretrained"), "--pretrained and --weights"),
        **dict.fromkeys(
            ("base_channels", "in_channels", "num_stages", "stem_channels"), "the network"
        ),
    },
    "neck": {
        "in_channels": "the backbone",
        "init_cfg": "the neck itself",
        "strides": "the backbone",
        "type": "--backbone",
    },
    "anchor_generator": {"strides": "the neck", "type": "--base"},
}
"""Part -> its arguments that cannot be set, and what they follow from."""

_FIXED = {"Res2Net": dict.fromkeys(("avg_down", "deep_stem", "style"), "the network")}
"""The same for single classes: mmdetection's Res2Net takes these and ignores them."""


def check_settings(settings: Mapping[str, Any], network: Network) -> dict[str, dict[str, Any]]:
    """Part -> argument -> value.

    Raises:
        UsageError: there is no such part or argument, or a value is not of its kind.
    """
    found: dict[str, dict[str, Any]] = {part: {} for part in _FOLLOWS}
    for key, value in settings.items():
        part, _, argument = key.partition(".")
        if part not in found:
            raise UsageError(f"--set {key}: the parts are {', '.join(found)}")
        class_name = _class_name(part, network)
        follows = {**_FOLLOWS[part], **_FIXED.get(class_name, {})}
        accepted = _accepted(class_name, network) - follows.keys()
        if argument in follows:
            raise UsageError(f"--set {key}: follows from {follows[argument]}")
        if argument not in accepted:
            hint = did_you_mean(argument, accepted)
            names = ", ".join(sorted(accepted))
            raise UsageError(
                f"--set {key}: {class_name} has no such argument; "
                f"{f'{hint} ' if hint else ''}it has {names}"
            )
        kind, fits = _KINDS.get(argument, ("a plain value", is_plain))
        if not fits(value) or not is_plain(value):
            raise UsageError(f"--set {key}={value}: must be {kind}")
        found[part][argument] = value
    return found


def _class_name(part: str, network: Network) -> str:
    if part == "backbone":
        return str((network.mmdet or {})["type"])
    return network.neck if part == "neck" else "AnchorGenerator"


def _accepted(name: str, network: Network) -> frozenset[str]:
    """The arguments of a class, mmdetection's or the network's own."""
    return MODELS[name].names if name in MODELS else _arguments(network.source, name)


def _arguments(module: str, name: str) -> frozenset[str]:
    """The arguments of a class of `dataforge.models`, from its source: torch is not imported."""
    tree = ast.parse(source_text(module))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    (made,) = (
        node
        for class_ in classes
        for node in class_.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    return frozenset(arg.arg for arg in made.args.args[1:])


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _are(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return (
        lambda value: isinstance(value, list | tuple) and len(value) > 0 and all(map(fits, value))
    )


def _is_config(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("type"), str))


_WORDS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "int": ("a whole number", _is_int, "frozen_stages start_level end_level"),
    "size": (
        "a whole number above 0",
        lambda value: _is_int(value) and value > 0,
        "num_outs out_channels scales_per_octave",
    ),
    "number": ("a number above 0", _is_number, "octave_base_scale"),
    "bool": (
        "True or False",
        lambda value: isinstance(value, bool),
        "avg_down deep_stem no_norm_on_lateral norm_eval relu_before_extra_convs scale_major "
        "with_cp zero_init_residual",
    ),
    "numbers": ("a list of numbers above 0", _are(_is_number), "scales ratios base_sizes"),
    "ints": (
        "a list of whole numbers",
        _are(lambda value: _is_int(value) and value >= 0),
        "out_indices strides dilations",
    ),
    "config": (
        "a dict with a type, or None",
        _is_config,
        "act_cfg conv_cfg dcn new_norm_cfg norm_cfg",
    ),
    "extra": (
        "True, False, on_input, on_lateral or on_output",
        lambda value: isinstance(value, bool) or value in ("on_input", "on_lateral", "on_output"),
        "add_extra_convs",
    ),
    "style": ("pytorch or caffe", lambda value: value in ("pytorch", "caffe"), "style"),
}

_KINDS = {name: (kind, fits) for kind, fits, names in _WORDS.values() for name in names.split()}
"""Argument -> what it must be, in words, and whether a value is."""
