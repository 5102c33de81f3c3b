data = dict(
    train=dict(
        type='CocoDataset', classes=('cat', 'dog'), data_root='bad', ann_file='train.json'))
