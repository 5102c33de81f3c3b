_base_ = './base.py'
classes = ('cat', 'dog')
number = len(classes)
model = dict(
    roi_head=dict(bbox_head=[
        dict(type='Shared2FCBBoxHead', num_classes=number),
        dict(type='Shared2FCBBoxHead', num_classes=2),
    ]))
data = dict(
    train=dict(type='RepeatDataset', times=3, dataset=dict(type='CocoDataset', classes=classes)))
