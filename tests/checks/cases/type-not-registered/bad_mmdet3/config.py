custom_imports = dict(imports=['bad_mmdet3.pets_dataset'], allow_failed_imports=False)
train_dataloader = dict(dataset=dict(type='PetDataset'))
