train_dataloader = dict(dataset=dict(type='CocoDataset', ann_file='all.json'))
val_dataloader = dict(dataset=dict(type='CocoDataset', ann_file='all.json'))
test_dataloader = val_dataloader
