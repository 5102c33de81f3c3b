train_dataloader = dict(dataset=dict(type='CocoDataset', metainfo=dict(classes=('face',))))
