_base_ = ['./base.py']
train_dataloader = dict(num_workers=0, prefetch_factor=4)
val_dataloader = dict(num_workers=0, persistent_workers=False)
