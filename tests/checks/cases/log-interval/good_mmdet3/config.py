train_dataloader = dict(
    batch_size=2, dataset=dict(type='CocoDataset', ann_file='good_mmdet3/train.json'))
default_hooks = dict(logger=dict(type='LoggerHook', interval=50))
