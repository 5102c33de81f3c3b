# faster_rcnn_r50_fpn on HumanParts (mmdetection 2.x). Made by dataforge; yours to edit.
import os.path as osp

import mmdet

_base_ = [
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/models/faster_rcnn_r50_fpn.py'),
    '../_base_/datasets/humanparts.py',
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/schedules/schedule_1x.py'),
    osp.join(osp.dirname(mmdet.__file__), '.mim/configs/_base_/default_runtime.py'),
]

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=3)))

data = dict(samples_per_gpu=2)
# 0.02 is for 8 GPUs x 2 images; here it is 1 x 2.
optimizer = dict(lr=0.0025)
# What train.py --auto-scale-lr would scale from.
auto_scale_lr = dict(enable=False, base_batch_size=2)
