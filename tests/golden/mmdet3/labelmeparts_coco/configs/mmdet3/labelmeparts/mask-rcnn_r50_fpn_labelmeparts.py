# mask-rcnn_r50_fpn on LabelmeParts (mmdetection 3.x). Made by dataforge; yours to edit.
_base_ = [
    # mmdet's own, wherever it is installed ('mmdet::' would need a setuptools older than 82).
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/models/mask-rcnn_r50_fpn.py",
    '../_base_/datasets/labelmeparts_instance.py',
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/schedules/schedule_1x.py",
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/default_runtime.py",
]

custom_imports = dict(
    imports=['labelmeparts_dataset.mmdet3', 'labelmeparts_dataset.mmdet3_validation_loss'],
    allow_failed_imports=False)

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
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=3,
        dataset={{_base_.train_dataloader.dataset}}))
# 0.02 is for 8 GPUs x 2 images; here it is 4 x 2.
optim_wrapper = dict(optimizer=dict(lr=0.01))
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=8)
# schedule_1x does not fit: an epoch has 15 steps; 12 epochs would be 180 steps, so there are 72,
# evaluated and saved every 6; warm-up takes 108 steps, not 500; the log has a line every 7 steps,
# not 50.
train_cfg = dict(max_epochs=72, val_interval=6)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=108),
    dict(type='MultiStepLR', begin=0, end=72, by_epoch=True, milestones=[48, 66], gamma=0.1)
]
log_processor = dict(window_size=7)
default_hooks = dict(
    logger=dict(interval=7),
    checkpoint=dict(interval=6, save_best='coco/bbox_mAP', rule='greater'))
custom_hooks = [
    # Stops a run whose heads have another number of classes than the dataset.
    dict(type='NumClassCheckHook'),
    # After each epoch the losses on the validation set too, for the curves of `dataforge plot`.
    dict(
        type='LabelmePartsValidationLoss',
        dataloader={{_base_.val_dataloader}},
        pipeline={{_base_.train_pipeline}})
]
