train_dataloader = dict(
    dataset=dict(
        type='CocoDataset', metainfo=dict(classes=('cat', )), ann_file='good_mmdet3/train.json'))
