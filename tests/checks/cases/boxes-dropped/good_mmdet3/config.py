_base_ = 'voc.py'
train_dataloader = dict(
    dataset=dict(dataset=dict(filter_cfg=dict(_delete_=True, filter_empty_gt=False))))
