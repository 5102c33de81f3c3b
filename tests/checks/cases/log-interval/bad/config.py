data = dict(
    samples_per_gpu=2,
    train=dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='CocoDataset', ann_file='bad/train.json')))
log_config = dict(interval=6)
