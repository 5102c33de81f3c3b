# faster-rcnn_r101_fpn on HumanParts (mmdetection 3.x). Made by dataforge; yours to edit.
_base_ = [
    # mmdet's own, wherever it is installed ('mmdet::' would need a setuptools older than 82).
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/models/faster-rcnn_r50_fpn.py",
    '../_base_/datasets/humanparts.py',
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/schedules/schedule_1x.py",
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/default_runtime.py",
]

model = dict(
    # ResNet-101
    backbone=dict(
        depth=101,
        frozen_stages=2,
        init_cfg=dict(checkpoint='torchvision://resnet101')),
    neck=dict(start_level=1, add_extra_convs='on_input'),
    rpn_head=dict(anchor_generator=dict(strides=[8, 16, 32, 64, 128])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[8, 16, 32], finest_scale=112),
        bbox_head=dict(num_classes=3)))

train_dataloader = dict(batch_size=2)
# 0.02 is for 8 GPUs x 2 images; here it is 1 x 2.
optim_wrapper = dict(optimizer=dict(lr=0.0025))
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=2)
default_hooks = dict(checkpoint=dict(save_best='pascal_voc/mAP', rule='greater'))
# Stops a run whose heads have another number of classes than the dataset.
custom_hooks = [dict(type='NumClassCheckHook')]
