train_dataloader = dict(
    dataset=dict(
        type='mmdet.CocoDataset',
        metainfo=dict(classes=('cat', 'dog')),
        ann_file='bad_mmdet3/train.json'))
