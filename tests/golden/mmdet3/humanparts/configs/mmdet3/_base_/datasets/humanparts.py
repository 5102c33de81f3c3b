# HumanParts: where its data are and how they are loaded (mmdetection 3.x).
# Made by dataforge; yours to edit. Takes the place of configs/_base_/datasets/coco_detection.py.
custom_imports = dict(imports=['humanparts_dataset.mmdet3'], allow_failed_imports=False)
dataset_type = 'HumanPartsDataset'
data_root = '/data/HumanParts'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    # After Resize: the evaluation takes boxes in the image's own pixels.
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,  # False where num_workers=0
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/privpersonpart_train.txt',
        data_prefix=dict(sub_data_root=''),
        img_subdir='Images',
        ann_subdir='Annotations',
        # Nothing is left out: images in which nothing is marked are negatives.
        filter_cfg=dict(filter_empty_gt=False, min_size=0),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/privpersonpart_val.txt',
        data_prefix=dict(sub_data_root=''),
        img_subdir='Images',
        ann_subdir='Annotations',
        test_mode=True,
        pipeline=test_pipeline))
val_evaluator = dict(type='VOCMetric', metric='mAP', eval_mode='area')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
