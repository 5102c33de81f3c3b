# LabelmeParts: where its data are and how they are loaded (mmdetection 2.x).
# Made by dataforge; yours to edit. Takes the place of configs/_base_/datasets/coco_instance.py.
custom_imports = dict(imports=['labelmeparts_dataset.mmdet2'], allow_failed_imports=False)
dataset_type = 'LabelmePartsDataset'
data_root = '/data/coco'
img_norm_cfg = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', img_scale=(1333, 800), keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='Pad', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        img_scale=(1333, 800),
        flip=False,
        transforms=[
            dict(type='Resize', keep_ratio=True),
            dict(type='RandomFlip'),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='Pad', size_divisor=32),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img']),
        ])
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    # Images in which nothing is marked are negatives, and they count: filter_empty_gt=False.
    train=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/instances_train.json',
        img_prefix='images',
        filter_empty_gt=False,
        pipeline=train_pipeline),
    val=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/instances_val.json',
        img_prefix='images',
        pipeline=test_pipeline),
    test=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/instances_val.json',
        img_prefix='images',
        pipeline=test_pipeline))
evaluation = dict(interval=1, metric=['bbox', 'segm'], save_best='bbox_mAP')
