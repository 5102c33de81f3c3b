data = dict(
    train=dict(
        type='CocoDataset', classes=('cat', 'dog'), data_root='good', ann_file='train.json'))
