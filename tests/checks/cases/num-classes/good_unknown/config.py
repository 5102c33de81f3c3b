import os.path as osp

import no_such_package_here

_base_ = [osp.join(osp.dirname(no_such_package_here.__file__), 'base.py')]
classes = no_such_package_here.names()
model = dict(bbox_head=dict(num_classes=7))
data = dict(train=dict(type='CocoDataset', classes=classes), val=dict(type='CocoDataset'))
