# cascade_rcnn_res2net50_26w_6s_fpn on LabelmeParts (mmdetection 2.x). Made by dataforge; yours to edit.
import os.path as osp

import mmdet

_base_ = [
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/models/cascade_rcnn_r50_fpn.py'),
    '../_base_/datasets/labelmeparts.py',
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/schedules/schedule_1x.py'),
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/default_runtime.py'),
]

# mmdetection does not have this network: it stands in python/labelmeparts_dataset/.
custom_imports = dict(
    imports=['labelmeparts_dataset.mmdet2', 'labelmeparts_dataset.mmdet2_res2net'],
    allow_failed_imports=False)

model = dict(
    # Res2Net-50, 6 scales of width 26, 7x7 stem as first published
    # From scratch: GroupNorm in place of a frozen BatchNorm that nothing has trained.
    backbone=dict(
        _delete_=True,
        type='LabelmePartsPlainRes2Net',
        depth=50,
        scales=6,
        base_width=26,
        out_indices=(0, 1, 2, 3),
        frozen_stages=-1,
        norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        norm_eval=False,
        init_cfg=None),
    neck=dict(out_channels=128, start_level=1, add_extra_convs='on_input'),
    rpn_head=dict(in_channels=128, anchor_generator=dict(strides=[8, 16, 32, 64, 128])),
    # A list in a base cannot be changed item by item: all three stages stand here.
    roi_head=dict(
        bbox_roi_extractor=dict(
            out_channels=128,
            featmap_strides=[8, 16, 32],
            finest_scale=112),
        bbox_head=[
            dict(
                type='Shared2FCBBoxHead',
                in_channels=128,
                fc_out_channels=1024,
                roi_feat_size=7,
                num_classes=3,
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder',
                    target_means=[0., 0., 0., 0.],
                    target_stds=stds),
                reg_class_agnostic=True,
                loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
                loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0))
            for stds in ([0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1], [0.033, 0.033, 0.067, 0.067])
        ]))

data = dict(samples_per_gpu=2)
# 0.02 is for 8 GPUs x 2 images; here it is 1 x 2.
optimizer = dict(lr=0.0025)
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=2)
# schedule_1x does not fit: an epoch has 20 steps; 12 epochs would be 240 steps, so there are 60,
# evaluated and saved every 5; warm-up takes 120 steps, not 500; the log has a line every 10 steps,
# not 50.
runner = dict(max_epochs=60)
evaluation = dict(interval=5)
checkpoint_config = dict(interval=5)
lr_config = dict(warmup_iters=120, step=[40, 55])
log_config = dict(interval=10)
