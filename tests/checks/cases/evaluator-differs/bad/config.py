train_dataloader = dict(dataset=dict(type='CocoDataset', data_root='mine', ann_file='train.json'))
val_dataloader = dict(dataset=dict(type='CocoDataset', data_root='mine', ann_file='val.json'))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file='data/coco/annotations/instances_val2017.json')
test_evaluator = dict(type='CocoMetric', ann_file='val.json')
