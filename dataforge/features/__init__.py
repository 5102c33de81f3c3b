"""Features of a model: what its layers return, for distillation, for plots and for arrays.

    from dataforge.features import capture

    with capture(model, "neck", "backbone.layer4") as features:
        model(images)
    features["backbone.layer4"]   # a tensor (N, 2048, H / 32, W / 32) of a ResNet-50
    features["neck"]              # a tuple of them, one for each level, at strides 4 to 64

`capture` needs torch alone, and works with any model: of mmdetection 2 and 3, torchvision, your
own. `save_features` is the command `dataforge features`.
"""

from __future__ import annotations

from dataforge.features.hooking import capture
from dataforge.features.saving import FeaturesReport, SavedMap, save_features

__all__ = ["FeaturesReport", "SavedMap", "capture", "save_features"]
