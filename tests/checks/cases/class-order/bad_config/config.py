data = dict(
    train=dict(
        type='CocoDataset', classes=('cat', 'dog'), data_root='bad_config', ann_file='train.json'))
