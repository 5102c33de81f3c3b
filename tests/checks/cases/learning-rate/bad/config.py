_base_ = ['./base.py']
model = dict(type='FasterRCNN')
data = dict(samples_per_gpu=2)
