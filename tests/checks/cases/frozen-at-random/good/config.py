_base_ = ['./base.py']
model = dict(backbone=dict(init_cfg=None, frozen_stages=-1, norm_eval=False))
data = dict(train=dict(type='CocoDataset'))
