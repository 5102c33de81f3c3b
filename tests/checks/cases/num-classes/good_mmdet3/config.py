_base_ = ['./base.py']
train_dataloader = dict(
    dataset=dict(
        type='ConcatDataset',
        datasets=[dict(type='CocoDataset', metainfo=dict(classes=('a', 'b', 'c')))]))
