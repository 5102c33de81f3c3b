# mask-rcnn_detnet59_fpn on LabelmeParts (mmdetection 3.x). Made by dataforge; yours to edit.
_base_ = [
    # mmdet's own, wherever it is installed ('mmdet::' would need a setuptools older than 82).
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/models/mask-rcnn_r50_fpn.py",
    '../_base_/datasets/labelmeparts_instance.py',
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/schedules/schedule_1x.py",
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/default_runtime.py",
]

# mmdetection does not have this network: it stands in python/labelmeparts_dataset/.
custom_imports = dict(
    imports=['labelmeparts_dataset.mmdet3', 'labelmeparts_dataset.mmdet3_detnet'],
    allow_failed_imports=False)

model = dict(
    # DetNet-59: ResNet-50 up to stage 4, then two dilated stages at stride 16
    backbone=dict(
        _delete_=True,
        type='LabelmePartsDetNet',
        depth=59,
        out_indices=(0, 1, 2, 3, 4),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        new_norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(
        type='LabelmePartsDetNetFPN',
        in_channels=[256, 512, 1024, 1024, 1024],
        out_channels=256,
        num_outs=5,
        strides=[4, 8, 16, 16, 16]),
    # Levels of one stride differ in the sizes of their anchors.
    rpn_head=dict(
        anchor_generator=dict(strides=[4, 8, 16, 16, 16], base_sizes=[4, 8, 16, 32, 64])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[4, 8, 16, 16]),
        bbox_head=dict(num_classes=3),
        mask_roi_extractor=dict(featmap_strides=[4, 8, 16, 16]),
        mask_head=dict(num_classes=3)))

train_dataloader = dict(batch_size=2)
# 0.02 is for 8 GPUs x 2 images; here it is 1 x 2.
optim_wrapper = dict(optimizer=dict(lr=0.0025))
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=2)
# schedule_1x does not fit: an epoch has 20 steps; 12 epochs would be 240 steps, so there are 60,
# evaluated and saved every 5; warm-up takes 120 steps, not 500; the log has a line every 10 steps,
# not 50.
train_cfg = dict(max_epochs=60, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=120),
    dict(type='MultiStepLR', begin=0, end=60, by_epoch=True, milestones=[40, 55], gamma=0.1)
]
log_processor = dict(window_size=10)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=5, save_best='coco/bbox_mAP', rule='greater'))
# Stops a run whose heads have another number of classes than the dataset.
custom_hooks = [dict(type='NumClassCheckHook')]
