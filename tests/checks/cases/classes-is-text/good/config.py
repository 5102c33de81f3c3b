data = dict(train=dict(type='CocoDataset', classes=('face',)))
