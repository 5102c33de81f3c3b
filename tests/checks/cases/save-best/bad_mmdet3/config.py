train_dataloader = dict(dataset=dict(type='VOCDataset'))
val_evaluator = dict(type='VOCMetric', metric='mAP')
default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='coco/bbox_mAP'))
