_base_ = ['./base.py']
model = dict(pretrained='torchvision://resnet50', backbone=dict(init_cfg=None))
data = dict(train=dict(type='CocoDataset'))
