model = dict(
    roi_head=dict(
        bbox_head=dict(type='Shared2FCBBoxHead', num_classes=80),
        semantic_head=dict(type='SCNetSemanticHead', num_classes=183)))
data = dict(train=dict(type='CocoDataset', ann_file='train.json'))
