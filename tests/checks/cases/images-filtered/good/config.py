data = dict(
    train=dict(
        type='CocoDataset', classes=('cat', ), ann_file='good/train.json', filter_empty_gt=False))
