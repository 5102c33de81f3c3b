_base_ = ['./base.py']
load_from = 'faster_rcnn.pth'
model = dict(backbone=dict(init_cfg=None))
train_dataloader = dict(dataset=dict(type='CocoDataset'))
