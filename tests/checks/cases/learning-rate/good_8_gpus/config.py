model = dict(type='FasterRCNN')
data = dict(samples_per_gpu=2)
optimizer = dict(type='SGD', lr=0.02)
auto_scale_lr = dict(enable=False, base_batch_size=16)
