_base_ = ['./base.py']
model = dict(type='FasterRCNN')
data = dict(samples_per_gpu=2)
optimizer = dict(lr=0.02 * 2 / 16)
