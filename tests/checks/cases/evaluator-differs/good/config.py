train_dataloader = dict(dataset=dict(type='CocoDataset', data_root='mine', ann_file='train.json'))
val_dataloader = dict(dataset=dict(type='CocoDataset', data_root='mine', ann_file='val.json'))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file='mine/val.json')
test_evaluator = dict(type='CocoMetric', ann_file='./mine/val.json')
