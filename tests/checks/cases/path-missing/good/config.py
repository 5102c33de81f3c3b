_base_ = './base.py'
data = dict(
    train=dict(type='CocoDataset', data_root='good', ann_file='train.json', img_prefix=''),
    val=dict(type='CocoDataset', ann_file='s3://bucket/val.json'))
load_from = 'https://example.org/best.pth'
