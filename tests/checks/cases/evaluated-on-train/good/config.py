data_root = 'data/'
data = dict(
    train=dict(
        type='RepeatDataset',
        times=3,
        dataset=dict(type='CocoDataset', data_root=data_root, ann_file='train.json')),
    val=dict(type='CocoDataset', ann_file='data/val.json'),
    test=dict(type='CocoDataset', data_root=data_root, ann_file='test.json'))
