model = dict(type='FasterRCNN')
data = dict(samples_per_gpu=2)
optimizer = dict(type='AdamW', lr=0.0001)
