"""DetNet for mmdetection 2.x. Made by dataforge; yours to edit.

detnet.py has the network; here it gets mmdetection's weights and its names there.
"""
from mmcv.runner import CheckpointLoader
from mmdet.models.builder import BACKBONES, NECKS

from .detnet import DetNet, DetNetFPN


@BACKBONES.register_module()
class HumanPartsDetNet(DetNet):
    """init_cfg: None for random weights, or dict(type='Pretrained', checkpoint=...)."""

    def __init__(self, init_cfg=None, **kwargs):
        super().__init__(**kwargs)
        self.init_cfg = init_cfg

    def init_weights(self):
        """Load what fits, by names and shapes; all else keeps its random weights."""
        if self.init_cfg is None:
            return
        checkpoint = self.init_cfg['checkpoint']
        weights = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
        if not self.load_resnet(weights.get('state_dict', weights)):
            raise ValueError(f'{checkpoint}: no weights in it fit DetNet')


@NECKS.register_module()
class HumanPartsDetNetFPN(DetNetFPN):
    """Registered as it is."""
