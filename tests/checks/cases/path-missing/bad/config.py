_base_ = ['../not_there.py']
data_root = 'bad/'
data = dict(
    train=dict(type='CocoDataset', ann_file=data_root + 'train.json', img_prefix=data_root + 'images'),
    val=dict(type='CocoDataset', data_root=data_root, ann_file='val.json', img_prefix=''),
    test=dict(type='CocoDataset', ann_file=f'{data_root}test.json'))
load_from = 'bad/best.pth'
