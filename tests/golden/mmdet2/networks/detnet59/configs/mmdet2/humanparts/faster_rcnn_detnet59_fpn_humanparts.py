# faster_rcnn_detnet59_fpn on HumanParts (mmdetection 2.x). Made by dataforge; yours to edit.
import os.path as osp

import mmdet

_base_ = [
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/models/faster_rcnn_r50_fpn.py'),
    '../_base_/datasets/humanparts.py',
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/schedules/schedule_1x.py'),
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/default_runtime.py'),
]

# mmdetection does not have this network: it stands in python/humanparts_dataset/.
custom_imports = dict(
    imports=['humanparts_dataset.mmdet2', 'humanparts_dataset.mmdet2_detnet'],
    allow_failed_imports=False)

model = dict(
    # DetNet-59: ResNet-50 up to stage 4, then two dilated stages at stride 16
    backbone=dict(
        _delete_=True,
        type='HumanPartsDetNet',
        depth=59,
        out_indices=(0, 1, 2, 3, 4),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        new_norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(
        type='HumanPartsDetNetFPN',
        in_channels=[256, 512, 1024, 1024, 1024],
        out_channels=256,
        num_outs=5,
        strides=[4, 8, 16, 16, 16]),
    # Levels of one stride differ in the sizes of their anchors.
    rpn_head=dict(
        anchor_generator=dict(strides=[4, 8, 16, 16, 16], base_sizes=[4, 8, 16, 32, 64])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[4, 8, 16, 16]),
        bbox_head=dict(num_classes=3)))

data = dict(samples_per_gpu=2)
# 0.02 is for 8 GPUs x 2 images; here it is 1 x 2.
optimizer = dict(lr=0.0025)
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=2)
