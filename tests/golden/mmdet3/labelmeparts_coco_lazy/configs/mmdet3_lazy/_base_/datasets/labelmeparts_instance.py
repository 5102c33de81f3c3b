# LabelmeParts: where its data are and how they are loaded (mmdetection 3.x, lazy style).
# Made by dataforge; yours to edit.
from mmcv.transforms import LoadImageFromFile
from mmdet.datasets import AspectRatioBatchSampler
from mmdet.datasets.transforms import LoadAnnotations, PackDetInputs, RandomFlip, Resize
from mmengine.dataset import DefaultSampler

from labelmeparts_dataset.mmdet3 import LabelmePartsDataset, LabelmePartsMetric

data_root = '/data/coco'
train_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=LoadAnnotations, with_bbox=True, with_mask=True),
    dict(type=Resize, scale=(1333, 800), keep_ratio=True),
    dict(type=RandomFlip, prob=0.5),
    dict(type=PackDetInputs)
]
test_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=Resize, scale=(1333, 800), keep_ratio=True),
    # After Resize: the evaluation takes boxes in the image's own pixels.
    dict(type=LoadAnnotations, with_bbox=True, with_mask=True),
    dict(
        type=PackDetInputs,
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,  # False where num_workers=0
    sampler=dict(type=DefaultSampler, shuffle=True),
    batch_sampler=dict(type=AspectRatioBatchSampler),
    dataset=dict(
        type=LabelmePartsDataset,
        data_root=data_root,
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='images'),
        # Nothing is left out: images in which nothing is marked are negatives.
        filter_cfg=dict(filter_empty_gt=False, min_size=0),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False),
    dataset=dict(
        type=LabelmePartsDataset,
        data_root=data_root,
        ann_file='annotations/instances_val.json',
        data_prefix=dict(img='images'),
        test_mode=True,
        pipeline=test_pipeline))
val_evaluator = dict(
    type=LabelmePartsMetric,
    ann_file='/data/coco/annotations/instances_val.json',
    metric=['bbox', 'segm'])
test_dataloader = val_dataloader
test_evaluator = val_evaluator
