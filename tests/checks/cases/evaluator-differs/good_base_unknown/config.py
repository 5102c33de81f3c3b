_base_ = './not_here'
val_dataloader = dict(dataset=dict(ann_file='val.json'))
val_evaluator = dict(type='CocoMetric', ann_file='mine/val.json')
