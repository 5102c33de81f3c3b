"""The losses on the validation set, after each epoch. Made by dataforge; yours to edit.

mmdetection 2 computes them with workflow = [('train', 1), ('val', 1)], which mmdetection 3 has not.
"""
import copy

import torch
from mmdet.registry import HOOKS
from mmengine.dist import all_reduce_dict
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper


@HOOKS.register_module()
class LabelmePartsValidationLoss(Hook):
    """Logs the mean losses as val/loss, val/loss_bbox ... in scalars.json.

    Args:
        dataloader (dict): that of the validation set.
        pipeline (list): that of the training images, which scales the boxes as the images.
        interval (int): epochs.
    """

    def __init__(self, dataloader, pipeline, interval=1):
        self.dataloader = copy.deepcopy(dataloader)
        self.dataloader['dataset']['pipeline'] = pipeline
        self.interval = interval

    def before_train(self, runner):
        self.dataloader = runner.build_dataloader(self.dataloader, seed=runner.seed)

    def after_train_epoch(self, runner):
        if not self.every_n_epochs(runner, self.interval):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.eval()
        sums = {}
        with torch.no_grad():
            for data in self.dataloader:
                losses = model(**model.data_preprocessor(data, training=True), mode='loss')
                for name, value in model.parse_losses(losses)[1].items():
                    sums[name] = sums.get(name, 0) + value
        model.train()
        means = {f'val/{name}': value / len(self.dataloader) for name, value in sums.items()}
        all_reduce_dict(means, op='mean')  # of all GPUs
        means = {name: value.item() for name, value in means.items()}
        epoch = runner.epoch + 1
        runner.logger.info(f'Epoch(val) [{epoch}]  ' + '  '.join(
            f'{name}: {value:.4f}' for name, value in means.items()))
        runner.visualizer.add_scalars(means, step=epoch, file_path=f'{runner.timestamp}.json')
