_base_ = ['./base.py']
model = dict(backbone=dict(init_cfg=None, frozen_stages=-1))
data = dict(train=dict(type='CocoDataset'))
