# mask-rcnn_r50_fpn on LabelmeParts (mmdetection 3.x). Made by dataforge; yours to edit.
_base_ = [
    # mmdet's own, wherever it is installed ('mmdet::' would need a setuptools older than 82).
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/models/mask-rcnn_r50_fpn.py",
    '../_base_/datasets/labelmeparts_instance.py',
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/schedules/schedule_1x.py",
    f"{__import__('mmdet').__path__[0]}/.mim/configs/_base_/default_runtime.py",
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
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
# Stops a run whose heads have another number of classes than the dataset.
custom_hooks = [dict(type='NumClassCheckHook')]
