metainfo = dict(classes=('cat', 'dog'))
train_dataloader = dict(dataset=dict(type='CocoDataset', metainfo=metainfo))
val_dataloader = dict(dataset=dict(type='CocoDataset', metainfo=metainfo))
