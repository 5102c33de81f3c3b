optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
auto_scale_lr = dict(enable=False, base_batch_size=16)
