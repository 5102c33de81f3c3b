train_dataloader = dict(dataset=dict(type='CocoDataset', metainfo=dict(classes=('cat', ))))
val_dataloader = dict(dataset=dict(type='CocoDataset'))
