
model = dict(
    type='CascadeRCNN',
    rpn_head=dict(type='RPNHead', num_classes=1),
    roi_head=dict(bbox_head=[
        dict(type='Shared2FCBBoxHead', num_classes=80),
        dict(type='Shared2FCBBoxHead', num_classes=80),
    ]))
