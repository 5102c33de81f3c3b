data = dict(train=dict(type='CocoDataset', classes=('cat', ), ann_file='bad/train.json'))
