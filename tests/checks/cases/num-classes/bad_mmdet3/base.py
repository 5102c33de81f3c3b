model = dict(type='RetinaNet', bbox_head=dict(type='RetinaHead', num_classes=3))
