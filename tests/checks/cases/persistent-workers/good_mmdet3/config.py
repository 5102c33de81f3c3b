_base_ = ['./base.py']
train_dataloader = dict(num_workers=0, persistent_workers=False)
