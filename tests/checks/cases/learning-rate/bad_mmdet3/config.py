model = dict(type='RetinaNet')
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    type='OptimWrapper', accumulative_counts=2, optimizer=dict(type='SGD', lr=0.0001))
