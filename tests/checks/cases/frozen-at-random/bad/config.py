_base_ = ['./base.py']
model = dict(backbone=dict(init_cfg=None))
data = dict(train=dict(type='CocoDataset'))
