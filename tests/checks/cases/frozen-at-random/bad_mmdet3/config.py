_base_ = ['./base.py']
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=50, frozen_stages=0))
train_dataloader = dict(dataset=dict(type='CocoDataset'))
