train_dataloader = dict(num_workers=2, persistent_workers=True, dataset=dict(type='CocoDataset'))
val_dataloader = dict(num_workers=2, persistent_workers=True, dataset=dict(type='CocoDataset'))
test_dataloader = val_dataloader
