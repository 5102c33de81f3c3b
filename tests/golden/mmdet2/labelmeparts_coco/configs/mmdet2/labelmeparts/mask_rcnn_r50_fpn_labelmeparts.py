# mask_rcnn_r50_fpn on LabelmeParts (mmdetection 2.x). Made by dataforge; yours to edit.
import os.path as osp

import mmdet

_base_ = [
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/models/mask_rcnn_r50_fpn.py'),
    '../_base_/datasets/labelmeparts_instance.py',
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/schedules/schedule_1x.py'),
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/default_runtime.py'),
]

model = dict(
    # From scratch: GroupNorm in place of a frozen BatchNorm that nothing has trained.
    backbone=dict(
        frozen_stages=-1,
        norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        norm_eval=False,
        init_cfg=None),
    roi_head=dict(
        bbox_head=dict(num_classes=3),
        mask_head=dict(num_classes=3)))

# An epoch goes 3 times through the training set that the dataset's file describes.
data = dict(
    samples_per_gpu=2,
    train=dict(
        _delete_=True,
        type='RepeatDataset',
        times=3,
        dataset={{_base_.data.train}}),
    val=dict(filter_empty_gt=False))
# After each epoch the losses on the validation set too, for the curves of `dataforge plot`.
workflow = [('train', 1), ('val', 1)]
# 0.02 is for 8 GPUs x 2 images; here it is 4 x 2.
optimizer = dict(lr=0.01)
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=8)
# schedule_1x does not fit: an epoch has 15 steps; 12 epochs would be 180 steps, so there are 72,
# evaluated and saved every 6; warm-up takes 108 steps, not 500; the log has a line every 7 steps,
# not 50.
runner = dict(max_epochs=72)
evaluation = dict(interval=6)
checkpoint_config = dict(interval=6)
lr_config = dict(warmup_iters=108, step=[48, 66])
log_config = dict(interval=7)
