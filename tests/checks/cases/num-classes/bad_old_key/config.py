model = dict(roi_head=dict(bbox_head=dict(type='Shared2FCBBoxHead', num_classes=2)))
train_dataloader = dict(
    dataset=dict(type='CocoDataset', metainfo=dict(CLASSES=('cat', 'dog')), ann_file='train.json'))
